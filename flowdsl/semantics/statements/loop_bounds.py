"""How often and how long: the entries of a `for`, limits of loops and attempts, durations."""

from __future__ import annotations

from typing import Any

from flowdsl.syntax import ast

from .. import errors, places
from ..names.paths import field_of
from ..names.scopes import ValueScope
from ..program import Program
from ..types import ANY, INT, STRING, UNKNOWN, Enum, ListOf, Type, Unknown, describe, strip_optional
from ..values.expressions import check_value, infer


def entries_of(program: Program, scope: ValueScope, statement: ast.ForStmt) -> Type:
    """The type of the entries of a `for`; a list without a bound is reported."""
    iterable = statement.iterable
    if isinstance(iterable, ast.IntLit):
        infer(program, scope, iterable, places.LOOP_SOURCE)
        check_count(program, scope, iterable)
        return INT
    type_ = infer(program, scope, iterable, places.LOOP_SOURCE)
    inner = strip_optional(type_)
    constant = iterable in program.constants
    if inner == INT and constant:
        return INT
    if isinstance(inner, Unknown):
        return UNKNOWN
    if not isinstance(inner, ListOf) and inner != ANY:
        span = iterable.span(scope.module.source)
        program.sink.report(errors.NOT_A_LIST, span, written=span.text, type=describe(type_))
        return UNKNOWN
    if statement.limit is None and not constant and not _is_bounded(program, iterable):
        span = iterable.span(scope.module.source)
        program.sink.report(errors.MISSING_BOUND, span, statement="for", after="the list")
    return _element_of(inner, program.constants.get(iterable))


def _is_bounded(program: Program, iterable: ast.Ref | ast.ListExpr) -> bool:
    if isinstance(iterable, ast.ListExpr):
        return True
    field = field_of(program, iterable)
    return field is not None and field.constraints.max_items is not None


def _element_of(list_type: Type, value: Any) -> Type:
    """The type of the entries of a list; for a known list of texts, the enum of these texts."""
    if not isinstance(list_type, ListOf):
        return ANY
    if list_type.element == STRING and isinstance(value, list) and value:
        return Enum(tuple(dict.fromkeys(value)))
    return list_type.element


def check_limit(program: Program, scope: ValueScope, limit: ast.IntLit | ast.ConstRef) -> None:
    """Check the `max` of a loop, or the number of attempts: a whole number, 1 or more."""
    check_value(program, scope, limit, INT, places.CONSTANT, "a bound")
    check_count(program, scope, limit)


def check_count(program: Program, scope: ValueScope, count: ast.IntLit | ast.ConstRef) -> None:
    """Report a known number below 1."""
    value = count.value if isinstance(count, ast.IntLit) else program.constants.get(count)
    if isinstance(value, int) and value < 1:
        span = count.span(scope.module.source)
        program.sink.report(errors.BOUND_TOO_SMALL, span, value=value)


def check_duration(program: Program, scope: ValueScope, duration: ast.Duration | None) -> None:
    """Report a duration of zero."""
    if duration is not None and duration.milliseconds < 1:
        span = duration.span(scope.module.source)
        help = "the least is `1ms`"
        program.sink.report(errors.BOUND_TOO_SMALL, span, value=duration.text, help=help)
