"""Checks values known at compile time against the annotations of their field."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..program import Program
from ..types import NO_CONSTRAINTS, FieldType
from .formats import TYPE_OF_FORMAT, is_spelled
from .spelling import spell_constant

_SHOWN = 60
"""The maximum length of a value in a message; longer ones are cut."""


def check_bounds(
    program: Program, span: Span, expr: ast.Expr | None, value: Any, field: FieldType
) -> None:
    """Report, at `span`, a value that an annotation of `field` excludes.

    For a list literal, only the number of entries has to be known.
    """
    if field.constraints is NO_CONSTRAINTS:
        return
    if isinstance(expr, ast.ListExpr):
        _check_count(program, span, len(expr.items), field)
    elif isinstance(value, list):
        _check_count(program, span, len(value), field)
    elif isinstance(value, str):
        _check_text(program, span, value, field)
    elif is_number(value):
        _check_number(program, span, value, field)


def is_number(value: Any) -> bool:
    """Whether a constant in JSON form is a number.

    A `Decimal` is recognised by the name of its class, so that its module need not be imported.
    """
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or type(value).__name__ == "Decimal"


def _check_count(program: Program, span: Span, count: int, field: FieldType) -> None:
    least, most = field.constraints.min_items, field.constraints.max_items
    shown = "1 entry" if count == 1 else f"{count} entries"
    if least is not None and count < least:
        _report(program, span, f"a list of {shown} is below", "min_items", str(least), field)
    elif most is not None and count > most:
        _report(program, span, f"a list of {shown} is above", "max_items", str(most), field)


def _check_number(program: Program, span: Span, value: Any, field: FieldType) -> None:
    least, most = field.constraints.minimum, field.constraints.maximum
    if least is not None and value < parse_bound(least):
        _report(program, span, f"`{spell_constant(value)}` is below", "min", str(least), field)
    elif most is not None and value > parse_bound(most):
        _report(program, span, f"`{spell_constant(value)}` is above", "max", str(most), field)


def parse_bound(bound: int | str) -> Any:
    """Return the number of a bound, which is an `int` or a decimal spelling."""
    if isinstance(bound, int):
        return bound
    from decimal import Decimal  # most programs have no decimal number, and the import is slow

    return Decimal(bound)


def _check_text(program: Program, span: Span, value: str, field: FieldType) -> None:
    pattern, format_ = field.constraints.pattern, field.constraints.format
    shown = _quote_value(value)
    least, most = field.constraints.min_length, field.constraints.max_length
    if least is not None and len(value) < least:
        problem = f"{shown}, {_count_characters(value)} long, is below"
        _report(program, span, problem, "min_length", str(least), field)
    elif most is not None and len(value) > most:
        problem = f"{shown}, {_count_characters(value)} long, is above"
        _report(program, span, problem, "max_length", str(most), field)
    if pattern is not None:
        _check_pattern(program, span, pattern, value, field)
    type_name = TYPE_OF_FORMAT.get(format_ or "")
    if type_name is not None and not is_spelled(type_name, value):
        _report(program, span, f"{shown} does not fit", "format", f'"{format_}"', field)


def _count_characters(value: str) -> str:
    return "1 character" if len(value) == 1 else f"{len(value)} characters"


def _quote_value(value: str) -> str:
    return f"`{make_quotable(value)}`" if value else "an empty text"


def make_quotable(text: str) -> str:
    """Return a text that fits between backticks: on one line, and cut if it is long."""
    flat = " ".join(text.split()).replace("`", "'")
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def _check_pattern(
    program: Program, span: Span, pattern: str, value: str, field: FieldType
) -> None:
    from flowdsl.source.patterns import Unusable, may_be_found  # few programs have a pattern

    shown = _quote_value(value)
    try:
        if not may_be_found(pattern, value):
            _report(program, span, f"{shown} does not match", "pattern", None, field)
    except Unusable as unusable:
        if unusable.is_legal:  # an invalid pattern is reported at its own place
            program.sink.report(
                errors.UNCHECKED_PATTERN,
                span,
                value=shown,
                name=field.name,
                why=unusable.why,
                labels=_bound_labels(program, "pattern", field),
            )


def _report(
    program: Program, span: Span, problem: str, bound: str, argument: str | None, field: FieldType
) -> None:
    program.sink.report(
        errors.VALUE_OUT_OF_BOUNDS,
        span,
        problem=problem,
        bound=f"@{bound}" if argument is None else f"@{bound}({argument})",
        name=field.name,
        labels=_bound_labels(program, bound, field),
    )


def _bound_labels(program: Program, bound: str, field: FieldType) -> tuple[Label, ...]:
    place = program.bound_places.get(field.constraints, {}).get(bound)
    return () if place is None else (Label(place, "the bound"),)
