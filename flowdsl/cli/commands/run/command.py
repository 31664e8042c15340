"""`flowdsl run`: run a deployed workflow or chain with values that are checked before they are
sent.
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flowdsl.config.address import Address, workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.cyberdesk.models.run import FileInput, RunBulkCreate, RunCreate
from flowdsl.deploy.outcome import Stop
from flowdsl.deploy.ownership.identity import check_api_base
from flowdsl.deploy.resources.policy import fingerprint, normalise
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.host import signals
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import chain_body, chain_steps
from flowdsl.runs.inputs.assemble import (
    RunValues,
    Sources,
    assemble,
    assemble_rows,
    check_given,
    missing_secrets,
)
from flowdsl.runs.inputs.declared import Declared, declared_by
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.problems import InputsRefused, Problem
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.names import source_named
from flowdsl.runs.submit import Bulk, Chain, One, Request
from flowdsl.state.document import StateDocument

from ...runtime import exit_codes, http_log
from ...runtime.clients import open_client
from ...runtime.console import Console
from ...runtime.engine.deployment import (
    EXIT_CODES,
    Deployment,
    compile_sources,
    open_deployment,
)
from ...runtime.engine.options import add_environment
from ...runtime.engine.questions import is_interactive
from ...runtime.failure import CommandError, UsageError
from ...runtime.interrupts import Interrupts
from ...runtime.runs.follow import Following, failure_of
from ...runtime.runs.options import (
    add_answer_option,
    add_input_options,
    add_target_options,
    add_watch_options,
    ask_secret,
    read_inputs,
    read_secrets,
    read_uploads,
)
from ...runtime.runs.place import check_session, find_place, no_such
from ...runtime.time_limit import TimeLimit
from ..state.access import find_document
from .pauses import Pausing

MAX_BULK = 1000
"""Runs that one request makes (contract)."""

MAX_COUNT = 10_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="WORKFLOW|CHAIN", help="what is run, by its name in source")
    add_environment(parser)
    add_input_options(parser)
    add_answer_option(parser)
    add_target_options(parser, resume=True)
    parser.add_argument(
        "--start-session", action="store_true", help="begin a session, which keeps the machine"
    )
    parser.add_argument(
        "--release-session", action="store_true", help="free the session's machine after the run"
    )
    parser.add_argument(
        "--alias", metavar="NAME", help="the name of the run for later ones of its session"
    )
    parser.add_argument(
        "--count", type=_count, default=1, metavar="N", help="so many runs of the same inputs"
    )
    parser.add_argument(
        "--watch", action="store_true", help="wait for the end, and exit as the runs ended"
    )
    add_watch_options(parser)
    http_log.configure(parser)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_COUNT):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to {MAX_COUNT}")
    return int(text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check, create, and with `--watch` wait for the end; outputs go to standard output."""
    deployment = open_deployment(arguments.env, console)
    program, bundle = compile_sources(deployment, console)
    source = _source(program, arguments.name)
    try:
        plan = _Plan(arguments, source, program, console)
    except InputsRefused as refused:
        raise _inputs_refused(refused) from None
    document = find_document(deployment)
    ids = _deployed(plan.workflows, document, deployment)
    for artifact in bundle.workflows:
        if artifact.name in plan.workflows:
            assert document is not None
            _warn_of_other_inputs(artifact.name, artifact.payload, document, console)
    environment = deployment.environment
    following = Following(
        arguments,
        console,
        kind="run",
        name=source.name,
        about={"environment": environment.name, plan.declared.kind: source.name},
    )
    interrupts = Interrupts(lambda: following.writing, following.say, TimeLimit(arguments.timeout))
    listener = http_log.listener(arguments, console)
    with (
        signals.Ending(following.interrupted),
        open_client(environment, deployment.target.root, interrupts.limit, listener) as client,
    ):
        try:
            work = _carried_out(client, plan, ids, following, interrupts)
            _answered(partial(interrupts.run, work, following.out_of_time), environment.name)
        except BaseException as failure:
            following.broken_off(failure)
            raise
        code = following.finished()
        return interrupts.exit_code if interrupts.received() else code


async def _carried_out(
    client: CyberdeskClient,
    plan: _Plan,
    ids: Mapping[str, str],
    following: Following,
    interrupts: Interrupts,
) -> None:
    async with client:
        where, machine_parameters = await find_place(client, plan.arguments)
        if plan.pausing is not None:
            begun = await plan.pausing.begun(client, ids)
            values, files = plan.chain_values(begun)
            if away := machine_parameters.away():
                following.say(f"warning: {away}")
            await plan.pausing.carry_out(
                client,
                begun,
                values,
                ids,
                where,
                machine_parameters,
                files,
                following,
                interrupts,
            )
            return
        requests, notes = plan.requests(ids, where, machine_parameters)
        if away := machine_parameters.away():
            following.say(f"warning: {away}")
        for note in dict.fromkeys(notes):
            following.say(f"note: {note}")
        runs = await following.make(client, requests, interrupts)
        if plan.arguments.watch and runs and not interrupts.received():
            await following.watch(client, runs, interrupts.limit.left)


class _Plan:
    """What is asked for, read from the options and checked as far as that goes without the
    service.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        source: nodes.Workflow | nodes.Chain,
        program: nodes.Program,
        console: Console,
    ) -> None:
        self.arguments, self._source, self._console = arguments, source, console
        self.declared = declared_by(source)
        names = (
            [step.workflow for step in source.steps]
            if isinstance(source, nodes.Chain)
            else [source.name]
        )
        self.workflows: dict[str, Declared] = {
            each.name: declared_by(each) for each in program.workflows if each.name in names
        }
        given, self._rows = read_inputs(arguments)
        self._refuse_options()
        self.pausing = (
            Pausing(arguments, source, self.workflows, console)
            if isinstance(source, nodes.Chain) and source.pauses
            else None
        )
        secrets = () if not arguments.secret else read_secrets(arguments.secret, console)
        self._sources = Sources(
            given=given,
            secrets=secrets,
            uploads=read_uploads(arguments),
            references=arguments.session is not None and not isinstance(source, nodes.Chain),
        )
        check_given(self.declared, self._sources, self._rows)
        if not (arguments.machine or arguments.pool or arguments.resume):
            # Nobody is asked what a machine supplies, so that everything is known by now.
            self._values(self._sources)

    def _refuse_options(self) -> None:
        arguments, source = self.arguments, self._source
        is_chain = isinstance(source, nodes.Chain)
        if self._rows and arguments.count > 1:
            raise UsageError("`--count` and a file with a run in each row cannot be combined")
        if arguments.start_session and arguments.session is not None:
            raise UsageError("`--start-session` and `--session` cannot be combined")
        many = arguments.count > 1 or len(self._rows) > 1
        if many and (arguments.alias is not None or arguments.release_session):
            raise UsageError("`--alias` and `--release-session` are for one run")
        if is_chain:
            for option in ("alias", "start_session", "release_session"):
                if getattr(arguments, option):
                    shown = option.replace("_", "-")
                    raise UsageError(f"`--{shown}` is not for a chain, which has its own session")
        pauses = isinstance(source, nodes.Chain) and bool(source.pauses)
        if pauses and many:
            raise UsageError(
                f"chain `{source.name}` pauses for answers, so that it is started once: without "
                "`--count` and without rows"
            )
        if is_chain and many and arguments.session is not None:
            raise UsageError("each start of a chain has a session of its own: without `--session`")
        for option in ("answer", "resume"):
            if getattr(arguments, option) and not pauses:
                raise UsageError(
                    f"`--{option}` is for a chain that pauses, and `{source.name}` does not"
                )
        if arguments.resume is not None:
            check_session("resume", arguments.resume)
        if arguments.output is not None and not arguments.watch:
            raise UsageError("`--output` needs `--watch`: there are no outputs before the end")

    def _values(self, sources: Sources) -> tuple[RunValues, ...]:
        """The values of each run; asks a person for secrets that are missing. Raises
        `InputsRefused`.
        """
        missing = missing_secrets(self.declared, sources)
        if missing and is_interactive():
            asked = tuple(ask_secret(spec.name, self._console) for spec in missing)
            self._sources = replace(self._sources, secrets=(*self._sources.secrets, *asked))
            sources = replace(sources, secrets=self._sources.secrets)
        if self._rows:
            return assemble_rows(self.declared, sources, self._rows)
        return (assemble(self.declared, sources),)

    def requests(
        self,
        ids: Mapping[str, str],
        where: Mapping[str, Any],
        machine_parameters: MachineParameters,
    ) -> tuple[list[tuple[Request, str]], list[str]]:
        """What to send, each with its row, and notes for people; raises `InputsRefused`."""
        sources = replace(self._sources, machine_parameters=machine_parameters)
        source = self._source
        if isinstance(source, nodes.Chain):
            return self._chain(
                source,
                replace(sources, machine_parameters=MachineParameters()),
                ids,
                where,
                machine_parameters,
            )
        every = self._values(sources)
        shared: dict[str, Any] = {**where, "workflow_id": ids[source.name]}
        if self.arguments.priority:
            shared["is_priority"] = True
        if self.arguments.start_session:
            shared["start_session"] = True
        if files := self._files(sources):
            shared["file_inputs"] = files
        notes = [note for values in every for note in values.notes]
        if self.arguments.count > 1:
            (values,) = every
            return self._bulk(shared, values), notes
        if self.arguments.alias is not None:
            shared["session_alias"] = self.arguments.alias
        if self.arguments.release_session:
            shared["release_session_after"] = True
        return [(One(RunCreate(**shared, **_fields(each))), each.place) for each in every], notes

    def chain_values(self, begun: Sequence[object]) -> tuple[RunValues, list[FileInput]]:
        """The values of a chain that pauses, as far as the parts that have not `begun` need them,
        and its files; raises `InputsRefused`.
        """
        assert self.pausing is not None
        self.declared = self.pausing.needed(self.declared, begun)
        (values,) = self._values(replace(self._sources, machine_parameters=MachineParameters()))
        return values, self._files(self._sources)

    def _bulk(self, shared: Mapping[str, Any], values: RunValues) -> list[tuple[Request, str]]:
        left, found = self.arguments.count, list[tuple[Request, str]]()
        while left:
            count = min(left, MAX_BULK)
            body = RunBulkCreate(**shared, **_fields(values), count=count)
            found.append((Bulk(body), ""))
            left -= count
        return found

    def _chain(
        self,
        chain: nodes.Chain,
        sources: Sources,
        ids: Mapping[str, str],
        where: Mapping[str, Any],
        machine_parameters: MachineParameters,
    ) -> tuple[list[tuple[Request, str]], list[str]]:
        """One request for each start of a chain."""
        more: dict[str, Any] = dict(where)
        if self.arguments.priority:
            more["is_priority"] = True
        if files := self._files(sources):
            more["shared_file_inputs"] = files
        found: list[tuple[Request, str]] = []
        notes: list[str] = []
        problems: list[Problem] = []
        for values in self._values(sources):
            try:
                steps, of_steps = chain_steps(
                    chain, chain.steps, values, self.workflows, ids, machine_parameters
                )
            except InputsRefused as refused:
                problems += (each.inside(values.place) for each in refused.problems)
                continue
            notes += (*values.notes, *of_steps)
            found.append((Chain(chain_body(chain, steps, more)), values.place))
        if problems:
            raise InputsRefused(problems)
        return found * self.arguments.count, notes

    def _files(self, sources: Sources) -> list[FileInput]:
        return [
            FileInput(
                filename=each.filename,
                content=base64.b64encode(each.content).decode(),
                target_path=each.path,
                cleanup_imports_after_run=each.is_temporary,
            )
            for each in sources.uploads
        ]


def _fields(values: RunValues) -> dict[str, Any]:
    """The fields of a request that hold values; none where there are none."""
    found: dict[str, Any] = {}
    if values.inputs:
        found["input_values"] = values.inputs
    if values.secrets:
        found["sensitive_input_values"] = values.secrets
    return found


def _source(program: nodes.Program, word: str) -> nodes.Workflow | nodes.Chain:
    """The workflow or chain that a word means; raises `CommandError`."""
    workflows = {each.name: each for each in program.workflows}
    chains = {each.name: each for each in program.chains}
    try:
        kind, name = source_named(word, workflows, chains)
    except NoSuchName as none:
        raise no_such(none) from None
    return chains[name] if kind == "chain" else workflows[name]


def _deployed(
    names: Sequence[str] | Mapping[str, object],
    document: StateDocument | None,
    deployment: Deployment,
) -> dict[str, str]:
    """The ids of workflows by their names in source; raises `CommandError` where one is not
    deployed.
    """
    environment = deployment.environment.name
    known: Mapping[Address, str] = {}
    if document is not None:
        known = document.workflow_ids()
        try:
            check_api_base(deployment.deploy_target(), document)
        except Stop as stop:
            raise CommandError(stop.messages[0], EXIT_CODES[stop.status]) from None
    missing = [name for name in names if workflow_address(name) not in known]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise CommandError(
            f"{shown} {verb} not deployed to `{environment}`; `flowdsl deploy --env {environment}` "
            "deploys what the sources say",
            exit_codes.CONFLICT,
        )
    return {name: known[workflow_address(name)] for name in names}


def _warn_of_other_inputs(
    name: str, payload: Mapping[str, Any], document: StateDocument, console: Console
) -> None:
    """Say that values are checked by inputs that are not those of the deployed workflow."""
    field = "input_schema"
    applied = document.workflows()[workflow_address(name)].applied.get(field)
    if applied is None or field not in payload:
        return
    if applied != fingerprint(normalise(POLICIES[field], payload[field])):
        console.err(
            f"warning: the inputs of `{name}` in the sources are not those that are deployed; "
            "deploy first, or run from the commit that was deployed"
        )


def _inputs_refused(refused: InputsRefused) -> CommandError:
    first, *further = refused.lines()
    return CommandError(first, exit_codes.USAGE, *further)


def _answered(work: Callable[[], None], environment: str) -> None:
    """Do `work`; raises `CommandError` for every failure that is expected of it."""
    try:
        work()
    except InputsRefused as refused:
        raise _inputs_refused(refused) from None
    except NoSuchName as none:
        raise no_such(none) from None
    except NotFound as gone:
        raise CommandError(
            f"{gone}; what state names may have been deleted, or belong to another organisation: "
            f"`flowdsl plan --env {environment}` shows it",
            exit_codes.CONFLICT,
        ) from None
    except CyberdeskError as error:
        raise failure_of(error) from None
