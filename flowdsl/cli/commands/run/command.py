"""`flowdsl run`: run a deployed workflow or chain with inputs that are checked before sending."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date

from flowdsl.compiler.pipeline import Compilation
from flowdsl.config.project import EMBEDDED
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.ir import nodes
from flowdsl.runs.batches.resuming import Requests
from flowdsl.runs.inputs.assemble import InputSources
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.inputs.today import today_in
from flowdsl.runs.starting.deployed import deployed_ids, has_other_inputs, other_inputs_warning
from flowdsl.runs.starting.parts import ChainParts, PartRequests
from flowdsl.runs.starting.place import find_main_agent
from flowdsl.runs.starting.plan import (
    MAX_COUNT,
    RequestPlan,
    RunOptions,
    named_source,
    workflows_of,
)
from flowdsl.runs.submit import Submission
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.record import Record
from flowdsl.workspace.state import system_runtime, usable_document

from ...runtime.command_line.options import add_options, number_between
from ...runtime.console import Console, UsageError
from ...runtime.engine.deployment import Deployment, compile_sources, open_deployment
from ...runtime.engine.questions import is_interactive
from ...runtime.interrupts import Interrupts
from ...runtime.places import read_scenario
from ...runtime.runs.asking import follow_runs, resolve_run_place
from ...runtime.runs.follow import Following
from ...runtime.runs.options import (
    add_answer_option,
    add_input_options,
    add_session_options,
    add_target_options,
    add_watch_options,
    ask_secret,
    read_inputs,
    read_secrets,
    read_uploads,
)
from .batches import Batches, is_batch
from .pauses import Pausing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "name=WORKFLOW|CHAIN  what is run, by its name in source")
    add_options(parser, "--env")
    add_input_options(parser)
    add_answer_option(parser)
    add_target_options(parser)
    add_session_options(parser)
    goes_on = parser.add_mutually_exclusive_group()
    add_options(
        goes_on,
        """
        --resume ID?
            go on with runs whose command was ended before all were made, or with a chain that waits
            in the session ID
        --anew  start again also what such a command has started
        --no-ledger  do not write down below `.flowdsl` what is started
        """,
        resume={"const": ""},
    )
    add_options(
        parser,
        """
        --model ALIAS  the main agent of these runs alone: an alias, an id or a name
        --count N  so many runs of the same inputs
        --watch  wait for the end, and exit as the runs ended
        """,
        count={"type": number_between(1, MAX_COUNT), "default": 1},
    )
    worlds = parser.add_mutually_exclusive_group()
    add_options(
        worlds,
        """
        --world WORDS
            on the local Cyberdesk: what the test with all these words in its title answers, with
            the inputs of the test where none are given
        --scenario FILE  on the local Cyberdesk: what goes wrong there, and what is answered
        """,
    )
    add_watch_options(parser)
    add_options(parser, "--timeout --verbose")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check and create runs, and with `--watch` wait for them; outputs go to standard output."""
    deployment = open_deployment(arguments.env, console, need_flows=True)
    compilation = compile_sources(deployment, console)
    program, bundle = compilation.program, compilation.bundle
    assert program is not None and bundle is not None, "sources without errors are compiled whole"
    source = named_source(program, arguments.name)
    environment = deployment.environment
    scenario = _local_scenario(arguments, deployment, compilation)
    batches = Batches(arguments, deployment.target.root, environment, source)
    _take_batch(arguments, source, batches)
    today = batches.today(today_in(deployment.project.timezone, system_runtime().now()))
    plan, pausing = _plan_run(arguments, source, program, today, console)
    document = usable_document(deployment.store, environment)
    ids = deployed_ids(plan.workflows, document, environment.name)
    batches.check_deployed(ids, document, today)
    for artifact in bundle.workflows:
        if artifact.name in plan.workflows:
            assert document is not None
            if has_other_inputs(artifact.name, artifact.payload, document):
                console.err(f"warning: {other_inputs_warning(artifact.name)}")
    following = Following(
        arguments,
        console,
        kind="run",
        name=source.name,
        about={"environment": environment.name, plan.declared.kind: source.name},
    )

    start = _RunStart(arguments, plan, pausing, ids, deployment, batches, following)
    gone = (
        "; what state names may have been deleted, or belong to another organisation: "
        f"`flowdsl plan --env {environment.name}` shows it"
    )
    return follow_runs(
        arguments, console, deployment, following, start.carry_out, gone=gone, scenario=scenario
    )


def _take_batch(
    arguments: argparse.Namespace, source: nodes.Workflow | nodes.Chain, batches: Batches
) -> None:
    """Select the batch that `--resume` names, unless it names a session of a chain.

    With a batch selected, `arguments.resume` becomes the session in which a chain that pauses
    continues, None for everything else.
    """
    word = arguments.resume
    if word is None or is_uuid(word):
        return
    pauses = isinstance(source, nodes.Chain) and bool(source.pauses)
    if word and not is_batch(word):
        what = "a session" if pauses else "a batch"
        raise UsageError(f"`--resume {make_printable(word)}` is no id of {what}")
    batches.choose(word)
    arguments.resume = batches.session if pauses else None


def _local_scenario(
    arguments: argparse.Namespace, deployment: Deployment, compilation: Compilation
) -> Scenario | None:
    """The behaviour of the local Cyberdesk, by `--world` or `--scenario`; None without either."""
    option = "world" if arguments.world is not None else "scenario"
    if getattr(arguments, option) is None:
        return None
    environment = deployment.environment
    if environment.api != EMBEDDED:
        raise UsageError(
            f"`--{option}` is for the local Cyberdesk, and `api` of `{environment.name}` is "
            f"`{environment.api}`"
        )
    if option == "world":
        from .worlds import play_test

        return play_test(arguments, deployment, compilation)
    return read_scenario(arguments.scenario)


class _RunStart(Record):
    """A start of runs that is checked as far as possible without the service.

    `pausing` asks for the answers of a chain that pauses; None for everything else.
    """

    arguments: argparse.Namespace
    plan: RequestPlan
    pausing: Pausing | None
    ids: Mapping[str, str]
    deployment: Deployment
    batches: Batches
    following: Following

    async def carry_out(self, client: CyberdeskClient, interrupts: Interrupts) -> None:
        """Send the requests of a plan, and with `--watch` follow the runs.

        A chain that pauses continues part by part in its session, which `--resume` names, or which
        the first part begins. Everything else is one list of requests.
        """
        arguments, plan, pausing, ids = self.arguments, self.plan, self.pausing, self.ids
        batches, following = self.batches, self.following
        where, machine_parameters = await resolve_run_place(client, arguments)
        if away := machine_parameters.away():
            following.say(f"warning: {away}")
        if pausing is not None:

            def requests_of_parts(begun: Sequence[Sequence[Run]]) -> PartRequests:
                return plan.part_requests(pausing.parts, begun, ids, machine_parameters)

            if arguments.resume is not None:
                await batches.take_over(arguments.resume, following)
            else:
                first: Requests = [(requests_of_parts([]).request(0, where), "")]
                if batches.resumed is None:
                    batches.begin(first, following)
                elif not await self._find_session(client, first, interrupts):
                    return
            requests = requests_of_parts(await pausing.begun(client, ids))
            await pausing.carry_out(client, requests, where, following, interrupts)
            return
        if arguments.model is not None:
            target = self.deployment.deploy_target()
            model, remarks = await find_main_agent(client, arguments.model, target)
            for remark in remarks:
                following.say(f"note: {remark}")
            where = {**where, "main_agent_model_id": model}
        rows, notes = plan.requests(ids, where, machine_parameters)
        for note in dict.fromkeys(notes):
            following.say(f"note: {note}")
        before: list[Submission] | None = None
        if batches.resumed is not None:
            before = batches.go_on(rows, following)
            await batches.read_statuses(client, before, following)
        else:
            batches.begin(rows, following)
        runs = await following.make(client, rows, interrupts, before)
        if arguments.watch and runs and not interrupts.received():
            await following.watch(client, runs, interrupts.limit.left)

    async def _find_session(
        self, client: CyberdeskClient, first: Requests, interrupts: Interrupts
    ) -> bool:
        """Find or create the first part of a chain for which it is unknown whether it was created.

        The chain then continues in the session of that part. Returns whether it exists.
        """
        before = self.batches.go_on(first, self.following)
        runs = await self.following.make(client, first, interrupts, before)
        self.arguments.resume = runs[0].session_id if runs else None
        return self.arguments.resume is not None


def _plan_run(
    arguments: argparse.Namespace,
    source: nodes.Workflow | nodes.Chain,
    program: nodes.Program,
    today: date,
    console: Console,
) -> tuple[RequestPlan, Pausing | None]:
    """Read the request from the options, and check it as far as possible without the service.

    Also returns what asks for the answers of a chain that pauses, otherwise None. `today` is the
    day that values are computed for. Raises `InputsRefused` and `UsageError`.
    """
    given, rows = read_inputs(arguments)
    _refuse_options(arguments, source, rows)
    pausing = None
    if isinstance(source, nodes.Chain) and source.pauses:
        pausing = Pausing(arguments, ChainParts(source, workflows_of(program, source)), console)
    secrets = () if not arguments.secret else read_secrets(arguments.secret, console)
    sources = InputSources(
        given=given,
        secrets=secrets,
        uploads=read_uploads(arguments),
        references=arguments.session is not None and not isinstance(source, nodes.Chain),
        today=today,
    )
    wanted = RunOptions(
        count=arguments.count,
        is_priority=arguments.priority,
        starts_session=arguments.start_session,
        releases_session=arguments.release_session,
        alias=arguments.alias,
    )

    def ask(spec: nodes.FieldSpec) -> Given:
        return ask_secret(spec.name, console)

    plan = RequestPlan(program, source, sources, rows, wanted, ask if is_interactive() else None)
    plan.check(is_placed=bool(arguments.machine or arguments.pool or arguments.resume))
    return plan, pausing


def _refuse_options(
    arguments: argparse.Namespace, source: nodes.Workflow | nodes.Chain, rows: Sequence[InputRow]
) -> None:
    """Raise `UsageError` for options that cannot be combined, or do not fit what is run."""
    is_chain = isinstance(source, nodes.Chain)
    if rows and arguments.count > 1:
        raise UsageError("`--count` and a file with a run in each row cannot be combined")
    if arguments.start_session and arguments.session is not None:
        raise UsageError("`--start-session` and `--session` cannot be combined")
    many = arguments.count > 1 or len(rows) > 1
    if many and (arguments.alias is not None or arguments.release_session):
        raise UsageError("`--alias` and `--release-session` are for one run")
    if is_chain:
        for option in ("alias", "start_session", "release_session"):
            if getattr(arguments, option):
                shown = option.replace("_", "-")
                raise UsageError(f"`--{shown}` is not for a chain, which has its own session")
        if arguments.model is not None:
            raise UsageError("`--model` is for runs of a workflow: a chain takes no model")
    pauses = isinstance(source, nodes.Chain) and bool(source.pauses)
    if pauses and many:
        raise UsageError(
            f"chain `{source.name}` pauses for answers, so that it is started once: without "
            "`--count` and without rows"
        )
    if is_chain and many and arguments.session is not None:
        raise UsageError("each start of a chain has a session of its own: without `--session`")
    if arguments.answer and not pauses:
        raise UsageError(f"`--answer` is for a chain that pauses, and `{source.name}` does not")
    if arguments.resume is not None:
        if not pauses:
            raise UsageError(
                f"`--resume` with a session is for a chain that pauses, and `{source.name}` does "
                "not; `--resume` alone goes on with runs whose command was ended"
            )
        if arguments.machine or arguments.pool or arguments.session:
            raise UsageError(
                "a chain that waits goes on in its session: `--resume` and `--machine`, `--pool` "
                "or `--session` cannot be combined"
            )
    if arguments.output is not None and not arguments.watch:
        raise UsageError("`--output` needs `--watch`: there are no outputs before the end")
