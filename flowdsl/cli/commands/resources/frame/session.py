"""What a command of this package works with: the environment, its client, and what is deployed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.config.project import Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.addressing import NoSuchAddress, address_in
from flowdsl.deploy.apply.attempt import status_of
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.host.disk import find_root
from flowdsl.runs import filters
from flowdsl.runs.lookup import NoSuchName, by_name
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.state.document import ResourceState

from ....runtime import http_log
from ....runtime.clients import open_client
from ....runtime.console import Console
from ....runtime.engine.deployment import EXIT_CODES, Deployment, open_deployment
from ....runtime.engine.options import add_environment
from ....runtime.environments import environment_without_project
from ....runtime.exit_codes import PARTIAL, UNKNOWN_OUTCOME, USAGE
from ....runtime.failure import CommandError
from ....runtime.interrupts import Interrupts
from ....runtime.time_limit import TimeLimit, nothing_written
from ...state.access import find_document

T = TypeVar("T")


def configure_common(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every command of this package takes."""
    add_environment(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    http_log.configure(parser)


def moment(text: str) -> str:
    """A day or a time as `runs.filters.moment` has it; raises `ArgumentTypeError`."""
    try:
        return filters.moment(text)
    except NoSuchName:
        raise argparse.ArgumentTypeError(
            f"`{printable(text)}` is not a day such as `2026-11-01` or a time such as "
            "`2026-11-01T09:30:00Z`"
        ) from None


class Session:
    """One command at work. `deployment` is None outside of any project.

    `written` counts the writes that came to their end. A signal, or the end of the time, lets the
    write that is under way finish, and none begins after it.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        console: Console,
        environment: Environment,
        deployment: Deployment | None,
        client: CyberdeskClient,
        limit: TimeLimit,
    ) -> None:
        self.arguments = arguments
        self.console = console
        self.environment = environment.name
        self.deployment = deployment
        self.client = client
        self.interrupts = Interrupts(lambda: self._writing, console.err, limit)
        self.written = 0
        self._writing = False
        self._deployed: Mapping[Address, ResourceState] | None = None

    def out_of_time(self) -> CommandError | None:
        """The failure of the command when its time is over; None once it writes."""
        return None if self._writing else nothing_written()

    async def write(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The reply to a request that changes something.

        Raises `CommandError` instead of sending it where a signal came or the time is over.
        """
        if self._writing and self.interrupts.reason():
            raise CommandError(
                f"stopped after {counted(self.written, 'change')}", self.interrupts.exit_code
            )
        self._writing = True
        reply = await request()
        self.written += 1
        return reply

    def deployed(self) -> Mapping[Address, ResourceState]:
        """The workflows that the environment's state knows; raises `CommandError`."""
        if self._deployed is None:
            document = None if self.deployment is None else find_document(self.deployment)
            known = {} if document is None else document.resources
            self._deployed = {at: each for at, each in known.items() if at.kind == WORKFLOW}
        return self._deployed

    def addresses(self) -> Mapping[str, Address]:
        """The addresses of workflows by their ids, for people; none where state cannot be read."""
        try:
            return {each.id: address for address, each in self.deployed().items()}
        except CommandError as failure:
            self.console.err(f"note: names of workflows are missing: {printable(failure.message)}")
            self._deployed = {}
            return {}

    async def find_workflow(self, word: str) -> str:
        """The id of a workflow by its id, its address, its name in the flows, or its title.

        Raises `NoSuchName`, and `CommandError` where state cannot be read.
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
    work: Callable[[Session], Coroutine[Any, Any, T]],
    *,
    need_flows: bool = False,
    need_project: bool = False,
) -> T:
    """The result of `work`; raises `CommandError` for every failure that is expected.

    What only reads from the service needs no project.
    """
    limit = TimeLimit(arguments.timeout)
    deployment = None
    if need_flows or need_project or find_root(os.curdir) is not None:
        deployment = open_deployment(arguments.env, console, need_flows=need_flows)
        environment, root = deployment.environment, deployment.target.root
    else:
        environment, root = environment_without_project(arguments.env), os.curdir
    told = http_log.listener(arguments, console)
    with open_client(environment, root, limit, told) as client:
        session = Session(arguments, console, environment, deployment, client, limit)

        async def run() -> T:
            async with client:
                return await work(session)

        try:
            return session.interrupts.run(run(), session.out_of_time)
        except NoSuchName as none:
            lines = tuple(map(printable, none.candidates))
            raise CommandError(str(none), USAGE, *lines) from None
        except CyberdeskError as error:
            raise CommandError(str(error), _code_of(error, session)) from None


def _code_of(error: CyberdeskError, session: Session) -> int:
    if error.outcome_unknown:
        return UNKNOWN_OUTCOME
    return PARTIAL if session.written else EXIT_CODES[status_of(error)]
