"""Checks whether an expression fits its place, and writes the message if it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..model import CONST
from ..names.scopes import ValueScope
from ..places import Place
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    DESCRIBED,
    INT,
    NUMBER,
    STRING,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
    Unknown,
    describe_type,
    spell_enum_value,
    strip_optional,
)
from .assignability import TEXTUAL, is_assignable, pair_fields
from .bounds import check_bounds, is_number
from .formats import example_value, has_spelling, is_spelled

_NUMBER_OR_BOOL = r"-?\d+(\.\d+)?|true|false"


def check_fit(
    scope: ValueScope, expr: ast.Expr, found: Type, wanted: Type, place: Place, what: str
) -> None:
    """Report `expr`, of the type `found`, if it is not a value of `wanted`.

    For a known text, its spelling decides.
    """
    program = scope.program
    inner = strip_optional(wanted)
    constant = program.constants.get(expr)
    if isinstance(inner, Enum) and inner.is_of_kind(constant):
        _check_enum_value(program, expr.span(scope.source), constant, inner, what)
        return
    if isinstance(constant, str) and isinstance(strip_optional(found), Primitive | Enum):
        if isinstance(inner, Primitive) and has_spelling(inner.name):
            check_spelling(program, expr.span(scope.source), constant, inner.name)
            return
    elif _is_compound(constant, inner):
        span = expr.span(scope.source)
        _check_compound(program, span, constant, inner, place, what)
        return
    elif found is STRING and isinstance(expr, ast.Text) and is_textual(inner):
        return
    if not is_assignable(found, wanted):
        span = expr.span(scope.source)
        _report_mismatch(program, span, found, wanted, place, what)
    elif found is not wanted and not _is_const(program, expr):
        _check_defaults(program, expr.span(scope.source), found, wanted, what)


def _is_const(program: Program, expr: ast.Expr) -> bool:
    symbol = program.values.get(expr) if isinstance(expr, ast.Ref | ast.ConstRef) else None
    return symbol is not None and symbol.kind == CONST


def _check_defaults(program: Program, span: Span, found: Type, wanted: Type, what: str) -> None:
    """Report a run-time value that lacks a field for which `wanted` has a default."""
    pairs = pair_fields(found, wanted)
    lacking = (field for have, field in pairs if have is None and field is not None)
    field = next((each for each in lacking if each.default is not None), None)
    if field is not None:
        program.sink.report(
            errors.TYPE_MISMATCH,
            span,
            what=what,
            wanted=describe_type(wanted),
            found=describe_type(found),
            help=f"it has no field `{field.name}`, and nothing adds the default to a value that "
            "only a run knows: give it the type where it comes from, or write the record out",
        )


def _check_enum_value(program: Program, span: Span, value: Any, enum: Enum, what: str) -> None:
    if enum.holds(value):
        return
    near = find_closest_name(value, enum.names) if isinstance(value, str) else None
    fixes: tuple[Fix, ...] = ()
    if near is not None and span.text == f'"{value}"':
        fixes = (Fix(f'use `"{near}"`', (Edit(span, f'"{near}"'),)),)
    program.sink.report(
        errors.UNKNOWN_ENUM_VALUE,
        span,
        value=value,
        what=what,
        help=f"its values are {quote_enum_values(enum)}",
        fixes=fixes,
    )


def quote_enum_values(enum: Enum) -> str:
    """Quote the values of an enum, for a sentence.

    Of very many, only the first and the number of the others.
    """
    shown = ", ".join(f"`{spell_enum_value(value)}`" for value in enum.values[:DESCRIBED])
    rest = len(enum.values) - DESCRIBED
    return f"{shown} and {rest} more" if rest > 0 else shown


def check_spelling(program: Program, span: Span, value: str, type_name: str) -> None:
    """Report a literal that is not spelled as its type requires."""
    if not is_spelled(type_name, value):
        program.sink.report(
            errors.MALFORMED_LITERAL,
            span,
            value=value,
            type=type_name,
            help=f"a `{type_name}` looks like {example_value(type_name)}",
        )


def _is_compound(value: Any, wanted: Type) -> bool:
    if isinstance(value, list):
        return isinstance(wanted, ListOf)
    return isinstance(value, dict) and isinstance(wanted, RecordOf)


def _check_compound(
    program: Program, span: Span, value: Any, wanted: Type, place: Place, what: str
) -> None:
    """Check the entries of a known list or object like those of a literal."""
    if isinstance(wanted, ListOf):
        for entry in value:
            check_known(program, span, entry, wanted.element, place, f"an entry of {what}")
    elif isinstance(wanted, RecordOf):
        for field in wanted.fields:
            name = field.name if field.name in value else field.wire_name
            if name in value:
                inside = f"field `{field.name}`"
                check_known(program, span, value[name], field.type, place, inside, field)
            elif field.required:
                program.sink.report(errors.MISSING_FIELD, span, name=field.name, what=what)


def unknown_fields(value: Any, wanted: Type) -> Iterator[tuple[str, RecordOf]]:
    """Yield the fields inside a known value that its type does not have, with the record's type."""
    match value, strip_optional(wanted):
        case list(), ListOf(element):
            for entry in value:
                yield from unknown_fields(entry, element)
        case dict(), RecordOf() as record:
            for name, inner in value.items():
                field = record.by_either_name(name)
                if field is None:
                    yield name, record
                else:
                    yield from unknown_fields(inner, field.type)
        case _:
            pass


def check_known(
    program: Program,
    span: Span,
    value: Any,
    wanted: Type,
    place: Place,
    what: str,
    field: FieldType | None = None,
) -> None:
    """Report a known value that is not one of `wanted`, as `check_fit` does for an expression."""
    inner = strip_optional(wanted)
    if _is_compound(value, inner):
        _check_compound(program, span, value, inner, place, what)
    elif isinstance(inner, Enum) and inner.is_of_kind(value):
        _check_enum_value(program, span, value, inner, what)
    elif isinstance(value, str) and isinstance(inner, Primitive) and has_spelling(inner.name):
        check_spelling(program, span, value, inner.name)
    else:
        found = _type_of_constant(value)
        if not is_assignable(found, wanted):
            _report_mismatch(program, span, found, wanted, place, what)
    if field is not None:
        if field.absent and value is None:
            report_null(program, span, what, field)
        check_bounds(program, span, None, value, field)


def report_null(program: Program, span: Span, what: str, field: FieldType) -> None:
    """Report `null` for a field that may be left out and is never null."""
    shown = describe_type(field.type)
    program.sink.report(errors.NULL_FOR_ABSENT, span, what=what, name=field.name, type=shown)


def _type_of_constant(value: Any) -> Type:
    if value is None:
        return Optional(UNKNOWN)
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, str):
        return STRING
    if is_number(value):
        return INT if isinstance(value, int) else NUMBER
    return ListOf(ANY) if isinstance(value, list) else RecordOf(None, ())


def is_textual(type_: Type) -> bool:
    """Whether a value of a built-in type is a text."""
    return isinstance(type_, Primitive) and type_.name in TEXTUAL


def _report_mismatch(
    program: Program, span: Span, found: Type, wanted: Type, place: Place, what: str
) -> None:
    """Report a value that does not fit; one that may be missing has its own message."""
    if isinstance(found, Optional) and isinstance(found.inner, Unknown):
        program.sink.report(errors.NULL_FOR_REQUIRED, span, what=what, type=describe_type(wanted))
    elif isinstance(found, Optional) and is_assignable(found.inner, wanted):
        asked = span.text.strip('"{} \t')
        way_out = f"test the value with `if {asked} is not empty` first"
        if place is places.CHAIN_VALUE:
            way_out = "make the value required where it is declared"
            if (entry := re.search(r"\[(\d+)\]", span.text)) is not None:
                way_out = f"declare its list with `@min_items({int(entry[1]) + 1})`"
        program.sink.report(
            errors.OPTIONAL_FOR_REQUIRED,
            span,
            value=span.text,
            what=what,
            help=f"make {what} optional with `?`, or {way_out}",
        )
    else:
        program.sink.report(
            errors.TYPE_MISMATCH,
            span,
            what=what,
            wanted=describe_type(wanted),
            found=describe_type(found),
            help=_suggest_conversion(span, found, wanted) or _describe_difference(found, wanted),
        )


def _describe_difference(found: Type, wanted: Type) -> str | None:
    """Describe what `found` has that `wanted` lacks, for two enums or two records; else None."""
    have, want = strip_optional(found), strip_optional(wanted)
    if isinstance(have, Enum) and isinstance(want, Enum):
        if have.open and not want.open:
            return f"any text may be a value, and not only {quote_enum_values(want)}"
        extra = Enum(tuple(value for value in have.values if value not in want.known))
        return f"{quote_enum_values(extra)} would not fit" if extra.values else None
    if not (isinstance(have, RecordOf) and isinstance(want, RecordOf)):
        return None
    for field in want.fields:
        given = have.field(field.name)
        if given is None and field.required:
            return f"it has no field `{field.name}`"
        if given is not None and not is_assignable(given.type, field.type):
            return (
                f"its field `{field.name}` is `{describe_type(given.type)}`, and not "
                f"`{describe_type(field.type)}`"
            )
    return None


def _suggest_conversion(span: Span, found: Type, wanted: Type) -> str | None:
    """Suggest how to convert a scalar of one type to another; None without a certain way."""
    inner = strip_optional(wanted)
    if not (isinstance(found, Primitive | Enum) and isinstance(inner, Primitive)):
        return None
    written = span.text
    literal = written.strip('"')
    if inner == STRING:
        if found != STRING and re.fullmatch(_NUMBER_OR_BOOL, written):
            return f'write `"{written}"`, in quotes'
        return f'write `"{{{written}}}"` to make it a text'
    if inner.name in ("int", "number", "bool") and written == f'"{literal}"':
        return (
            f"write `{literal}`, without quotes" if re.fullmatch(_NUMBER_OR_BOOL, literal) else None
        )
    if has_spelling(inner.name) and found == STRING:
        return f"declare the value with the type `{inner.name}` where it is read"
    return None
