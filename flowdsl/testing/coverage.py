"""Branch and statement coverage: which branches and statements of a program its tests execute.

if sees "a box" { … }              it holds · it does not
match plan { "a" { … } "b" { … } }  each case · the `else`
expect "…" else { … }              it is so · the `else`
for x in list { … }                entered · skipped
while … max 3 { … }                entered · no round · used up
repeat max 3 { … } until …         ends · used up
retry 3 { … }                      an attempt works · used up
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.semantics.model import INPUT, LOOP, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.names.paths import field_of
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import statements
from flowdsl.semantics.types import Optional
from flowdsl.simulate.interpreter.watching import ENTERED, HOLDS, OTHERWISE, SKIPPED
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from .wrapping import wrapper_names

Key = tuple[str, int, str, str]
"""The key of a branch: the file, the offset and class of the node, and the outcome."""


class Branch(Record):
    """One branch that a run can take: a line of a file, and a description.

    `decided` is the line of the statement that decides: for a case, the line of `match plan {`.
    """

    key: Key
    path: str
    line: int
    words: str
    decided: int


class Body(Record):
    """The branches and statements of a workflow or a task.

    `statements` maps the offset of each statement to its line, in source order.
    """

    kind: str
    name: str
    path: str
    branches: tuple[Branch, ...]
    statements: Mapping[int, int]


class Taken:
    """What runs have covered: branches, and statements by file and offset."""

    def __init__(self) -> None:
        self.branches: set[Key] = set()
        self.statements: set[tuple[str, int]] = set()

    def add(self, branches: Iterable[Key], statements: Iterable[tuple[str, int]]) -> None:
        """Add the coverage of another run."""
        self.branches.update(branches)
        self.statements.update(statements)

    def counts(self, body: Body) -> tuple[int, int]:
        """Return how many of the branches and of the statements of a body are covered."""
        return (
            sum(branch.key in self.branches for branch in body.branches),
            sum((body.path, start) in self.statements for start in body.statements),
        )


def key_of(source: SourceFile, node: ast.Node, branch: str) -> Key:
    """Return the key of a branch of a node."""
    return source.path, node.start, type(node).__name__, branch


def bodies_of(model: SemanticModel, paths: Collection[str]) -> Iterator[Body]:
    """Yield the workflows and tasks of some files, in order of file and source."""
    around = set(wrapper_names(model).values())
    subjects: list[tuple[str, WorkflowSymbol | TaskSymbol, ast.Block]] = []
    for workflow in model.workflows:
        steps = workflow.declaration.steps
        if steps is not None and workflow.name not in around:
            subjects.append(("workflow", workflow, steps))
    subjects += [("task", task, task.declaration.body) for task in model.tasks]
    subjects.sort(key=lambda each: (each[1].module.source.path, each[1].declaration.start))
    for kind, subject, body in subjects:
        source = subject.module.source
        if source.path not in paths:
            continue
        found = [each for each in statements(body) if not isinstance(each, ast.AnnotatedStmt)]
        loops = [each for each in found if isinstance(each, ast.ForStmt)]
        branches = tuple(
            branch
            for statement in found
            for branch in _find_branches(model, source, statement, loops)
        )
        starts = sorted(each.start for each in found)
        own = {start: source.position(start).line for start in starts}
        yield Body(kind, subject.name, source.path, branches, own)


def _may_be_empty(model: SemanticModel, iterable: ast.Node, loops: Iterable[ast.ForStmt]) -> bool:
    """Whether a loop may have no entry.

    Literals and counts always have entries, and so do inputs with `@min_items`.
    """
    if not isinstance(iterable, ast.Ref):
        return False
    field = field_of(model, iterable)
    if field is None or isinstance(field.type, Optional) or not field.constraints.min_items:
        return True
    return not _is_of_input(model, iterable, loops)


def _is_of_input(model: SemanticModel, ref: ast.Node, loops: Iterable[ast.ForStmt]) -> bool:
    """Whether a value is an input, a part of one, or a part of a loop entry from one.

    `loops` are the enclosing loops. The service enforces annotations on inputs only.
    """
    if not isinstance(ref, ast.Ref):
        return False
    symbol = model.values[ref]
    if symbol.kind != LOOP:
        return symbol.kind == INPUT
    around = (each.iterable for each in loops if each.variable.start == symbol.span.start)
    return any(_is_of_input(model, each, loops) for each in around)


def _find_branches(
    model: SemanticModel, source: SourceFile, statement: ast.Stmt, loops: Sequence[ast.ForStmt]
) -> Iterator[Branch]:
    """Yield the branches of one statement; a list that always has entries cannot be skipped."""

    def make(node: ast.Node, what: str, end: int, words: str) -> Branch:
        head = " ".join(source.text[node.start : end].split())
        line, decided = (source.position(each.start).line for each in (node, statement))
        return Branch(key_of(source, node, what), source.path, line, f"`{head}` {words}", decided)

    match statement:
        case ast.IfStmt(expected=True, branches=(failed,)):
            end = failed.condition.end
            yield make(statement, OTHERWISE, end, "is so")
            yield make(failed, HOLDS, end, "is not so, and goes to its `else`")
        case ast.IfStmt(branches=branches):
            for branch in branches:
                yield make(branch, HOLDS, branch.condition.end, "holds")
            if statement not in model.complete:
                end = branches[0].condition.end
                yield make(statement, OTHERWISE, end, "does not hold, nor does what follows it")
        case ast.MatchStmt(operand=operand, branches=cases):
            for case in cases:
                yield make(case, HOLDS, case.values[-1].end, "is the case")
            if statement not in model.complete:
                yield make(statement, OTHERWISE, operand.end, "goes to its `else`")
        case ast.ForStmt(iterable=iterable):
            yield make(statement, ENTERED, iterable.end, "has an entry")
            if _may_be_empty(model, iterable, loops):
                yield make(statement, SKIPPED, iterable.end, "has no entry")
            if statement.failure is not None:
                yield make(statement, OTHERWISE, iterable.end, "has an entry that fails")
        case ast.WhileStmt(condition=condition):
            yield make(statement, ENTERED, condition.end, "has a round")
            yield make(statement, SKIPPED, condition.end, "has no round")
            yield make(statement, OTHERWISE, condition.end, "is used up")
        case ast.RepeatStmt(body=body):
            yield make(statement, HOLDS, body.start, "ends as its `until` says")
            yield make(statement, OTHERWISE, body.start, "is used up")
        case ast.RetryStmt(body=body):
            yield make(statement, HOLDS, body.start, "has an attempt that works")
            yield make(statement, OTHERWISE, body.start, "is used up")
        case _:
            otherwise: Any = getattr(statement, "otherwise", None)
            if isinstance(otherwise, ast.Otherwise):
                yield make(statement, HOLDS, otherwise.start, "is so")
                yield make(statement, OTHERWISE, otherwise.start, "goes to its `else`")


def percent_covered(bodies: Iterable[Body], taken: Taken) -> float:
    """Return the percentage of statements and branches that are covered; 100 if there are none."""
    number = covered = 0
    for body in bodies:
        number += len(body.branches) + len(body.statements)
        covered += sum(taken.counts(body))
    return 100.0 * covered / number if number else 100.0


def render_lcov(bodies: Iterable[Body], taken: Taken, from_root: Callable[[str], str] = str) -> str:
    """Render the coverage as LCOV, by file: lines of statements (`DA`) and branches (`BRDA`).

    The branches of a statement are listed at its own line, also those of its cases further down.
    `from_root` converts the path of a file to one relative to the project folder.
    """
    by_path: dict[str, list[Body]] = {}
    for body in bodies:
        by_path.setdefault(body.path, []).append(body)
    records: list[str] = []
    for path, own in by_path.items():
        records += ["TN:", f"SF:{from_root(path)}"]
        branches = [branch for body in own for branch in body.branches]
        lines = sorted({line for body in own for line in body.statements.values()})
        carried_out = {
            line
            for body in own
            for start, line in body.statements.items()
            if (path, start) in taken.statements
        }
        # Readers of LCOV expect a line with branches to be hit if and only if a branch is taken,
        # which
        # is not so for a `retry` in which the run ends.
        deciding = {branch.decided for branch in branches}
        reached = {branch.decided for branch in branches if branch.key in taken.branches}
        reached |= carried_out - deciding
        numbers: dict[int, int] = {}
        for branch in branches:
            number = numbers[branch.decided] = numbers.get(branch.decided, -1) + 1
            # A dash means that the line was never reached, a zero that this branch was never taken.
            count = str(int(branch.key in taken.branches)) if branch.decided in reached else "-"
            records.append(f"BRDA:{branch.decided},0,{number},{count}")
        records += [
            f"BRF:{len(branches)}",
            f"BRH:{sum(branch.key in taken.branches for branch in branches)}",
        ]
        records += [f"DA:{line},{int(line in reached)}" for line in lines]
        hit = sum(line in reached for line in lines)
        records += [f"LF:{len(lines)}", f"LH:{hit}", "end_of_record"]
    return "\n".join([*records, ""])
