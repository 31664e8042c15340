"""Find the paths of a workflow, a task or a chain, and which of them no test takes.

The search varies one earlier run at a time. Every answer to every question is tried alone before
two are combined, and two before three. An answer that was already given after the same branches,
usually in another round of a loop, most likely leads to the same path, so it is tried last.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any

from flowdsl.compiler.collector import sweep_garbage
from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.semantics.model import ChainSymbol, TaskSymbol, WorkflowSymbol
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.machine.execute import Refused
from flowdsl.simulate.trace import SUCCESS
from flowdsl.source.record import Record
from flowdsl.testing.explore.samples import Alternative, Choices, Chosen, NoSample

from ..cases import Case, day_of_test, inputs_of, resolve_case_inputs
from ..chains import Ran, chain_runs
from ..coverage import Branch, Key, bodies_of
from ..run import first_run
from ..suite import Suite
from ..wrapping import describe_refusal
from .running import (
    Explored,
    ExploredChain,
    ExploredWorkflow,
    Path,
    PathKey,
    PathRun,
    Program,
    judge_run,
    needs_today,
    path_of,
    path_run,
)
from .skeletons import answers_of_path, path_test


class Found(Record):
    """A path as it is reported.

    - `words`: how it ends, or what distinguishes it from the default path.
    - `unusual`: its branches that the default path does not take.
    - `answers`: the sections of a test that lead to it, without the inputs.
    - `taken_by`: the titles of the tests that take it.
    - `test`: the source of a test that takes it, if no test does; None if none can be written, as
      for a path that always has errors.
    """

    number: int
    path: Path
    words: str
    unusual: tuple[Branch, ...]
    answers: tuple[str, ...]
    taken_by: tuple[str, ...]
    test: str | None


class Findings(Record):
    """The paths in order of discovery, and the exploration that found most of them.

    Paths that only a test takes come last.
    """

    exploration: Exploration
    paths: tuple[Found, ...]

    @property
    def is_right(self) -> bool:
        """Whether every path can be executed and produces valid outputs."""
        return not any(each.path.problem or each.path.wrong for each in self.paths)


def find_paths(
    suite: Suite,
    subject: WorkflowSymbol | ChainSymbol,
    task: TaskSymbol | None,
    cases: Iterable[Case],
    most_paths: int,
) -> Findings:
    """Return the paths of a subject, or of a `task` in its wrapper, and the tests that take them.

    Raises NotAProgram, and NoSample if no value can be generated for an input.
    """
    paths = {module.source.path for module in suite.model.modules}
    branches = {
        branch.key: branch for body in bodies_of(suite.model, paths) for branch in body.branches
    }
    cases = [case for case in cases if needs_run(case.items)]
    known: list[Mapping[str, Any]] = []
    taken: dict[PathKey, list[str]] = {}
    of_tests: dict[PathKey, Path] = {}
    for title, inputs, runs in _of_tests(suite, subject, cases, branches.keys()):
        sweep_garbage()
        if inputs is not None and inputs not in known:
            known.append(inputs)
        if runs:
            path = path_of(inputs or {}, runs)
            of_tests.setdefault(path.key, path)
            taken.setdefault(path.key, []).append(title)
    program = Program(suite.model, suite.payload, suite.environment, branches.keys(), known)
    if isinstance(subject, ChainSymbol):
        exploration = explore_subject(ExploredChain(program, subject), most_paths)
    else:
        outer_calls = int(task is not None)
        exploration = explore_subject(ExploredWorkflow(program, subject, outer_calls), most_paths)
    # Tests with many rounds of a loop may take paths beyond the limits of the search.
    every = {path.key: path for path in exploration.paths}
    every |= {key: path for key, path in of_tests.items() if key not in every}
    usual = exploration.paths[0].branches if exploration.paths else ()
    found = []
    for number, path in enumerate(every.values(), 1):
        unusual = tuple(branches[key] for key in path.branches if key not in usual)
        words, titles = (
            _describe_path_end(path, unusual),
            tuple(dict.fromkeys(taken.get(path.key, ()))),
        )
        test = None
        if not titles and not path.problem and not path.wrong:
            test = path_test(path, f"path {number}: {words}", task or subject)
        answers = tuple(answers_of_path(path))
        found.append(Found(number, path, words, unusual, answers, titles, test))
    return Findings(exploration, tuple(found))


def _of_tests(
    suite: Suite,
    subject: WorkflowSymbol | ChainSymbol,
    cases: Iterable[Case],
    branches: Collection[Key],
) -> Iterator[tuple[str, Mapping[str, Any] | None, list[PathRun]]]:
    """Yield the titles of the tests that run the subject, with the inputs and the runs of each.

    Inputs or runs are None if they cannot be computed. A test of a chain also runs the workflows of
    its steps.
    """

    def of_step(ran: Ran, step: str) -> PathRun:
        found = path_run(step, ran.workflow, ran.script, ran.trace.ending, branches)
        return judge_run(found, suite.payload(ran.workflow), ran.trace)

    for case in cases:
        if case.chain is not None and case.chain is subject:
            runs = [of_step(each, each.name) for each in chain_runs(suite, case, case.chain, [])]
            yield case.title, _inputs_of_chain(suite, case, case.chain), runs
        elif case.chain is not None:
            # A chain that does not reach the workflow need not be run.
            if any(workflow is subject for _, workflow in case.chain.steps):
                for each in chain_runs(suite, case, case.chain, []):
                    if each.workflow is subject:
                        yield case.title, each.world.inputs, [of_step(each, "")]
        elif case.workflow is subject:
            first, runs = first_run(suite, case), []
            if first is not None:
                found = path_run("", case.workflow, first[0], first[1].ending, branches)
                runs.append(judge_run(found, suite.payload(case.workflow), first[1]))
            yield case.title, resolve_case_inputs(case, suite.literals(case.module)), runs


def _inputs_of_chain(suite: Suite, case: Case, chain: ChainSymbol) -> Mapping[str, Any] | None:
    """Return the inputs that a case gives to a chain, with its day if a step depends on it."""
    literals = suite.literals(case.module)
    inputs = resolve_case_inputs(case, literals)
    today, _ = day_of_test(case, inputs_of(case, literals))
    if inputs is None or today is None or not needs_today(chain):
        return inputs
    return {types.TODAY: today.isoformat(), **inputs}


def _describe_path_end(path: Path, unusual: tuple[Branch, ...]) -> str:
    """Describe how a path ends; if it succeeds, by its last unusual branch."""
    ending = path.ending
    if ending is None:
        return "cannot be carried out"
    refused, failed = path.runs[-1].refused, path.runs[-1].failed_checks
    if refused is not None:
        return describe_refusal(refused)
    if failed:
        return f"fails the check {failed[0]}"
    if ending.status != SUCCESS:
        return f"aborts: {ending.reason}"
    if ending.reason is not None:
        return f"finishes: {ending.reason}"
    return unusual[-1].words.replace("`", "") if unusual else "all goes well"


CHOICES_FOR_A_PATH = 1_000
"""The budget of choices for each requested path: at most a tenth of a second."""
STEPS_FOR_A_PATH = 3_000
"""The budget of steps for each requested path: at most a fifth of a second."""
MAX_STEPS = 20_000
"""The most steps of one path; further rounds of a loop rarely lead to another path."""


class Exploration(Record):
    """The paths in order of discovery, after `runs` runs.

    `is_whole` is whether every possible run was made. `refused` is the reason why the service
    refuses to start a run with the generated values; empty if it started one.
    """

    paths: tuple[Path, ...]
    runs: int
    is_whole: bool
    refused: str = ""


def explore_subject(subject: Explored, most_paths: int) -> Exploration:
    """Return at most `most_paths` paths of a workflow or a chain; the result is deterministic.

    Raises NoSample if a value cannot be generated and the inputs of tests lead to no path.
    """
    order = count()
    pending: list[tuple[bool, int, int, Chosen | Alternative]] = [(False, 0, next(order), ())]
    picked_before: set[Hashable] = set()
    picked_behind_branches: set[Hashable] = set()
    found: dict[PathKey, Path] = {}
    runs, left, refused = 0, most_paths * CHOICES_FOR_A_PATH, ""
    steps_left = most_paths * STEPS_FOR_A_PATH
    while pending and left > 0 and steps_left > 0 and len(found) < most_paths:
        _, unusual, _, given = heappop(pending)
        chosen = given.chosen if isinstance(given, Alternative) else given
        choices = Choices(chosen, Budget(MAX_STEPS))
        runs += 1
        try:
            path = subject.path(choices)
        except Refused as problem:
            refused = str(problem)
        except NoSample:
            if not found:  # else the inputs of a test have led to one
                raise
        else:
            _add_path(found, path)
        sweep_garbage()
        left -= 1 + choices.count
        steps_left -= choices.budget.taken
        for other in choices.alternatives():
            again = (other.picked, other.branches) in picked_behind_branches
            others = unusual + (other.picked in picked_before)
            heappush(pending, (again, others, next(order), other))
            picked_before.add(other.picked)
            picked_behind_branches.add((other.picked, other.branches))
    return Exploration(tuple(found.values()), runs, not pending, "" if found else refused)


def _add_path(found: dict[PathKey, Path], path: Path) -> None:
    """Add a path; for a known one, prefer a successful run, or keep the errors common to all."""
    known = found.setdefault(path.key, path)
    if known is path or known.is_taken_well:
        return
    if path.is_taken_well:
        found[path.key] = path
    else:
        wrong = tuple(each for each in known.wrong if each in path.wrong)
        found[path.key] = known.__replace__(wrong=wrong)
