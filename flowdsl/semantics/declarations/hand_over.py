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
from flowdsl.syntax import ast

from .. import errors
from ..model import INPUT, STEP, ValueSymbol
from ..names.scopes import ValueScope
from ..program import Program
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
from ..values.bounds import is_number, make_quotable
from ..values.expressions import key_text

_DATES = ("2026-01-31", "1999-12-01", "2024-02-29")


def check_hand_over(
    program: Program, scope: ValueScope, value: ast.Expr, target: ValueSymbol
) -> None:
    """Report a value that `target` refuses and an earlier output, or a chain's input, may have."""
    if _report_unlisted_field(program, scope, value, target.type, target):
        return
    if not isinstance(value, ast.Ref) or target.field is None:
        return
    span = value.span(scope.module.source)
    source = _field_at(program, value)
    if source is None:
        return
    for have, want in _pair_fields(source, target.field):
        for shown, constant in _generate_possible_values(have, want):
            broken = _find_broken_bound(constant, want.constraints)
            if broken is None:
                continue
            problem, bound, argument = broken
            place = program.bound_places.get(want.constraints, {}).get(bound)
            program.sink.report(
                errors.VALUE_OUT_OF_BOUNDS,
                span,
                problem=(
                    f"{shown}, which {_describe_source(span.text, source, have)} may be, {problem}"
                ),
                bound=f"@{bound}" if argument is None else f"@{bound}({argument})",
                name=want.name,
                help="give both the same bounds, or a value that the input takes",
                labels=() if place is None else (Label(place, "the bound"),),
            )
            return


def _report_unlisted_field(
    program: Program, scope: ValueScope, value: ast.Expr, want: Type, target: ValueSymbol
) -> bool:
    """Report a record that is handed on with a field that the receiving one does not have."""
    wanted = strip_optional(want)
    if isinstance(value, ast.ListExpr) and isinstance(wanted, ListOf):
        inner = [(item, wanted.element) for item in value.items]
    elif isinstance(value, ast.ObjectExpr) and isinstance(wanted, RecordOf):
        named = [(pair.value, wanted.by_either_name(key_text(pair.key))) for pair in value.pairs]
        inner = [(each, field.type) for each, field in named if field is not None]
    elif isinstance(value, ast.Ref):
        unlisted = _find_unlisted_field(program.ref_types.get(value, UNKNOWN), want)
        if unlisted is not None:
            program.sink.report(
                errors.UNKNOWN_FIELD,
                value.span(scope.module.source),
                owner=target.name,
                name=unlisted,
                help="an input takes no other fields: declare it, or hand on `{ ... }` without it",
                labels=(Label(target.span, "the input"),),
            )
        return unlisted is not None
    else:
        inner = []
    reported = [
        _report_unlisted_field(program, scope, each, type_, target) for each, type_ in inner
    ]
    return any(reported)


def _find_unlisted_field(have: Type, want: Type) -> str | None:
    """Return a field of a record, at any depth, that the receiving record does not have."""
    source, target = strip_optional(have), strip_optional(want)
    if isinstance(source, ListOf) and isinstance(target, ListOf):
        return _find_unlisted_field(source.element, target.element)
    if not (isinstance(source, RecordOf) and isinstance(target, RecordOf)) or source is target:
        return None
    for field in source.fields:
        wanted = target.field(field.name)
        inner = field.name if wanted is None else _find_unlisted_field(field.type, wanted.type)
        if inner is not None:
            return inner
    return None


def _describe_source(text: str, source: FieldType, have: FieldType) -> str:
    return f"`{text}`" if have is source else f"`{have.name}` of `{text}`"


def _field_at(program: Program, ref: ast.Ref) -> FieldType | None:
    """Return the output or input that a reference ends at; None for a part without bounds."""
    symbol = program.values.get(ref)
    if symbol is None or symbol.kind not in (INPUT, STEP):
        return None
    field, type_ = symbol.field, symbol.type
    for part in ref.path:
        inner = strip_optional(type_)
        if not isinstance(inner, RecordOf) or not isinstance(part, ast.FieldAccess):
            return None
        field = inner.by_either_name(part.name)
        if field is None:
            return None
        type_ = field.type
    return field


def _pair_fields(have: FieldType, want: FieldType) -> Iterator[tuple[FieldType, FieldType]]:
    """Pair a field with the one that receives it, and likewise the fields inside both."""
    yield have, want
    yield from _pair_inner_fields(have.type, want.type)


def _pair_inner_fields(have: Type, want: Type) -> Iterator[tuple[FieldType, FieldType]]:
    source, target = strip_optional(have), strip_optional(want)
    if isinstance(source, ListOf) and isinstance(target, ListOf):
        yield from _pair_inner_fields(source.element, target.element)
    elif isinstance(source, RecordOf) and isinstance(target, RecordOf) and source is not target:
        for field in target.fields:
            given = source.field(field.name)
            if given is not None:
                yield from _pair_fields(given, field)


def _generate_possible_values(have: FieldType, want: FieldType) -> Iterator[tuple[str, Any]]:
    """Generate values that the type of `have` allows, with descriptions: those at its bounds."""
    of, wanted = have.constraints, want.constraints
    inner = strip_optional(have.type)
    match inner:
        case Enum(values=values):
            yield from ((f"`{make_quotable(str(each))}`", each) for each in values)
        case ListOf():
            for count in (of.min_items, of.max_items):
                if count is not None:
                    words = "1 entry" if count == 1 else f"{count} entries"
                    yield f"a list of {words}", [None] * count
        case Primitive("int" | "number"):
            if of.minimum is not None and wanted.minimum is not None:
                yield from _generate_number(of.minimum, inner, "ROUND_CEILING")
            if of.maximum is not None and wanted.maximum is not None:
                yield from _generate_number(of.maximum, inner, "ROUND_FLOOR")
        case Primitive("date") if wanted.pattern is not None:
            refused = [each for each in _DATES if _find_broken_bound(each, wanted) is not None]
            if len(refused) == len(_DATES):  # a pattern that only some dates match is not reported
                yield f"`{refused[0]}`", refused[0]
        case Primitive("string"):
            yield from _generate_texts(of, wanted)
        case _:
            return


def _generate_number(
    bound: int | str, type_: Primitive, rounding: str
) -> Iterator[tuple[str, Any]]:
    number = _decimal(bound)
    if type_.name == "int":
        number = number.to_integral_value(rounding)
    yield f"`{number}`", number


def _generate_texts(of: Constraints, wanted: Constraints) -> Iterator[tuple[str, Any]]:
    """Generate texts that have the declared lengths and match the declared pattern."""
    if of.pattern is None:
        for length, other in (
            (of.min_length, wanted.min_length),
            (of.max_length, wanted.max_length),
        ):
            if length is not None and other is not None and wanted.pattern is None:
                words = "1 character" if length == 1 else f"{length} characters"
                yield f"a text of {words}", "x" * length
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
            yield f"`{make_quotable(text)}`", text


def _decimal(number: int | str) -> Any:
    from decimal import Decimal  # few chains pass on a number that has bounds

    return Decimal(number)


def _find_broken_bound(value: Any, bounds: Constraints) -> tuple[str, str, str | None] | None:
    """Return how a value violates a bound, the bound's name and argument; None if it is valid."""
    least: int | str | None
    most: int | str | None
    if is_number(value):
        least, most, name, number = bounds.minimum, bounds.maximum, "", _decimal(value)
    elif isinstance(value, list):
        least, most, name = bounds.min_items, bounds.max_items, "_items"
        number = len(value)
    else:
        least, most, name = bounds.min_length, bounds.max_length, "_length"
        number = len(value)
    if least is not None and number < _decimal(least):
        return "is below", f"min{name}", str(least)
    if most is not None and number > _decimal(most):
        return "is above", f"max{name}", str(most)
    if isinstance(value, str) and bounds.pattern is not None:
        from flowdsl.source.patterns import may_match

        if not may_match(bounds.pattern, value):
            return "does not match", "pattern", None
    return None
