"""Run tests, each by the source and by the prompt, in the world of its answers.

suite = Suite(model, bundle, environment.vars, show_path)
for case in cases_of(model):
    result = run_test(suite, case)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.simulate.executions import (
    FirstRuns,
    disagreements_with,
    on_its_day,
    replay_disagreements_with,
)
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import World
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from .answers import Answer, Script, answers_of
from .cases import Case, collect_given_inputs, day_of_test, find_given_place, inputs_of
from .chains import lines_of_chain, run_chain_test
from .expectations import list_problems, unmet_by_prompt, unmet_by_run
from .outcome import DISAGREEMENT, FAILED, MISTAKEN, Problem, Result, place_of
from .suite import BUG, Suite, check_names, execute_workflow, find_disagreement
from .telling import Line, list_lines


def run_test(suite: Suite, case: Case) -> Result:
    """Return the result of a test, or of one case of it."""
    if case.chain is not None:
        return run_chain_test(suite, case, case.chain)
    literals = suite.literals(case.module)
    prompt = suite.payload(case.workflow).prompt
    problems = [
        unmet.problem(literals)
        for unmet in unmet_by_prompt(case.items, literals, prompt, suite.snapshot(case))
    ]
    place = place_of(literals.span(case.title_node))
    if not needs_run(case.items):
        return Result(case.title, case.subject, place, tuple(problems))
    runs = Runs(suite, case)
    problems += runs.problems()
    return Result(case.title, case.subject, place, tuple(problems), runs.branches, runs.statements)


def first_run(suite: Suite, case: Case) -> tuple[Script, Trace] | None:
    """Return the first run of a case by its source; None if it cannot be executed."""
    return Runs(suite, case).first()


def lines_of_runs(suite: Suite, case: Case) -> list[Line]:
    """Return what a case does, and each of its replays; of a chain, what all its steps do."""
    if case.chain is not None:
        return lines_of_chain(suite, case, case.chain)
    runs = Runs(suite, case)
    traces = [trace for _, trace in runs.every()]
    return [
        line
        for trace, script in zip(traces, runs.scripts, strict=False)
        for line in list_lines(trace, script.places)
    ]


def every_run(suite: Suite, case: Case) -> list[tuple[World, Trace]]:
    """Return the first run of a case by its source, and its replays; empty if one cannot run."""
    return Runs(suite, case).every()


def has_unmet_expectations(suite: Suite, case: Case) -> bool:
    """Whether a test fails by the source alone.

    A snapshot does not count: it differs whether a change is right or wrong.
    """
    if case.chain is not None:
        return not run_chain_test(suite, case, case.chain).passed
    literals = suite.literals(case.module)
    items = tuple(item for item in case.items if not isinstance(item, ast.PromptMatches))
    prompt = suite.payload(case.workflow).prompt
    if any(unmet_by_prompt(items, literals, prompt, suite.snapshot(case))):
        return True
    return needs_run(items) and Runs(suite, replace(case, items=items)).fails_by_source()


class Runs:
    """The first run of a case and its replays.

    `scripts` follow those that were made. `branches` and `statements` are what they covered,
    available after `problems` was called.
    """

    def __init__(self, suite: Suite, case: Case) -> None:
        self._suite = suite
        self._case = case
        self._literals = suite.literals(case.module)
        self._title = self._literals.span(case.title_node)
        self.scripts: list[Script] = []
        self._is_whole = False
        self._budget = Budget()

    @property
    def branches(self) -> frozenset[tuple[str, int, str, str]]:
        return frozenset(branch for script in self.scripts for branch in script.branches)

    @property
    def statements(self) -> frozenset[tuple[str, int]]:
        return frozenset(place for script in self.scripts for place in script.statements())

    def first(self) -> tuple[Script, Trace] | None:
        """Return the first run by the source alone; None if it cannot be executed."""
        found = self._execute_case(self._case, inputs_of(self._case, self._literals), [])
        return None if found is None else (self.scripts[0], found[1])

    def every(self) -> list[tuple[World, Trace]]:
        """Return every run by the source alone; empty if one of them cannot be executed."""
        problems: list[Problem] = []
        runs = [*self._every(problems)]
        return [] if any(each.kind == MISTAKEN for each in problems) else runs

    def fails_by_source(self) -> bool:
        """Whether an expectation is not met, or an answer is missing or unused."""
        problems: list[Problem] = []
        for _ in self._every(problems):
            if problems:
                return True
        return bool(problems) or any(True for _ in self._unused())

    def problems(self) -> list[Problem]:
        """Return all problems, in the order of the runs."""
        problems: list[Problem] = []
        first: FirstRuns | None = None
        for world, trace in self._every(problems):
            if first is None:
                first = FirstRuns(self._suite.payload(self._case.workflow), world, trace)
                found = disagreements_with(first)
                problems += find_disagreement(found, DISAGREEMENT, BUG, self._title)
            else:
                found = replay_disagreements_with(first, trace, world)
                problems += find_disagreement(found, FAILED, _FROZEN, self._title)
        return [*problems, *self._unused()] if self._is_whole else problems

    def _every(self, problems: list[Problem]) -> Iterator[tuple[World, Trace]]:
        """Execute the first run and its replays, until one cannot be executed.

        The problems of a run are added to `problems` before it is yielded.
        """
        case = self._case
        first = self._execute_case(case, inputs_of(case, self._literals), problems)
        if first is None:
            return
        yield first
        replays = [item for item in case.items if isinstance(item, ast.ThenGiven)]
        if replays and not first[1].is_well:
            place = place_of(self._literals.span(replays[0]))
            problems.append(Problem(MISTAKEN, _NOT_RECORDED, place))
            return
        for number, then in enumerate(replays, 2):
            changed = collect_given_inputs(case, (*case.items, then.section), self._literals)
            again = self._execute_case(_case_of_replay(case, number), changed, problems)
            if again is None:
                return
            yield again
        self._is_whole = True

    def _execute_case(
        self, case: Case, given: dict[str, Any], problems: list[Problem]
    ) -> tuple[World, Trace] | None:
        """Execute the program once and judge the run; None if it cannot be executed."""
        suite, literals = self._suite, self._literals
        answers = answers_of((*self._case.items, *case.items), literals)
        script = Script(suite.model, answers, literals, outer_calls=case.task is not None)
        self.scripts.append(script)
        today, given = day_of_test(case, given)
        world = script.world(given, today)
        place = find_given_place(self._case) or self._title
        trace = execute_workflow(suite, case.workflow, script, world, place, self._budget)
        if isinstance(trace, Problem):
            problems.append(trace)
            return None
        names = check_names(suite.payload(case.workflow))
        unmet = unmet_by_run(case, literals, trace, script, names)
        problems += list_problems(unmet, literals, trace, script, suite.show_path)
        return on_its_day(case.workflow, world), trace

    def _unused(self) -> Iterator[Problem]:
        """Yield the answers that no run used, or that were not fully used."""
        unused: dict[ast.Literal, tuple[Answer, str]] = {}
        used: set[ast.Literal] = set()
        for script in self.scripts:
            found = dict(script.unused())
            used.update(answer.value for answer in script.answers if answer not in found)
            unused = {answer.value: (answer, found[answer]) for answer in found} | unused
        for value, (answer, message) in unused.items():
            if value in used:
                continue
            if answer.span.start == self._title.start:  # a cell of a table, at the place of its row
                name = answer.text.text if answer.text is not None else ".".join(answer.path)
                message = f"`{name}`: {message}"
            yield Problem(MISTAKEN, message, place_of(answer.span))


def _case_of_replay(case: Case, number: int) -> Case:
    """Return a case with the expectations of one of its replays only; the first one is run 2."""
    items = tuple(
        item
        for each in case.items
        if isinstance(each, ast.ExpectOfRun) and each.number.value == number
        for item in each.items
    )
    return replace(case, items=items)


_FROZEN = (
    "a replay does something else than its program: where the two part, the recording decides, as "
    "a `branch-outside-focused-action` or `decided-once` of `flowdsl check` says; where the check "
    "says nothing, that is a bug of FlowDSL"
)
_NOT_RECORDED = "the first run does not end well, so that there is no recording to replay"
