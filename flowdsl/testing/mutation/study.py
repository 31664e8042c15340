"""Judge wrong edits: does a test of the flow fail where the flow is edited so?

An edit that the checker refuses or warns of counts for nothing, and neither does one that means
nothing: its prompts are the same, or it does the same on all explored paths.

judge = Judge(edited, subject)
for edit in edits_of(subject):
    mutant = judge.judge(edit)
    mutant.edit, mutant.fate, mutant.hint
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flowdsl.compiler.pipeline import Analysis, Compilation
from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.semantics.model import SECRET, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.interpreter.errors import MissingInText, NoSuchDay, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Refused
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import DAY, Question, Unanswerable, World
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..cases import Case, cases_of, resolve_case_inputs
from ..coverage import bodies_of
from ..explore.findings import explore_subject
from ..explore.running import SOME_DAY, ExploredWorkflow, Path, Program
from ..explore.samples import NoSample
from ..explore.skeletons import answers_of_path
from ..run import every_run, has_unmet_expectations
from ..suite import Suite
from ..wrapping import wrapper_names
from .edits import Edit, draw_edits
from .hints import describe_difference

REFUSED = "refused"
"""The checker reports the edit: an error, or a warning that was not there before."""
SAME = "same"
"""The edit means nothing."""
NOTICED = "noticed"
"""A test fails, or says what the flow no longer does."""
SURVIVED = "survived"
"""All tests pass although the flow does something else."""

MOST_PATHS = 48
"""The paths of a workflow on which an edit that no test notices is tried."""


class Mutant(Record):
    """An edit and what became of it; `hint` is a line of a test that would notice a survivor."""

    edit: Edit
    fate: str
    hint: str = ""


class Edited(Record):
    """What is needed to judge edits of files.

    `compile` compiles the entries given, with other texts by path in place of those of the files.
    `environment` has the `vars` of the environment.
    """

    compile: Callable[[frozenset[str], Mapping[str, str]], Compilation]
    environment: Mapping[str, str]

    def suite(self, compilation: Compilation) -> Suite:
        assert compilation.bundle is not None, "only what checks is tested"
        return Suite(compilation.analysis.model, compilation.bundle, self.environment)


class Subject(Record):
    """A workflow or a task whose body is edited, with the tests that run it."""

    symbol: WorkflowSymbol | TaskSymbol
    body: ast.Block
    cases: tuple[Case, ...]


def collect_subjects(model: SemanticModel, paths: Iterable[str]) -> list[Subject]:
    """Return the bodies in some files that a test runs, in order of file and line."""
    files = set(paths)
    wrappers = set(wrapper_names(model).values())
    bodies: dict[ast.Block, WorkflowSymbol | TaskSymbol] = {}
    symbols: list[WorkflowSymbol | TaskSymbol] = [*model.workflows, *model.tasks]
    for symbol in symbols:
        body = _body_of(symbol)
        if body is not None and symbol.module.source.path in files and symbol.name not in wrappers:
            bodies[body] = symbol
    cases: dict[ast.Block, list[Case]] = {body: [] for body in bodies}
    for case in cases_of(model):
        for body in _bodies_run_by(model, case):
            if body in cases:
                cases[body].append(case)
    found = [Subject(symbol, body, tuple(cases[body])) for body, symbol in bodies.items()]
    return sorted(found, key=lambda each: (each.symbol.module.source.path, each.body.start))


def _body_of(symbol: WorkflowSymbol | TaskSymbol) -> ast.Block | None:
    if isinstance(symbol, TaskSymbol):
        return symbol.declaration.body
    return symbol.declaration.steps


def _bodies_run_by(model: SemanticModel, case: Case) -> set[ast.Block]:
    """Return the bodies that a run of a case may reach."""
    pending = [workflow.declaration.steps for workflow in _workflows_of(case)]
    found: set[ast.Block] = set()
    while pending:
        body = pending.pop()
        if body is None or body in found:
            continue
        found.add(body)
        calls = (node for node in walk(body) if isinstance(node, ast.CallStmt))
        pending += [model.calls[call].declaration.body for call in calls]
    return found


def _workflows_of(case: Case) -> list[WorkflowSymbol]:
    if case.chain is None:
        return [case.workflow]
    return [workflow for _, workflow in case.chain.steps if workflow is not None]


def edits_of(subject: Subject) -> list[Edit]:
    """Return the wrong edits of a body, the same every time; none if no test runs it."""
    if not subject.cases:
        return []
    source, names = subject.symbol.module.source, _names_by_type(subject)
    return [*draw_edits(source, subject.body, names)]


def _names_by_type(subject: Subject) -> dict[str, list[str]]:
    """Return the names that a body may use, by the kind and the type of their value."""
    symbol = subject.symbol
    found: dict[str, list[str]] = {}
    if isinstance(symbol, WorkflowSymbol):
        for field in symbol.inputs:
            found.setdefault(repr(field.type), []).append(field.name)
        found[SECRET] = [field.name for field in symbol.secrets]
    else:
        for parameter in symbol.params:
            kind = SECRET if parameter.kind == SECRET else repr(parameter.type)
            found.setdefault(kind, []).append(parameter.name)
    for name, value in symbol.runtime.items():
        found.setdefault(f"runtime {value.type!r}", []).append(name)
    return found


class Judge:
    """Judges the edits of one body by the tests that run it."""

    def __init__(self, edited: Edited, subject: Subject) -> None:
        self._edited = edited
        self._subject = subject
        self._keys = {_key(case) for case in subject.cases}
        own = subject.symbol.module.source.path
        workflows = (each for case in subject.cases for each in _workflows_of(case))
        self._entries = frozenset(
            (
                own,
                *(case.module.source.path for case in subject.cases),
                *(workflow.module.source.path for workflow in workflows),
            )
        )
        original = edited.compile(self._entries, {})
        self._original = edited.suite(original)
        self._findings = _count_findings(original.analysis)
        self._cases = {
            _key(case): case for case in cases_of(self._original.model) if _key(case) in self._keys
        }
        self._workflows = {
            workflow.name: workflow
            for case in self._cases.values()
            for workflow in _workflows_of(case)
        }
        self._paths: dict[str, tuple[Path, ...]] | None = None

    def judge(self, edit: Edit) -> Mutant:
        source = self._subject.symbol.module.source
        compilation = self._edited.compile(self._entries, {source.path: edit.apply(source.text)})
        found = _count_findings(compilation.analysis)
        more = {key for key, number in found.items() if number > self._findings.get(key, 0)}
        if any(not in_test for _, in_test in more):
            return Mutant(edit, REFUSED)
        if more:
            return Mutant(edit, NOTICED)
        suite = self._edited.suite(compilation)
        workflows = {each.name: each for each in compilation.analysis.model.workflows}
        if all(
            suite.payload(workflows[name]) == self._original.payload(workflow)
            for name, workflow in self._workflows.items()
        ):
            return Mutant(edit, SAME)
        cases = [case for case in cases_of(suite.model) if _key(case) in self._keys]
        if any(has_unmet_expectations(suite, case) for case in cases):
            return Mutant(edit, NOTICED)
        hints = [*self._differ_in_tests(suite, cases)] or [*self._differ_on_paths(suite, workflows)]
        if not hints and any(self._find_paths().values()):
            return Mutant(edit, SAME)
        return Mutant(edit, SURVIVED, min(filter(None, hints), key=len, default=""))

    def _differ_in_tests(self, suite: Suite, cases: Iterable[Case]) -> Iterator[str]:
        """Yield a hint for each test in which the edited flow does something else."""
        for case in cases:
            if case.chain is not None or not needs_run(case.items):
                continue
            before = every_run(self._original, self._cases[_key(case)])
            after = every_run(suite, case)
            for (_, one), (_, other) in zip(before, after, strict=False):
                if not _is_same(one, other):
                    expected = describe_difference(one, other)
                    yield expected and f"{expected}  # in the test {case.title}"

    def _differ_on_paths(
        self, suite: Suite, workflows: Mapping[str, WorkflowSymbol]
    ) -> Iterator[str]:
        """Yield a hint for each path of the original on which the edit does something else."""
        for name, paths in self._find_paths().items():
            for path in paths:
                before = self._run(self._original, self._workflows[name], path)
                after = self._run(suite, workflows[name], path)
                if before is not None and not _is_same(before, after):
                    expected = describe_difference(before, after)
                    yield " ".join((*answers_of_path(path), expected)) if expected else ""

    def _find_paths(self) -> Mapping[str, tuple[Path, ...]]:
        """Return the paths of each workflow that the tests run."""
        if self._paths is None:
            self._paths = {
                name: self._explore(workflow) for name, workflow in self._workflows.items()
            }
        return self._paths

    def _explore(self, workflow: WorkflowSymbol) -> tuple[Path, ...]:
        suite = self._original
        files = {module.source.path for module in suite.model.modules}
        branches = {
            branch.key for body in bodies_of(suite.model, files) for branch in body.branches
        }
        given = (
            resolve_case_inputs(case, suite.literals(case.module))
            for case in self._cases.values()
            if case.chain is None and case.workflow is workflow and needs_run(case.items)
        )
        known = [inputs for inputs in given if inputs is not None]
        program = Program(suite.model, suite.payload, suite.environment, branches, known)
        try:
            return explore_subject(ExploredWorkflow(program, workflow), MOST_PATHS).paths
        except (NoSample, NotAProgram, Refused):
            return ()

    def _run(self, suite: Suite, workflow: WorkflowSymbol, path: Path) -> Trace | None:
        """Run a workflow with the answers of a path; None if it asks what the path does not."""
        answers = _Answers(path)
        world = World(path.inputs, answers.answer, {})
        try:
            return interpret(suite.model, workflow, world, suite.environment, budget=Budget())
        except (Unanswerable, MissingInText, NoSuchDay, TooLong, NotAProgram):
            return None


class _Answers:
    """The answers of a path, in the order in which each question was asked."""

    def __init__(self, path: Path) -> None:
        self._left: dict[Question, deque[Any]] = {}
        for run in path.runs:
            for asked in run.asked:
                self._left.setdefault(asked.question, deque()).append(asked.answer)

    def answer(self, question: Question, position: int) -> Any:
        if question.kind == DAY:
            return SOME_DAY
        left = self._left.get(question)
        if not left:
            raise Unanswerable(f"{question} is not asked on this path")
        return left.popleft() if len(left) > 1 else left[0]


def _is_same(before: Trace, after: Trace | None) -> bool:
    if after is None:
        return False
    return (before.events, before.ending, before.refused) == (
        after.events,
        after.ending,
        after.refused,
    )


def _key(case: Case) -> tuple[str, str, str]:
    return case.module.source.path, case.subject, case.title


def _count_findings(analysis: Analysis) -> dict[tuple[str, bool], int]:
    """Return how often each error and warning occurs, by its name and whether it is in a test."""
    tests = [(module.source.path, test) for module, test in analysis.model.tests]
    found: dict[tuple[str, bool], int] = {}
    for each in analysis.diagnostics:
        if each.severity != INFO:
            span = each.span
            in_test = any(
                path == span.path and test.start <= span.start < test.end for path, test in tests
            )
            found[each.name, in_test] = found.get((each.name, in_test), 0) + 1
    return found
