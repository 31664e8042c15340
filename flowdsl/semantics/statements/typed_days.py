"""Days that are typed: `type today - 7d as "MM/dd/yyyy" into …`, by a command of the desktop."""

from __future__ import annotations

from flowdsl.syntax import ast

from .. import errors
from ..names.scopes import ValueScope
from ..program import Program
from ..types import PRIMITIVE, TODAY, Day
from .displays import check_display

MOST_DAYS = 366_000
"""Days that a typed day may be away from today: a thousand years."""

_LENGTHS = {"d": 1, "w": 7, "mo": 31, "y": 366}


def is_today(scope: ValueScope, value: ast.Ref | ast.Text | ast.DayExpr) -> bool:
    """Whether a value is a bare `today`, which no input, const or other value has as its name."""
    return (
        isinstance(value, ast.Ref)
        and (value.sigil, value.name.text, value.path) == (ast.INPUT, TODAY, ())
        and not _is_declared(scope, TODAY)
    )


def _is_declared(scope: ValueScope, name: str) -> bool:
    return name in scope.module.names or name in scope.known()[ast.INPUT]


def check_typed_day(program: Program, scope: ValueScope, statement: ast.TypeStmt) -> None:
    """Note the day that a statement types, or report that nobody can count it."""
    if statement.display is not None:
        check_display(program, scope, statement.display, PRIMITIVE["date"])
    day = statement.value
    if not isinstance(day, ast.DayExpr):
        program.typed_days[statement] = Day(TODAY, "", ())
        return
    source = scope.module.source
    base, shifts = day.base, tuple((each.count, each.unit) for each in day.shifts)
    if sum(abs(count) * _LENGTHS[unit] for count, unit in shifts) > MOST_DAYS:
        why = "it is more than a thousand years away"
        program.sink.report(errors.UNUSABLE_DAY, day.span(source), name=TODAY, why=why)
    elif isinstance(base, ast.StartOf):
        program.typed_days[statement] = Day(base.unit, "", shifts)
    elif is_today(scope, base) if isinstance(base, ast.Ref) else False:
        program.typed_days[statement] = Day(TODAY, "", shifts)
    else:
        span = base.span(source)
        program.sink.report(errors.TYPED_DAY_BASE, span, name=span.text, day=day.span(source).text)
