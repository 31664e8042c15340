"""Which workflows may type days of the desktop: those that say `terminal { dates = true }`."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import TaskSymbol, WorkflowSymbol
from ..program import Program
from .constants import constant_json


def check_dates_allowed(program: Program) -> None:
    """Report each typed day in a workflow that does not say `terminal { dates = true }`."""
    if not program.typed_days:
        return
    for workflow in program.workflows.values():
        if _allows_dates(program, workflow):
            continue
        for item in workflow.declaration.items:
            if isinstance(item, ast.StepsSection):
                for span, call in _typed_in(program, item.body, workflow.module, None, []):
                    labels = () if call is None else (Label(call, "this call leads there"),)
                    program.sink.report(errors.DAY_NEEDS_TERMINAL, span, labels=labels)


def _allows_dates(program: Program, workflow: WorkflowSymbol) -> bool:
    return any(
        setting.name.text == "dates" and constant_json(program, setting.value) is True
        for item in workflow.declaration.items
        if isinstance(item, ast.TerminalSection)
        for setting in item.settings
    )


def _typed_in(
    program: Program,
    body: ast.Block,
    module: ast.Module,
    call: Span | None,
    active: list[TaskSymbol],
) -> Iterator[tuple[Span, Span | None]]:
    """The days that a body types, also in tasks, each with the call in the workflow."""
    for statement in program.statements(body):
        if isinstance(statement, ast.CallStmt):
            task = program.calls.get(statement)
            if task is not None and task not in active:
                leads = call or Span(module.source, statement.start, statement.task.end)
                inner = task.declaration.body
                yield from _typed_in(program, inner, task.module, leads, [*active, task])
        elif isinstance(statement, ast.TypeStmt) and statement in program.typed_days:
            yield statement.value.span(module.source), call
