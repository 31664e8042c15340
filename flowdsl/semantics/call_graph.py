"""Who calls whom: the order of tasks, recursion, and loops inside loops."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from . import errors
from .model import TaskSymbol
from .program import Program
from .summaries import Summaries, summary_of


def calls_in(program: Program, body: ast.Block) -> Iterator[ast.CallStmt]:
    """The calls of a body, in source order."""
    for statement in program.statements(body):
        if isinstance(statement, ast.CallStmt):
            yield statement


def order_tasks(program: Program) -> tuple[TaskSymbol, ...]:
    """Every task after those it calls; recursion is reported once for each cycle."""
    finished: dict[TaskSymbol, None] = {}
    path: list[TaskSymbol] = []

    def visit(task: TaskSymbol) -> None:
        path.append(task)
        for call in calls_in(program, task.declaration.body):
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


def first_loop(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> Span | None:
    """The first `for` that runs in a body, itself or in the tasks it calls; None when none does."""
    for statement in program.statements(body):
        if isinstance(statement, ast.ForStmt):
            return Span(source, statement.start, statement.start + len("for"))
        if isinstance(statement, ast.CallStmt):
            loop = summary_of(summaries, program.calls.get(statement)).loop
            if loop is not None:
                return loop
    return None


def report_nested_calls(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> None:
    """Report calls inside a `for` of tasks that run a `for`."""
    for statement in program.statements(body):
        if not isinstance(statement, ast.ForStmt):
            continue
        for call in calls_in(program, statement.body):
            task = program.calls.get(call)
            loop = summary_of(summaries, task).loop
            if task is not None and loop is not None:
                program.sink.report(
                    errors.NESTED_FOR,
                    call.task.span(source),
                    labels=(Label(loop, f"the `for` that `{task.name}` runs"),),
                )
