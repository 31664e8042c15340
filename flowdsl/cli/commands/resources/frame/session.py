"""The session of a command of this package: environment, client, and deployed workflows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.addressing import NoSuchAddress, address_in
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.disk import find_root
from flowdsl.runs import filters
from flowdsl.runs.names import NoSuchName, by_name
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import ResourceState

from ....runtime.command_line.options import add_options, nothing_written
from ....runtime.console import CommandError, Console
from ....runtime.engine.deployment import Deployment, open_deployment, use_service
from ....runtime.exit_codes import PARTIAL, UNKNOWN_OUTCOME
from ....runtime.interrupts import Interrupts
from ....runtime.target import environment_without_project
from ...state.access import find_document

T = TypeVar("T")


def configure_common(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "--env --json --timeout --verbose")


def parse_filter_moment(text: str) -> str:
    """Parse a day or a time like `runs.filters.normalise_moment`; raises `ArgumentTypeError`."""
    try:
        return filters.normalise_moment(text)
    except NoSuchName:
        raise argparse.ArgumentTypeError(
            f"`{make_printable(text)}` is not a day such as `2026-11-01` or a time such as "
            "`2026-11-01T09:30:00Z`"
        ) from None


class ResourceSession:
    """A running command, with the `client` of `environment`.

    `deployment` is None outside of any project. `written` counts the completed writes. After a
    signal or at the deadline, the current write is completed, and no further one is started.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        console: Console,
        environment: str,
        deployment: Deployment | None,
    ) -> None:
        self.arguments = arguments
        self.console = console
        self.environment = environment
        self.deployment = deployment
        self.client: CyberdeskClient
        self.interrupts = Interrupts(lambda: self._writing, console.err, arguments.timeout)
        self.written = 0
        self._writing = False
        self._deployed: Mapping[Address, ResourceState] | None = None

    def out_of_time(self) -> CommandError | None:
        """The failure of the command at its deadline; None once it writes."""
        return None if self._writing else nothing_written()

    async def write(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Send a request that changes something, and return the reply.

        Raises `CommandError` instead of sending it if a signal arrived or the deadline has passed.
        """
        if self._writing and self.interrupts.reason():
            raise CommandError(
                f"stopped after {format_count(self.written, 'change')}", self.interrupts.exit_code
            )
        self._writing = True
        reply = await request()
        self.written += 1
        return reply

    def deployed(self) -> Mapping[Address, ResourceState]:
        """The deployed workflows according to state; raises `FlowdslError`."""
        if self._deployed is None:
            document = None if self.deployment is None else find_document(self.deployment)
            known = {} if document is None else document.resources
            self._deployed = {at: each for at, each in known.items() if at.kind == WORKFLOW}
        return self._deployed

    def addresses(self) -> Mapping[str, Address]:
        """The addresses of workflows by their ids, for messages; empty if state cannot be read."""
        try:
            return {each.id: address for address, each in self.deployed().items()}
        except FlowdslError as failure:
            self.console.err(
                f"note: names of workflows are missing: {make_printable(str(failure))}"
            )
            self._deployed = {}
            return {}

    async def find_workflow(self, word: str) -> str:
        """Resolve a workflow from its id, its address, its name in the flows, or its title.

        Raises `NoSuchName`, and `CommandError` if state cannot be read.
        """
        if is_uuid(word):
            return word.lower()
        deployed = self.deployed()
        try:
            return deployed[address_in(word, deployed, f"the state of `{self.environment}`")].id
        except NoSuchAddress as none:
            rows = await self.client.workflows.list_all(search=word)
            if self.deployment is not None and not any(row.name == word for row in rows):
                raise NoSuchName(str(none)) from None
            return by_name(rows, word, "workflow", lambda row: row.name, lambda row: row.id).id


def carry_out(
    arguments: argparse.Namespace,
    console: Console,
    work: Callable[[ResourceSession], Awaitable[T]],
    *,
    need_flows: bool = False,
    need_project: bool = False,
) -> tuple[str, T]:
    """Run `work`; return the name of the environment and the result.

    Raises `CommandError` if something may have been written before a failure. Work that only reads
    from the service needs no project.
    """
    deployment = None
    if need_flows or need_project or find_root(os.curdir) is not None:
        deployment = open_deployment(arguments.env, console, need_flows=need_flows)
        environment, root = deployment.environment, deployment.target.root
    else:
        environment, root = environment_without_project(arguments.env), os.curdir
    session = ResourceSession(arguments, console, environment.name, deployment)

    async def run(client: CyberdeskClient) -> T:
        session.client = client
        return await work(session)

    try:
        return environment.name, use_service(
            arguments,
            console,
            environment,
            root,
            run,
            interrupts=session.interrupts,
            over=session.out_of_time,
        )
    except CyberdeskError as error:
        if not (error.outcome_unknown or session.written):
            raise
        code = UNKNOWN_OUTCOME if error.outcome_unknown else PARTIAL
        raise CommandError(str(error), code) from None
