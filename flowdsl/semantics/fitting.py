"""Whether an expression fits where it stands, and what to say when it does not."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.suggest import closest
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, places
from .assignability import TEXTUAL, assignable
from .places import Place
from .program import Program
from .scopes import ValueScope
from .types import (
    STRING,
    Enum,
    Optional,
    Primitive,
    Type,
    Unknown,
    describe,
    strip_optional,
)

_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
_FORMATS = {
    "date": (_DATE, "`2024-05-31`"),
    "time": (_TIME, "`14:30`"),
    "datetime": (rf"{_DATE}T{_TIME}(Z|[+-]\d\d:\d\d)?", "`2024-05-31T14:30:00Z`"),
    "email": (r"[^@\s]+@[^@\s]+", "`ann@clinic.test`"),
    "url": (r"[A-Za-z][A-Za-z0-9+.-]*:\S+", "`https://portal.test/`"),
}
"""The spelling of a literal of each textual type, and an example. Compiled at first use: most programs hold none."""

_NUMBER_OR_BOOL = r"-?\d+(\.\d+)?|true|false"


def check_fit(
    program: Program,
    scope: ValueScope,
    expr: ast.Expr,
    found: Type,
    wanted: Type,
    place: Place,
    what: str,
) -> None:
    """Report `expr`, of the type `found`, where it is no value of `wanted`. Of a known text the spelling decides."""
    span = expr.span(scope.module.source)
    inner = strip_optional(wanted)
    constant = program.constants.get(expr)
    if isinstance(constant, str) and isinstance(strip_optional(found), Primitive | Enum):
        if isinstance(inner, Enum):
            _check_enum_value(program, span, constant, inner, what)
            return
        if isinstance(inner, Primitive) and inner.name in _FORMATS:
            _check_format(program, span, constant, inner.name)
            return
    elif isinstance(expr, ast.Text) and found == STRING and _is_textual(inner):
        return
    if not assignable(found, wanted):
        _report_mismatch(program, span, found, wanted, place, what)


def _check_enum_value(program: Program, span: Span, value: str, enum: Enum, what: str) -> None:
    if value in enum.values:
        return
    near = closest(value, enum.values)
    fixes: tuple[Fix, ...] = ()
    if near is not None and span.text == f'"{value}"':
        fixes = (Fix(f'use `"{near}"`', (Edit(span, f'"{near}"'),)),)
    program.sink.report(
        errors.UNKNOWN_ENUM_VALUE,
        span,
        value=value,
        what=what,
        help=f"its values are {quoted_values(enum)}",
        fixes=fixes,
    )


def quoted_values(enum: Enum) -> str:
    """The values of an enum as they are written, for a sentence."""
    return ", ".join(f'`"{value}"`' for value in enum.values)


def _check_format(program: Program, span: Span, value: str, type_name: str) -> None:
    pattern, example = _FORMATS[type_name]
    if not re.fullmatch(pattern, value):
        program.sink.report(
            errors.MALFORMED_LITERAL,
            span,
            value=value,
            type=type_name,
            help=f"a `{type_name}` looks like {example}",
        )


def _is_textual(type_: Type) -> bool:
    return isinstance(type_, Primitive) and type_.name in TEXTUAL


def _report_mismatch(
    program: Program, span: Span, found: Type, wanted: Type, place: Place, what: str
) -> None:
    """Report a value that does not fit; a value that may be missing gets its own words."""
    if isinstance(found, Optional) and isinstance(found.inner, Unknown):
        program.sink.report(errors.NULL_FOR_REQUIRED, span, what=what, type=describe(wanted))
    elif isinstance(found, Optional) and assignable(found.inner, wanted):
        way_out = f"test the value with `if {span.text} != null` first"
        if place is places.CHAIN_VALUE:
            way_out = "make the value required where it is declared"
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
            wanted=describe(wanted),
            found=describe(found),
            help=_conversion(span, found, wanted),
        )


def _conversion(span: Span, found: Type, wanted: Type) -> str | None:
    """What to write where a scalar of one type is to become another; None where nothing certain can be said."""
    inner = strip_optional(wanted)
    if not (isinstance(found, Primitive | Enum) and isinstance(inner, Primitive)):
        return None
    written = span.text
    literal = written.strip('"')
    if inner == STRING:
        if written.startswith("{{"):
            return f'write `"{written}"` to make it a text'
        if found != STRING and re.fullmatch(_NUMBER_OR_BOOL, written):
            return f'write `"{written}"`, in quotes'
        return f'write `"{{{written}}}"` to make it a text'
    if inner.name in ("int", "number", "bool") and written == f'"{literal}"':
        return (
            f"write `{literal}`, without quotes" if re.fullmatch(_NUMBER_OR_BOOL, literal) else None
        )
    if inner.name in _FORMATS and found == STRING:
        return f"declare the value with the type `{inner.name}` where it is read"
    return None
