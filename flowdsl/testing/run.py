"""Runs tests: each by the source and by the prompt, in the world of its answers.

suite = Suite(model, bundle, environment.vars, show_path)
for case in cases_of(model):
    result = run_test(suite, case)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from flowdsl.codegen.artifacts import Bundle
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.simulate.executions import (
    Disagreement,
    disagreements_with,
    payload_of,
    replay_disagreements_with,
    started_world,
)
from flowdsl.simulate.interpreter.errors import MissingInText, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, Refused, accepted_inputs
from flowdsl.simulate.trace import BROKEN, SUCCESS, Trace
from flowdsl.simulate.world import World
from flowdsl.syntax import ast

from .answers import Script, Unanswered, answers_of
from .cases import Case, given_by, given_place, inputs_of
from .expectations import needs_run, unmet_by_prompt, unmet_by_run
from .literals import Literals
from .outcome import DISAGREEMENT, FAILED, MISTAKEN, Problem, Result, place_of
from .snapshots import Snapshot, snapshot_path
from .telling import Line, told, told_both

NO_SNAPSHOTS: Mapping[str, str] = MappingProxyType({})


class Suite:
    """A compiled program, and what its tests share.

    `environment` has the `vars` of the environment for which it is compiled; `show_path` turns a
    path of the project into one for people. `snapshots` are the prompts that are kept, by path.
    """

    def __init__(
        self,
        model: SemanticModel,
        bundle: Bundle,
        environment: Mapping[str, str],
        show_path: Callable[[str], str] = str,
        snapshots: Mapping[str, str] = NO_SNAPSHOTS,
    ) -> None:
        self._snapshots = snapshots
        self.model = model
        self.environment = environment
        self.show_path = show_path
        self._artifacts = {each.name: each for each in bundle.workflows}
        self._payloads: dict[str, Payload] = {}
        self._literals: dict[ast.Module, Literals] = {}

    def payload(self, workflow: WorkflowSymbol) -> Payload:
        """What is deployed of a workflow."""
        found = self._payloads.get(workflow.name)
        if found is None:
            found = self._payloads[workflow.name] = payload_of(self._artifacts[workflow.name])
        return found

    def snapshot(self, case: Case) -> Snapshot:
        """The prompt that is kept of a case's workflow."""
        path = snapshot_path(case)
        return Snapshot(path, self._snapshots.get(path))

    def literals(self, module: ast.Module) -> Literals:
        """What evaluates the values in a file."""
        found = self._literals.get(module)
        if found is None:
            found = self._literals[module] = Literals(self.model, module, self.environment)
        return found


def run_test(suite: Suite, case: Case) -> Result:
    """The result of a test, or of one case of it."""
    literals = suite.literals(case.module)
    payload = suite.payload(case.workflow)
    problems = [
        Problem(FAILED, unmet.message, place_of(literals.span(unmet.node)), shown=unmet.shown)
        for unmet in unmet_by_prompt(case.items, literals, payload.prompt, suite.snapshot(case))
    ]
    place = place_of(literals.span(case.title_node))
    if not needs_run(case.items):
        return Result(case.title, case.subject, place, tuple(problems))
    runs = Runs(suite, case, literals, payload)
    problems += runs.problems()
    return Result(case.title, case.subject, place, tuple(problems), runs.ways, runs.lines)


def first_run(suite: Suite, case: Case) -> tuple[Script, Trace] | None:
    """The first run of a case by its source; None where it cannot be carried out."""
    runs = Runs(suite, case, suite.literals(case.module), suite.payload(case.workflow))
    return runs.first()


class Runs:
    """The runs of a case: the first one, and the replays of it.

    `ways` and `lines` are what they took of the program, once `problems` was asked for.
    """

    def __init__(self, suite: Suite, case: Case, literals: Literals, payload: Payload) -> None:
        self._suite = suite
        self._case = case
        self._literals = literals
        self._payload = payload
        self._title = literals.span(case.title_node)
        self._answers = tuple(answers_of(case.items, literals))
        self._scripts: list[Script] = []

    @property
    def ways(self) -> frozenset[tuple[str, int, str, str]]:
        return frozenset(way for script in self._scripts for way in script.ways)

    @property
    def lines(self) -> frozenset[tuple[str, int]]:
        return frozenset(line for script in self._scripts for line in script.lines())

    def first(self) -> tuple[Script, Trace] | None:
        """The first run by the source alone; None where it cannot be carried out."""
        found = self._execute(self._case, inputs_of(self._case, self._literals), [])
        return None if found is None else (self._scripts[0], found[1])

    def problems(self) -> list[Problem]:
        """Everything that is wrong, in the order of the runs."""
        case = self._case
        problems: list[Problem] = []
        given = inputs_of(case, self._literals)
        first = self._execute(case, given, problems)
        if first is None:
            return problems
        world, trace = first
        found = disagreements_with(trace, self._payload, world)
        problems += self._disagreement(found, DISAGREEMENT, _BUG)
        replays = [item for item in case.items if isinstance(item, ast.ThenGiven)]
        if replays and trace.ending.status != SUCCESS:
            place = place_of(self._literals.span(replays[0]))
            return [*problems, Problem(MISTAKEN, _NOT_RECORDED, place)]
        for number, then in enumerate(replays, 2):
            changed = given | given_by(case, (then.section,), self._literals)
            again = self._execute(_replay(case, number), changed, problems)
            if again is None:
                return problems
            other, told_again = again
            found = replay_disagreements_with(trace, told_again, self._payload, world, other)
            problems += self._disagreement(found, FAILED, _FROZEN)
        return [*problems, *self._unused()]

    def _execute(
        self, case: Case, given: dict[str, Any], problems: list[Problem]
    ) -> tuple[World, Trace] | None:
        """Carry the program out once and judge it; None where that cannot be."""
        suite, literals = self._suite, self._literals
        script = Script(suite.model, self._answers, literals, outer_calls=case.task is not None)
        self._scripts.append(script)
        world = script.world(given)
        try:
            inputs = started_world(self._payload, world).inputs
            accepted_inputs(self._payload.input_schema, inputs)
            trace = interpret(suite.model, case.workflow, world, suite.environment, script)
        except Refused as refused:
            message = f"the service refuses these inputs: {refused}"
            place = place_of(given_place(self._case) or self._title)
            problems.append(Problem(MISTAKEN, message, place))
            return None
        except Unanswered as unanswered:
            problems.append(_unanswered(unanswered, script, suite))
            return None
        except MissingInText as missing:
            message = f"`{missing.place.text}` stands in a text, and its value is missing"
            problems.append(Problem(FAILED, message, place_of(missing.place)))
            return None
        except (NotAProgram, TooLong) as impossible:
            problems.append(Problem(MISTAKEN, str(impossible), place_of(self._title)))
            return None
        for number, each in enumerate(unmet_by_run(case, literals, trace, script)):
            shown = told(trace, script.places, suite.show_path, each.event) if not number else ()
            place = place_of(literals.span(each.node))
            problems.append(Problem(FAILED, each.message, place, shown=shown))
        return world, trace

    def _unused(self) -> Iterator[Problem]:
        """The answers that no run needed, or none as often as they are there."""
        first, *others = self._scripts
        needless = [dict(each.unused()) for each in others]
        for answer, message in first.unused():
            if all(answer in each for each in needless):
                yield Problem(MISTAKEN, message, place_of(answer.span))

    def _disagreement(
        self, found: Iterator[Disagreement], kind: str, message: str
    ) -> Iterator[Problem]:
        """Where the prompt does something else than the program, in one way of the service."""
        for each in found:
            why = message + _reason(each)
            yield Problem(kind, why, place_of(self._title), shown=told_both(each))
            return


def _replay(case: Case, number: int) -> Case:
    """A case with what is expected of one of its replays alone."""
    expected = tuple(
        item.item
        for item in case.items
        if isinstance(item, ast.ExpectOfRun) and item.number.value == number
    )
    return Case(case.module, case.declaration, case.workflow, expected, case.title_node, case.task)


_BUG = "the prompt does something else than its program, which is a bug of FlowDSL"
_FROZEN = (
    "a replay does something else than its program: where the two part, the recording decides, as "
    "a `branch-outside-focused-action` or `decided-once` of `flowdsl check` says; where the check "
    "says nothing, that is a bug of FlowDSL"
)
_NOT_RECORDED = "the first run does not end well, so that there is no recording to replay"


def _unanswered(found: Unanswered, script: Script, suite: Suite) -> Problem:
    """A question without an answer, behind what happened until it was asked."""
    so_far = script.so_far()
    shown: tuple[str, ...] = ()
    if so_far is not None:
        stopped = Line(found.place, f"? {found.asking}")
        shown = told(so_far, script.places, suite.show_path, stopped=stopped)
    return Problem(MISTAKEN, str(found), place_of(found.place), found.answer, shown)


def _reason(found: Disagreement) -> str:
    """Why a prompt cannot be carried out; nothing where it can."""
    ending = found.payload.ending
    return f": it {ending.reason}" if ending.status == BROKEN else ""
