"""Checks what `type` types: its format, a date of the desktop, and text with a bare `$name`."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import ValueSymbol
from ..names.references import spell_name
from ..names.scopes import ValueScope
from ..program import Program
from ..types import PRIMITIVE, TODAY, Day, Primitive, Type, Unknown, describe_type, strip_optional
from ..values.displays import example_formats, find_meant_format, has_displays, problem_of

# The format after `type ... as`.


def check_display(scope: ValueScope, display: ast.StringLit, type_: Type) -> None:
    """Report a format that values of `type_` do not support."""
    inner = strip_optional(type_)
    if isinstance(inner, Unknown):
        return
    span = display.span(scope.source)
    if not isinstance(inner, Primitive) or not has_displays(inner.name):
        scope.report(errors.NO_DISPLAYS, span, type=describe_type(inner))
        return
    problem = problem_of(inner.name, display.value)
    if problem is None:
        return
    meant = find_meant_format(inner.name, display.value)
    scope.report(
        errors.UNKNOWN_DISPLAY,
        span,
        display=display.value,
        type=inner.name,
        problem=problem,
        help=_nearest_formats(inner.name, meant.display),
        fixes=(_write_display(span, meant.display),) if meant.certain else (),
    )


def _nearest_formats(type_name: str, near: str) -> str:
    others = " or ".join(f"`{each}`" for each in example_formats(type_name) if each != near)
    return f"the nearest format is `{near}`; others look like {others}"


def _write_display(span: Span, display: str) -> Fix:
    return Fix(f"write `{display}`", (Edit(span, f'"{display}"'),), "safe")


# Typed dates: `type today - 7d as "MM/dd/yyyy" into …`, computed by a command on the desktop.

MOST_DAYS = 366_000
"""The maximum distance in days of a typed date from today: a thousand years."""

_LENGTHS = {"d": 1, "w": 7, "mo": 31, "y": 366}


def is_today(scope: ValueScope, value: ast.Ref | ast.Text | ast.DayExpr) -> bool:
    """Whether a value is a plain `today`, which no input, const or other value has as its name."""
    return (
        isinstance(value, ast.Ref)
        and (value.secret, value.name.text, value.path) == (False, TODAY, ())
        and not _is_declared(scope, TODAY)
    )


def _is_declared(scope: ValueScope, name: str) -> bool:
    return name in scope.module.names or name in scope.symbols


def check_typed_day(scope: ValueScope, statement: ast.TypeStmt) -> None:
    """Record the date that a statement types, or report that it cannot be computed."""
    program = scope.program
    if statement.display is not None:
        check_display(scope, statement.display, PRIMITIVE["date"])
    day = statement.value
    if not isinstance(day, ast.DayExpr):
        program.typed_days[statement] = Day(TODAY, "", ())
        return
    source = scope.source
    base, shifts = day.base, tuple((each.count, each.unit) for each in day.shifts)
    if sum(abs(count) * _LENGTHS[unit] for count, unit in shifts) > MOST_DAYS:
        why = "it is more than a thousand years away"
        scope.report(errors.UNUSABLE_DAY, day, name=TODAY, why=why)
    elif isinstance(base, ast.StartOf):
        program.typed_days[statement] = Day(base.unit, "", shifts)
    elif is_today(scope, base) if isinstance(base, ast.Ref) else False:
        program.typed_days[statement] = Day(TODAY, "", shifts)
    else:
        span = base.span(source)
        scope.report(errors.TYPED_DAY_BASE, span, name=span.text, day=day.span(source).text)


# Typed text that names a value without braces, as in `type "$pin" into "PIN"`.

_SIGN = re.compile(r"\$(?P<name>[A-Za-z_]\w*)")


def check_typed_signs(scope: ValueScope, statement: ast.TypeStmt) -> None:
    """Report each `$name` in a typed text if `name` may be a value."""
    text = statement.value
    if not isinstance(text, ast.Text):
        return
    source = scope.source
    for part in text.parts:
        if not isinstance(part, ast.TextLiteral):
            continue
        for found in _SIGN.finditer(source.text, part.start, part.end):
            symbol = scope.symbols.get(found["name"])
            if symbol is not None:
                place = Span(source, *found.span())
                _report_sign(scope.program, place, text.span(source), symbol)


def _report_sign(program: Program, place: Span, whole: Span, symbol: ValueSymbol) -> None:
    """Report one `$name`; `whole` is the text that contains it, with its quotes."""
    if whole.text.strip('"').strip() == place.text:
        right, replaced = spell_name(symbol.name, symbol.kind, in_text=False), whole
    else:
        right, replaced = spell_name(symbol.name, symbol.kind, in_text=True), place
    program.sink.report(
        errors.SIGN_IN_TYPED_TEXT,
        place,
        written=place.text,
        kind=symbol.kind,
        name=symbol.name,
        right=right,
        labels=(Label(symbol.span, f"the {symbol.title} is declared here"),),
        fixes=(Fix(f"write `{right}`", (Edit(replaced, right),), "unsafe"),),
    )
