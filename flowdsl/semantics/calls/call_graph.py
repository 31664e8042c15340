"""The call graph: the order of tasks, recursion, and the size of workflows after inlining."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from flowdsl.syntax import ast
from flowdsl.syntax.errors import NESTING_TOO_DEEP
from flowdsl.syntax.visit import walk

from .. import errors
from ..model import TaskSymbol, WorkflowSymbol
from ..program import MAX_CHAIN, Program


def calls_in(program: Program, body: ast.Block) -> Iterator[ast.CallStmt]:
    """Yield the calls of a body, in source order."""
    for statement in program.statements(body):
        if type(statement) is ast.CallStmt:
            yield statement


ReachedBody: TypeAlias = tuple[ast.Block, TaskSymbol | None, ast.CallStmt | None]
"""A body that a run reaches; that of a task with the task, and the first call that leads there."""


def find_reached_bodies(program: Program, *bodies: ast.Block) -> Iterator[ReachedBody]:
    """Yield some bodies, and those of all tasks that they call, directly or not; each once."""
    pending: list[ReachedBody] = [(body, None, None) for body in bodies]
    seen = {*bodies}
    while pending:
        reached = pending.pop()
        yield reached
        for call in calls_in(program, reached[0]):
            task = program.calls.get(call)
            if task is not None and task.declaration.body not in seen:
                seen.add(task.declaration.body)
                pending.append((task.declaration.body, task, reached[2] or call))


def order_tasks(program: Program) -> tuple[TaskSymbol, ...]:
    """Sort the tasks topologically: every task follows the tasks that it calls.

    Recursion is reported at each call that closes a cycle. A call below which calls and the
    statements around them nest deeper than `MAX_CHAIN` is reported and removed from
    `program.calls`, so that no later phase recurses too deeply.
    """
    levels: dict[TaskSymbol, int] = {}
    for task in program.tasks.values():
        if task not in levels:
            _measure_nesting(program, task, levels, [])
    return tuple(levels)


def _measure_nesting(
    program: Program, task: TaskSymbol, levels: dict[TaskSymbol, int], path: list[TaskSymbol]
) -> None:
    """Enter how deeply the calls of `task` are nested, after that of each task that it calls."""
    path.append(task)
    deepest = 0
    for call, inside in _calls_with_depth(program, task.declaration.body):
        callee = program.calls.get(call)
        if callee is None:
            continue
        span = call.task.span(task.module.source)
        if callee in path:
            cycle = [*path[path.index(callee) :], callee]
            names = " -> ".join(step.name for step in cycle)
            program.sink.report(errors.RECURSIVE_TASK, span, cycle=names)
            continue
        if callee not in levels and len(path) <= MAX_CHAIN:
            _measure_nesting(program, callee, levels, path)
        below = inside + 1 + levels.get(callee, MAX_CHAIN)
        if below > MAX_CHAIN:
            program.sink.report(NESTING_TOO_DEEP, span, what="calls of tasks", limit=MAX_CHAIN)
            del program.calls[call]
        else:
            deepest = max(deepest, below)
    path.pop()
    levels[task] = deepest


def _calls_with_depth(program: Program, body: ast.Block) -> Iterator[tuple[ast.CallStmt, int]]:
    """Yield the calls of a body, each with the number of statements that enclose it."""
    around: list[ast.Stmt] = []
    calls = list(calls_in(program, body))
    for statement in program.statements(body) if calls else ():
        while around and around[-1].end <= statement.start:
            around.pop()
        if isinstance(statement, ast.CallStmt):
            yield statement, len(around)
        else:
            around.append(statement)


# The size of consts, texts and workflows after inlining and interpolation.
#
# Each level that uses the next lower one twice doubles the text, so a few dozen short lines
# could exhaust the memory; these limits prevent that.

MAX_CHARACTERS = 1_000_000
"""The maximum number of characters of a const: ten times what any model reads as one prompt."""
MAX_STATEMENTS = 20_000
"""The maximum number of statements of a workflow after inlining."""
MAX_PIECES = 5_000
"""The maximum number of pieces of a text after the arguments of calls are substituted."""


def count_literal_characters(value: ast.Literal) -> int:
    """Count the characters of a literal itself, plus one for each entry and name in it."""
    return sum(
        len(node.value) if isinstance(node, ast.TextLiteral | ast.StringLit) else 1
        for node in walk(value)
    )


def report_too_many_statements(program: Program, ordered: Iterable[TaskSymbol]) -> None:
    """Report the workflows, and the uncalled tasks, that are too large after inlining.

    `ordered` has each task after those it calls. The calls in a task that is too large itself are
    removed from `program.calls`, so that no later phase walks all paths of calls.
    """
    sizes: dict[TaskSymbol, int] = {}
    called: set[TaskSymbol] = set()

    def report(owner: TaskSymbol | WorkflowSymbol, what: str, size: int) -> None:
        program.sink.report(
            errors.TOO_LARGE,
            owner.declaration.name.span(owner.module.source),
            what=f"{what} `{owner.name}`",
            size=size,
            unit="statements",
            limit=MAX_STATEMENTS,
        )

    def size_of(body: ast.Block) -> int:
        tasks = [program.calls[call] for call in calls_in(program, body) if call in program.calls]
        called.update(tasks)
        return len(program.statements(body)) + sum(sizes.get(task, 0) for task in tasks)

    for task in ordered:
        sizes[task] = size_of(task.declaration.body)
    for workflow in program.workflows.values():
        steps = workflow.declaration.steps
        size = 0 if steps is None else size_of(steps)
        if size > MAX_STATEMENTS:
            report(workflow, "workflow", size)
    for task, size in sizes.items():
        if size > MAX_STATEMENTS:
            if task not in called:
                report(task, "task", size)
            for call in calls_in(program, task.declaration.body):
                program.calls.pop(call, None)
