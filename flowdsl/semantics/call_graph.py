"""Who calls whom: recursion, loops inside loops, and tasks that never return."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors
from .model import TaskSymbol
from .program import Program
from .traversal import statements


def calls_in(body: ast.Block) -> Iterator[ast.CallStmt]:
    """The calls of a body, in source order."""
    for statement in statements(body):
        if isinstance(statement, ast.CallStmt):
            yield statement


def order_tasks(program: Program) -> tuple[TaskSymbol, ...]:
    """Every task after those it calls; recursion is reported once for each cycle."""
    finished: dict[TaskSymbol, None] = {}
    path: list[TaskSymbol] = []

    def visit(task: TaskSymbol) -> None:
        path.append(task)
        for call in calls_in(task.declaration.body):
            callee = program.calls.get(call)
            if callee is None or callee in finished:
                continue
            if callee in path:
                cycle = [*path[path.index(callee) :], callee]
                span = call.task.span(task.module.source)
                names = " -> ".join(step.name for step in cycle)
                program.sink.report(errors.RECURSIVE_TASK, span, cycle=names)
            else:
                visit(callee)
        path.pop()
        finished[task] = None

    for task in program.tasks.values():
        if task not in finished:
            visit(task)
    return tuple(finished)


def first_loops(program: Program, ordered: tuple[TaskSymbol, ...]) -> dict[TaskSymbol, Span]:
    """For each task that loops, itself or through others, the `for` that does."""
    loops: dict[TaskSymbol, Span] = {}
    for task in ordered:
        for statement in statements(task.declaration.body):
            if isinstance(statement, ast.ForStmt):
                start = statement.start
                loops.setdefault(task, Span(task.module.source, start, start + len("for")))
            elif isinstance(statement, ast.CallStmt):
                callee = program.calls.get(statement)
                if callee in loops:
                    loops.setdefault(task, loops[callee])
    return loops


def report_nested_calls(
    program: Program, module: ast.Module, body: ast.Block, loops: dict[TaskSymbol, Span]
) -> None:
    """Report calls inside a `for` of tasks that hold a `for`."""
    for statement in statements(body):
        if not isinstance(statement, ast.ForStmt):
            continue
        for call in calls_in(statement.body):
            callee = program.calls.get(call)
            if callee in loops:
                program.sink.report(
                    errors.NESTED_FOR,
                    call.task.span(module.source),
                    labels=(Label(loops[callee], f"the `for` that `{callee.name}` runs"),),
                )
