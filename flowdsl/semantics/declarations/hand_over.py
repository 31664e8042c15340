"""Checks values that a chain passes between steps against the input that receives them.

The service refuses an input that violates its bounds only when the chain reaches that step, after
the earlier steps have run. If both sides declare a bound, the types show it at compile time.

    outputs { code: string @pattern(r"^[a-z]+$") }      may be "a"
    inputs { code: string @pattern(r"^[A-Z]+$") }       refuses it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from .. import errors
from ..model import INPUT, STEP, ValueSymbol
from ..names.paths import field_of
from ..names.scopes import ValueScope
from ..types import (
    UNKNOWN,
    Constraints,
    Enum,
    FieldType,
    ListOf,
    Primitive,
    RecordOf,
    Type,
    strip_optional,
)
from ..values.assignability import pair_fields
from ..values.bounds import make_quotable
from ..values.expressions import key_text

_DATES = ("2026-01-31", "1999-12-01", "2024-02-29")


def check_hand_over(scope: ValueScope, value: ast.Expr, target: ValueSymbol) -> None:
    """Report a value that `target` refuses and an earlier output, or a chain's input, may have."""
    program = scope.program
    if _report_unlisted_field(scope, value, target.type, target):
        return
    if not isinstance(value, ast.Ref) or target.field is None:
        return
    span = value.span(scope.source)
    symbol, source = program.values.get(value), field_of(program, value)
    if source is None or symbol is None or symbol.kind not in (INPUT, STEP):
        return
    inner = pair_fields(source.type, target.field.type)
    for have, want in ((source, target.field), *inner):
        if have is None or want is None:
            continue
        for possible in _generate_possible_values(have, want):
            broken = _find_broken_bound(possible, want.constraints)
            if broken is None:
                continue
            problem, bound, argument = broken
            place = program.bound_places.get(want.constraints, {}).get(bound)
            scope.report(
                errors.VALUE_OUT_OF_BOUNDS,
                span,
                problem=(
                    f"{possible.shown}, which {_describe_source(span.text, source, have)} may be, "
                    f"{problem}"
                ),
                bound=f"@{bound}" if argument is None else f"@{bound}({argument})",
                name=want.name,
                help="give both the same bounds, or a value that the input takes",
                labels=() if place is None else (Label(place, "the bound"),),
            )
            return


def _report_unlisted_field(
    scope: ValueScope, value: ast.Expr, want: Type, target: ValueSymbol
) -> bool:
    """Report a record that is handed on with a field that the receiving one does not have."""
    wanted = strip_optional(want)
    if isinstance(value, ast.ListExpr) and isinstance(wanted, ListOf):
        inner = [(item, wanted.element) for item in value.items]
    elif isinstance(value, ast.ObjectExpr) and isinstance(wanted, RecordOf):
        named = [(pair.value, wanted.by_either_name(key_text(pair.key))) for pair in value.pairs]
        inner = [(each, field.type) for each, field in named if field is not None]
    elif isinstance(value, ast.Ref):
        pairs = pair_fields(scope.program.ref_types.get(value, UNKNOWN), want)
        unlisted = next((have.name for have, field in pairs if have and field is None), None)
        if unlisted is not None:
            scope.report(
                errors.UNKNOWN_FIELD,
                value,
                owner=target.name,
                name=unlisted,
                help="an input takes no other fields: declare it, or hand on `{ ... }` without it",
                labels=(Label(target.span, "the input"),),
            )
        return unlisted is not None
    else:
        inner = []
    reported = [_report_unlisted_field(scope, each, type_, target) for each, type_ in inner]
    return any(reported)


def _describe_source(text: str, source: FieldType, have: FieldType) -> str:
    return f"`{text}`" if have is source else f"`{have.name}` of `{text}`"


class _PossibleValue(Record):
    """A value that a type allows: what bounds look at, and what it is called in a message.

    `size` is the number itself, the number of entries of a list or the length of a text, which may
    be too large for the value itself to be made; `measure` says which. `text` is a text if it is
    known.
    """

    shown: str
    size: Any
    measure: str
    text: str | None = None


_NUMBER, _ENTRIES, _LENGTH = "", "_items", "_length"
"""What bounds measure, as in the names of annotations: `min`, `min_items`, `min_length`."""


def _make_text(text: str) -> _PossibleValue:
    return _PossibleValue(f"`{make_quotable(text)}`", len(text), _LENGTH, text)


def _make_number(number: Any) -> _PossibleValue:
    return _PossibleValue(f"`{number}`", number, _NUMBER)


def _generate_possible_values(have: FieldType, want: FieldType) -> Iterator[_PossibleValue]:
    """Generate values that the type of `have` allows: those at its bounds."""
    of, wanted = have.constraints, want.constraints
    inner = strip_optional(have.type)
    match inner:
        case Enum(values=values):
            for each in values:
                yield _make_text(each) if isinstance(each, str) else _make_number(each)
        case ListOf():
            for count in (of.min_items, of.max_items):
                if count is not None:
                    words = "1 entry" if count == 1 else f"{count} entries"
                    yield _PossibleValue(f"a list of {words}", count, _ENTRIES)
        case Primitive("int" | "number"):
            if of.minimum is not None and wanted.minimum is not None:
                yield from _generate_number(of.minimum, inner, "ROUND_CEILING")
            if of.maximum is not None and wanted.maximum is not None:
                yield from _generate_number(of.maximum, inner, "ROUND_FLOOR")
        case Primitive("date") if wanted.pattern is not None:
            dates = [_make_text(each) for each in _DATES]
            # A pattern that only some dates match is not reported.
            if all(_find_broken_bound(each, wanted) is not None for each in dates):
                yield dates[0]
        case Primitive("string"):
            yield from _generate_texts(of, wanted)
        case _:
            return


def _generate_number(bound: int | str, type_: Primitive, rounding: str) -> Iterator[_PossibleValue]:
    number = _decimal(bound)
    yield _make_number(number.to_integral_value(rounding) if type_.name == "int" else number)


def _generate_texts(of: Constraints, wanted: Constraints) -> Iterator[_PossibleValue]:
    """Generate texts that have the declared lengths and match the declared pattern."""
    if of.pattern is None:
        for length, other in (
            (of.min_length, wanted.min_length),
            (of.max_length, wanted.max_length),
        ):
            if length is not None and other is not None and wanted.pattern is None:
                words = "1 character" if length == 1 else f"{length} characters"
                yield _PossibleValue(f"a text of {words}", length, _LENGTH)
        return
    if of.pattern == wanted.pattern and of.min_length is None and of.max_length is None:
        return
    from flowdsl.source.matching_text import matching_text  # few programs have a pattern
    from flowdsl.source.patterns import may_match

    least = of.min_length or 0
    for length in (least, least + 4):
        text = matching_text(of.pattern, at_least=length)
        fits = text is not None and may_match(of.pattern, text) and len(text) >= least
        if text is not None and fits and (of.max_length is None or len(text) <= of.max_length):
            yield _make_text(text)


def _decimal(number: int | str) -> Any:
    from decimal import Decimal  # few chains pass on a number that has bounds

    return Decimal(number)


def _find_broken_bound(
    value: _PossibleValue, bounds: Constraints
) -> tuple[str, str, str | None] | None:
    """Return how a value violates a bound, the bound's name and argument; None if it is valid."""
    least, most = {
        _NUMBER: (bounds.minimum, bounds.maximum),
        _ENTRIES: (bounds.min_items, bounds.max_items),
        _LENGTH: (bounds.min_length, bounds.max_length),
    }[value.measure]
    if least is not None and value.size < _decimal(least):
        return "is below", f"min{value.measure}", str(least)
    if most is not None and value.size > _decimal(most):
        return "is above", f"max{value.measure}", str(most)
    if value.text is not None and bounds.pattern is not None:
        from flowdsl.source.patterns import may_match

        if not may_match(bounds.pattern, value.text):
            return "does not match", "pattern", None
    return None
