"""Who calls whom: the order of tasks, recursion, and loops inside loops."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.errors import NESTING_TOO_DEEP
from flowdsl.syntax.statements import keyword_span

from .. import errors
from ..model import TaskSymbol
from ..program import MAX_CHAIN, Program
from .summaries import Summaries, summary_of


def calls_in(program: Program, body: ast.Block) -> Iterator[ast.CallStmt]:
    """The calls of a body, in source order."""
    for statement in program.statements(body):
        if isinstance(statement, ast.CallStmt):
            yield statement


def order_tasks(program: Program) -> tuple[TaskSymbol, ...]:
    """The tasks in an order in which every task follows those it calls.

    Recursion is reported once for each cycle. A call that makes a chain of calls deeper than
    `MAX_CHAIN` is reported and taken out of `program.calls`, so that no later phase recurses too
    deeply.
    """
    finished: dict[TaskSymbol, int] = {}
    path: list[TaskSymbol] = []

    def visit(task: TaskSymbol) -> None:
        """Visit the tasks that `task` calls, then note how deep its calls go."""
        path.append(task)
        levels = 0
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
            if callee not in finished and len(path) <= MAX_CHAIN:
                visit(callee)
            below = inside + 1 + finished.get(callee, MAX_CHAIN)
            if below > MAX_CHAIN:
                program.sink.report(NESTING_TOO_DEEP, span, what="calls of tasks", limit=MAX_CHAIN)
                del program.calls[call]
            else:
                levels = max(levels, below)
        path.pop()
        finished[task] = levels

    for task in program.tasks.values():
        if task not in finished:
            visit(task)
    return tuple(finished)


def _calls_with_depth(program: Program, body: ast.Block) -> Iterator[tuple[ast.CallStmt, int]]:
    """The calls of a body, each with the number of statements around it."""
    around: list[ast.Stmt] = []
    calls = list(calls_in(program, body))
    for statement in program.statements(body) if calls else ():
        while around and around[-1].end <= statement.start:
            around.pop()
        if isinstance(statement, ast.CallStmt):
            yield statement, len(around)
        else:
            around.append(statement)


def first_loop(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> Span | None:
    """The first `for` in a body or in the tasks it calls, at its keyword; None without one."""
    for statement in program.statements(body):
        if isinstance(statement, ast.ForStmt):
            return keyword_span(statement, source)
        if isinstance(statement, ast.CallStmt):
            loop = summary_of(summaries, program.calls.get(statement)).loop
            if loop is not None:
                return loop
    return None


def report_nested_calls(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> None:
    """Report the calls inside a `for` whose task runs a `for` itself."""
    looping: list[tuple[ast.CallStmt, TaskSymbol, Span]] = []
    for call in calls_in(program, body):
        task = program.calls.get(call)
        loop = summary_of(summaries, task).loop
        if task is not None and loop is not None:
            looping.append((call, task, loop))
    for statement in program.statements(body) if looping else ():
        if not isinstance(statement, ast.ForStmt):
            continue
        for call, task, loop in looping:
            if statement.start < call.start < statement.end:
                program.sink.report(
                    errors.NESTED_FOR,
                    call.task.span(source),
                    labels=(Label(loop, f"the `for` that `{task.name}` runs"),),
                )
