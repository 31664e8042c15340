"""The environment that a command of the deploy engine works on.

Finds its project and its state, creates jobs of the engine for it, and opens the client of its
service, within the time limit of the command.
"""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import Address, workflow_address
from flowdsl.config.positions import locate_keys
from flowdsl.config.project import EMBEDDED, Environment, Project
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import Deadline
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.job import Job, JobOptions, Ui
from flowdsl.deploy.target import DeployTarget, key_sources, target_of
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.disk import PROJECT_FILE, DiskFiles
from flowdsl.host.environment import in_ci, read_api_key
from flowdsl.host.git import Checkout, NoCheckout, checkout_at
from flowdsl.source.files import NotedFiles
from flowdsl.source.record import Record
from flowdsl.state.document import DeployedSource
from flowdsl.state.errors import WrongAddress
from flowdsl.state.stores import StateStore
from flowdsl.workspace import state
from flowdsl.workspace.service import open_service
from flowdsl.workspace.state import api_base_of, require_project_id, system_runtime

from .. import exit_codes
from ..command_line.options import IS_OVER, TimeLimit, nothing_written, request_listener
from ..console import CommandError, Console
from ..interrupts import Interrupts, run
from ..places import ShownFrom, no_project
from ..target import CommandTarget, compile_target, open_flows, open_project, require_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.compiler.pipeline import Compilation
    from flowdsl.emulator.scenario import Scenario

SOURCES = "the sources of this project"
"""Where the addresses of workflows come from, for a message."""

NOTHING = Bundle((), (), {})
"""The bundle of a command that does not depend on the sources."""

T = TypeVar("T")


class Deployment(Record):
    """One environment of the project in the working folder.

    - `store`: the store of its state.
    - `checkout`: the repository around the project; None, with the reason in `no_checkout`.
    - `inputs`: the files that were read, once the sources are compiled.
    """

    target: CommandTarget
    project: Project
    project_id: str
    environment: Environment
    store: StateStore
    checkout: Checkout | None
    no_checkout: str
    inputs: set[str]

    @property
    def source(self) -> DeployedSource | None:
        """The commit that is deployed; None outside a repository.

        It is dirty if the working tree differs from it, or if a file that was read is not in it.
        """
        at = self.checkout
        if at is None:
            return None
        dirty = at.dirty or bool(at.find_untracked(set(map(self.target.from_root, self.inputs))))
        return DeployedSource(commit=at.commit, dirty=dirty, committed_at=at.committed_at)

    @property
    def api_base(self) -> str:
        """The address of the service, in the form that state stores."""
        return api_base_of(self.environment)

    def deploy_target(self) -> DeployTarget:
        return target_of(
            self.project,
            self.project_id,
            self.environment,
            api_base=self.api_base,
            secrets=_ModelKeys(self.project, self.target.root),
            no_checkout=self.no_checkout,
        )

    def job(
        self,
        bundle: Bundle,
        client: CyberdeskClient,
        options: JobOptions,
        ui: Ui,
        **more: Any,
    ) -> Job:
        """A job of the engine for this environment; `more` are further fields of it."""
        return Job(
            bundle=bundle,
            target=self.deploy_target(),
            store=self.store,
            client=client,
            options=options,
            ui=ui,
            runtime=system_runtime(),
            source=self.source,
            history=self.checkout,
            **more,
        )

    def ask(
        self,
        arguments: argparse.Namespace,
        console: Console,
        work: Callable[[CyberdeskClient], Awaitable[T]],
        **more: Any,
    ) -> T:
        """Run `work` with the client of the environment; `more` is passed to `use_service`."""
        return use_service(arguments, console, self.environment, self.target.root, work, **more)


class _ModelKeys:
    """The keys of model providers, each read only when its configuration is created."""

    def __init__(self, project: Project, root: str) -> None:
        self._sources = key_sources(project)
        self._root = root

    def __call__(self, address: Address) -> Mapping[str, str]:
        source = self._sources.get(address)
        if source is None:
            return {}
        return {"api_key": read_api_key(source, self._root, os.environ)}


def open_deployment(
    environment: str | None, console: Console, *, need_flows: bool = False
) -> Deployment:
    """Open the environment of a command; with `need_flows`, the project has to have flows.

    The sources are not compiled. Raises `CommandError` for an invalid project or state address.
    """
    target = open_flows() if need_flows else open_project(os.curdir)
    target.require_sound(console)
    if target.project is None:
        raise no_project()
    chosen = require_environment(target.project, environment)
    project_id = require_project_id(target.project)
    store = open_state_of(chosen, target.root, project_id)
    checkout, reason = None, ""
    try:
        checkout = checkout_at(target.root, target.libraries.values())
    except NoCheckout as why:
        reason = str(why)
    inputs = {PROJECT_FILE}
    return Deployment(target, target.project, project_id, chosen, store, checkout, reason, inputs)


def warn_of_file_state(deployment: Deployment, console: Console) -> None:
    """Warn in a CI job about state in a file that is lost with the machine."""
    environment, store = deployment.environment, deployment.store
    if in_ci(os.environ) and environment.api != EMBEDDED and not store.shared:
        console.err(
            f"warning: the state of `{environment.name}` is a file, which is lost with this "
            'machine unless the build keeps it; `state = "s3://..."` or '
            '`state = "git+ref://origin/..."` keeps it for all'
        )


def compile_bundle(deployment: Deployment, console: Console) -> Bundle:
    """Compile the sources for the environment, with the index of a large project.

    Raises `CommandError` after showing the errors.
    """
    target = deployment.target
    compiled = compile_target(target, deployment.environment, by_content=True)
    deployment.inputs.update(compiled.read)
    if compiled.made is None:
        raise _refuse_sources(target, compiled.findings, console)
    return compiled.load(None)


def compile_sources(deployment: Deployment, console: Console) -> Compilation:
    """The sources, compiled for the environment, with program and artifacts.

    Raises as `compile_bundle`.
    """
    from flowdsl.compiler.pipeline import compile_project

    target = deployment.target
    files = NotedFiles(target.files, deployment.inputs)
    compilation = compile_project(files, target.entries, target.options(deployment.environment))
    if compilation.program is None or compilation.bundle is None:
        raise _refuse_sources(target, compilation.analysis.findings, console)
    return compilation


def _refuse_sources(target: CommandTarget, findings: Findings, console: Console) -> CommandError:
    """Show the errors of the sources; returns what to raise about them."""
    target.show(findings.diagnostics, len(findings.paths), console)
    return CommandError("the sources have errors; nothing was written", exit_codes.SOURCE_ERRORS)


def read_plan_addresses(arguments: argparse.Namespace, bundle: Bundle) -> None:
    """Resolve the arguments of `--only` and `--recreate` to addresses; raises `NoSuchAddress`."""
    known = workflow_addresses(bundle)
    for option in ("recreate", "only"):
        words = getattr(arguments, option)
        setattr(arguments, option, [address_in(each, known, SOURCES) for each in words])


def workflow_addresses(bundle: Bundle) -> list[Address]:
    return [workflow_address(item.name) for item in bundle.workflows]


def lease_holder_name() -> str:
    """The name of this process, shown to others that wait for its lease."""
    return f"{socket.gethostname()} (process {os.getpid()})"


def refuse_other_organization(found: object, expected: str | None, environment: str) -> None:
    """Raise `CommandError` if `found` is another organisation than that of the environment.

    Either is None if it is not known.
    """
    if None not in (expected, found) and found != expected:
        raise CommandError(
            f"the API key belongs to the organisation `{make_printable(str(found))}`, and "
            f"`{environment}` is deployed to `{expected}`; use a key of that organisation",
            exit_codes.ACCESS,
        )


def open_state_of(environment: Environment, root: str, project_id: str) -> StateStore:
    """Open the store of an environment; raises `StateError`.

    For an invalid address it raises a `CommandError` with the place in `flowdsl.toml`.
    """
    try:
        return state.open_state_of(environment, root, project_id)
    except WrongAddress as error:
        place = _state_place(root, environment.name)
        raise CommandError(f"{place}: {error}", exit_codes.SOURCE_ERRORS) from None


def _state_place(root: str, environment: str) -> str:
    """The place of an environment's `state`, as `flowdsl.toml:6:9`.

    The line itself is not shown, since it may contain a credential.
    """
    text = DiskFiles(root).read_text(PROJECT_FILE)
    shown, place = (
        ShownFrom(root)(PROJECT_FILE),
        locate_keys(text).get(("env", environment, "state")),
    )
    if place is None:  # the default path is a folder
        return shown
    start = place.value_start
    before = text[:start]
    return f"{shown}:{before.count(chr(10)) + 1}:{start - before.rfind(chr(10))}"


def use_service(
    arguments: argparse.Namespace,
    console: Console,
    environment: Environment,
    root: str,
    work: Callable[[CyberdeskClient], Awaitable[T]],
    *,
    interrupts: Interrupts | None = None,
    over: Callable[[], CommandError | None] = nothing_written,
    scenario: Scenario | None = None,
    limit: TimeLimit | None = None,
) -> T:
    """Run `work` with the client of an environment of the project at `root`.

    A signal or the deadline ends it as `interrupts` and `over` define; without them, `work` must
    not write, and is cancelled. Reads fail at the deadline as long as nothing has been written,
    even under the lease, where nothing else ends the command. `scenario` is for the local
    Cyberdesk, and `limit` takes the place of `--timeout`. Raises the failures of `open_service`
    before any key is sent.
    """
    limit = limit or arguments.timeout
    deadline = Deadline(limit.seconds_for_reads, IS_OVER)
    listener = request_listener(arguments, console)
    with open_service(
        environment, root, deadline=deadline, listener=listener, scenario=scenario
    ) as client:

        async def work_with_client() -> T:
            async with client:
                return await work(client)

        if interrupts is None:
            return run(work_with_client(), limit)
        return interrupts.run(work_with_client(), over)
