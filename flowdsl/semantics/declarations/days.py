"""Dates computed at run time: as defaults of inputs (`today - 7d`), and in `type` statements."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..calls.call_graph import find_reached_bodies
from ..model import WorkflowSymbol
from ..names.scopes import ValueScope
from ..program import ModuleScope, Program
from ..types import FIXED, PRIMITIVE, TODAY, Day, FieldType, Optional, Type, Unknown, describe_type
from ..types import INPUT as EARLIER
from ..values.expressions import infer_type
from ..values.formats import is_spelled
from .constants import constant_json

DATE = PRIMITIVE["date"]


def names_day(
    scope: ModuleScope, default: ast.Literal | ast.DayExpr, others: Mapping[str, FieldType | None]
) -> bool:
    """Whether a default is a date computed when a run begins: `today - 7d`, or a plain name.

    `others` are the other inputs; a plain name counts if it is one of them, or `today`. If an input
    or const is called `today`, the name refers to that instead.
    """
    if isinstance(default, ast.DayExpr):
        return True
    if not isinstance(default, ast.ConstRef) or default.name.namespace is not None:
        return False
    name = default.name.name.text
    return name in others or (name == TODAY and name not in scope.names)


def check_day(
    scope: ModuleScope,
    default: ast.ConstRef | ast.DayExpr,
    type_: Type,
    others: Mapping[str, FieldType | None] | None,
) -> Day | None:
    """Return the date that the default of a field means; None, with a report, if it means none.

    `others` maps the other inputs to their types; those declared further down map to None. `others`
    itself is None if the field is not an input.
    """
    if others is None or (type_ != DATE and not isinstance(type_, Unknown)):
        why = "this is no input" if others is None else f"this is a `{describe_type(type_)}`"
        scope.report(errors.MISPLACED_DAY, default, why=why)
        return None
    if isinstance(default, ast.ConstRef):
        return _resolve_day(scope, default, (), others)
    shifts = tuple((each.count, each.unit) for each in default.shifts)
    if isinstance(default.base, ast.StartOf):
        return Day(default.base.unit, "", shifts)
    assert isinstance(default.base, ast.ConstRef), "only a `type` names a value"
    return _resolve_day(scope, default.base, shifts, others)


def _resolve_day(
    scope: ModuleScope,
    base: ast.ConstRef,
    shifts: tuple[tuple[int, str], ...],
    others: Mapping[str, FieldType | None],
) -> Day | None:
    """Resolve a name and `shifts` to a day; None, with a report, if the name cannot be used."""
    name = base.name.name.text
    if base.name.namespace is None and name in others:
        field = others[name]
        why = _why_not(field)
        if field is not None and why is None:
            return Day(EARLIER, field.wire_name, shifts)
    elif base.name.namespace is None and name == TODAY and name not in scope.names:
        return Day(TODAY, "", shifts)
    else:
        found = infer_type(ValueScope(scope), base, places.CONSTANT)
        value = scope.program.constants.get(base)
        if isinstance(value, str) and is_spelled("date", value):
            return Day(FIXED, value, shifts)
        if isinstance(found, Unknown):
            return None
        why = "its value is not spelled as a date is"
    span = base.span(scope.source)
    scope.report(errors.UNUSABLE_DAY, span, name=span.text, why=why)
    return None


def _why_not(field: FieldType | None) -> str | None:
    """Return why an input cannot be the base of a date; None if it can."""
    if field is None:
        return "it is declared below"
    if field.constraints.machine:
        return "a machine supplies it, so that nobody knows it before the run"
    if isinstance(field.type, Optional):
        return "it may be missing"
    if field.type == DATE or isinstance(field.type, Unknown):
        return None
    return f"its type is `{describe_type(field.type)}`"


# Dates from the desktop's clock may be typed in workflows with `terminal { dates = true }`.


def check_dates_allowed(program: Program) -> None:
    """Report each typed date in a workflow without `terminal { dates = true }`."""
    for workflow in program.workflows.values():
        steps = workflow.declaration.steps
        if steps is None or _allows_dates(program, workflow):
            continue
        source = workflow.module.source
        for body, task, call in find_reached_bodies(program, steps):
            labels: tuple[Label, ...] = ()
            if call is not None:
                leads = Span(source, call.start, call.task.end)
                labels = (Label(leads, "this call leads there"),)
            for each in program.statements(body):
                if each in program.typed_days and isinstance(each, ast.TypeStmt):
                    span = each.value.span(source if task is None else task.module.source)
                    program.sink.report(errors.DAY_NEEDS_TERMINAL, span, labels=labels)


def _allows_dates(program: Program, workflow: WorkflowSymbol) -> bool:
    return any(
        setting.name.text == "dates" and constant_json(program, setting.value) is True
        for item in workflow.declaration.items
        if isinstance(item, ast.TerminalSection)
        for setting in item.settings
    )
