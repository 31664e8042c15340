"""A compiled program with the data that its tests share, and the execution of its workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from flowdsl.codegen.artifacts import Bundle, ChainArtifact
from flowdsl.ir.days import NoDay
from flowdsl.ir.source_map import SourceMap
from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.executions import Disagreement, on_its_day, payload_of, world_with_defaults
from flowdsl.simulate.interpreter.bounds import out_of_bounds
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.interpreter.errors import MissingInText, NoSuchDay, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.characters import estimate_filled_length
from flowdsl.simulate.machine.execute import Payload, Refused, accept_inputs
from flowdsl.simulate.trace import BROKEN, SUCCESS, Trace
from flowdsl.simulate.world import World
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .answers import Script, Unanswered
from .cases import Case, PromptSnapshot, snapshot_path
from .literals import LiteralValues
from .outcome import FAILED, MISTAKEN, Problem, place_of
from .telling import Line, render_both_traces, render_trace_lines

NO_SNAPSHOTS: Mapping[str, str] = MappingProxyType({})


class Suite:
    """A compiled program, and the data that its tests share.

    `environment` has the `vars` of the environment for which it is compiled; `show_path` formats a
    project path for display. `snapshots` are the stored prompts, by path; `unreadable` are those
    that cannot be read, each with the reason.
    """

    def __init__(
        self,
        model: SemanticModel,
        bundle: Bundle,
        environment: Mapping[str, str],
        show_path: Callable[[str], str] = str,
        snapshots: Mapping[str, str] = NO_SNAPSHOTS,
        unreadable: Mapping[str, str] = NO_SNAPSHOTS,
    ) -> None:
        self._unreadable = unreadable
        self._snapshots = snapshots
        self.model = model
        self.environment = environment
        self.show_path = show_path
        self._artifacts = {each.name: each for each in bundle.workflows}
        self._chains = {each.name: each for each in bundle.chains}
        self._payloads: dict[str, Payload] = {}
        self._literals: dict[ast.Module, LiteralValues] = {}

    def payload(self, workflow: WorkflowSymbol) -> Payload:
        """Return the deployed form of a workflow."""
        found = self._payloads.get(workflow.name)
        if found is None:
            found = self._payloads[workflow.name] = payload_of(self._artifacts[workflow.name])
        return found

    def source_map(self, workflow: WorkflowSymbol) -> SourceMap:
        """Return which line of a prompt came from which place."""
        return self._artifacts[workflow.name].source_map

    def title(self, workflow: WorkflowSymbol) -> str:
        """Return the name of a workflow on the service."""
        return str(self._artifacts[workflow.name].payload["name"])

    def chain(self, chain: ChainSymbol) -> ChainArtifact:
        """Return the request that starts a chain."""
        return self._chains[chain.name]

    def snapshot(self, case: Case) -> PromptSnapshot:
        """Return the stored prompt of a case's workflow."""
        path = snapshot_path(case)
        return PromptSnapshot(path, self._snapshots.get(path), self._unreadable.get(path, ""))

    def literals(self, module: ast.Module) -> LiteralValues:
        """Return the evaluator of values in a file."""
        found = self._literals.get(module)
        if found is None:
            found = self._literals[module] = LiteralValues(self.model, module, self.environment)
        return found


def execute_workflow(
    suite: Suite,
    workflow: WorkflowSymbol,
    script: Script,
    world: World,
    place: Span,
    budget: Budget,
) -> Trace | Problem:
    """Return the trace of a workflow in the world of a test, or a Problem if there is none.

    `place` is where the test gives the inputs; `budget` is what the test may still use.
    """
    try:
        payload = suite.payload(workflow)
        begun = prepare_starting_world(payload, workflow, world)
        length = estimate_filled_length(payload.prompt, begun.inputs)
        if length > budget.characters_left:
            most = f"a test fills in and keeps {budget.characters:,} at most"
            message = f"with these inputs the prompt has {length:,} characters, and {most}"
            return Problem(MISTAKEN, message, place_of(place))
        return interpret(suite.model, workflow, world, suite.environment, script, budget)
    except NoDay as none:
        message = f"{none}: say in `given` which day is `today`, or give `{none.name}` itself"
        return Problem(MISTAKEN, message, place_of(place), "" if world.today else TODAY)
    except NoSuchDay as none:
        message = f"{none}: say in `given` that another day is `today`"
        return Problem(MISTAKEN, message, place_of(none.place))
    except Refused as refused:
        return Problem(MISTAKEN, f"the service refuses these inputs: {refused}", place_of(place))
    except Unanswered as unanswered:
        return _describe_unanswered(unanswered, script, suite)
    except MissingInText as missing:
        message = f"`{missing.place.text}` stands in a text, and its value is missing"
        return Problem(FAILED, message, place_of(missing.place))
    except NotAProgram as impossible:
        return Problem(MISTAKEN, str(impossible), place_of(place))
    except TooLong as too_long:
        return _too_long(too_long, script, suite, place)


def check_names(payload: Payload) -> tuple[str, ...]:
    """Return the names of the post-run checks of a workflow, in order."""
    return tuple(str(check["name"]) for check in payload.checks)


def find_failed_checks(payload: Payload, trace: Trace) -> tuple[str, ...]:
    """Return the names of the post-run checks that fail."""
    verdicts = zip(check_names(payload), trace.checks, strict=False)
    return tuple(name for name, verdict in verdicts if verdict.status != SUCCESS)


def find_disagreement(
    found: Iterator[Disagreement], kind: str, message: str, place: Span
) -> Iterator[Problem]:
    """Yield a problem for the first variant of the service under which a prompt deviates."""
    for each in found:
        yield Problem(
            kind, message + _reason(each), place_of(place), shown=render_both_traces(each)
        )
        return


def prepare_starting_world(payload: Payload, workflow: WorkflowSymbol, world: World) -> World:
    """Return the world in which the service starts a run.

    Raises Refused, with our own message if types explain the refusal.
    """
    begun = world_with_defaults(payload, on_its_day(workflow, world))
    try:
        accept_inputs(payload.input_schema, begun.inputs)
    except Refused as refused:
        wrong = out_of_bounds(workflow.inputs, begun.inputs, "input")
        raise Refused(str(refused) if wrong is None else wrong.reason) from None
    return begun


TODAY = 'given { today = "2026-03-01" }'
"""A line for a test whose run depends on its day."""
BUG = "the prompt does something else than its program, which is a bug of FlowDSL"
"""The message for a first run."""


def _describe_unanswered(found: Unanswered, script: Script, suite: Suite) -> Problem:
    """Describe a question without an answer, after the trace up to that question."""
    shown = _render_so_far(script, suite, Line(found.place, f"? {found.asking}"))
    return Problem(MISTAKEN, str(found), place_of(found.place), found.answer, shown)


def _too_long(found: TooLong, script: Script, suite: Suite, place: Span) -> Problem:
    """Describe a run over its budget, at the loop that it is in, after the trace so far."""
    loop = found.loops[-1] if found.loops else None
    shown = _render_so_far(script, suite, Line(loop, "is stopped here"))
    return Problem(MISTAKEN, found.told, place_of(loop or place), shown=shown)


def _render_so_far(script: Script, suite: Suite, stopped: Line) -> tuple[str, ...]:
    """Render the trace of a run up to where it stopped; empty before it begins."""
    so_far = script.so_far()
    if so_far is None:
        return ()
    return render_trace_lines(so_far, script.places, suite.show_path, stopped=stopped)


def _reason(found: Disagreement) -> str:
    """Return why a prompt cannot be executed; empty if it can."""
    ending = found.payload.ending
    return f": {ending.reason}" if ending.status == BROKEN else ""
