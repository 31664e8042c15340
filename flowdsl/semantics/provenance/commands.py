"""Values that a terminal command may hold: those that cannot become a command of their own."""

from __future__ import annotations

import re

from flowdsl.source.record import Record

from ..model import PARAMETER, RUNTIME
from ..types import (
    STRING,
    Enum,
    ListOf,
    Primitive,
    RecordOf,
    Type,
    Unknown,
    describe,
    strip_optional,
)
from .origins import EACH, Origin, declared

_SAFE = frozenset(("int", "number", "bool", "date", "datetime", "time"))
_READ = "is set while the workflow runs, and can hold anything that was on screen"
_READ_HELP = (
    "take the value from an input that is an enum, a number, a date, or a `string` with `@pattern`"
)
_UNBOUND = "has a `@pattern` that only a part of the text needs to match"
_UNBOUND_HELP = (
    "begin the pattern with `^` and end it with `$`, with the choices in brackets, as in "
    '`r"^(day|week)$"`'
)
_ONE_VALUE = "name one value of it that is an enum, a number, a date, or a `string` with `@pattern`"


class UnsafePart(Record):
    """Why a value is not safe in a command, for a sentence that begins with it, and what to do."""

    why: str
    help: str


def unsafe_part(origin: Origin) -> UnsafePart | None:
    """What is wrong with an origin in a command; None when it is safe.

    None, too, for a parameter that is a plain text: its arguments are judged at the calls.
    """
    symbol = origin.symbol
    if symbol.kind == RUNTIME:
        return UnsafePart(_READ, _READ_HELP)
    found = declared(origin)
    type_ = strip_optional(found.type)
    if isinstance(type_, Enum) and type_.open:
        type_ = STRING
    if isinstance(type_, Enum | Unknown) or (isinstance(type_, Primitive) and type_.name in _SAFE):
        return None
    if type_ == STRING:
        if symbol.kind == PARAMETER and not origin.path:
            return None
        pattern = None if found.field is None else found.field.constraints.pattern
        if pattern is not None:
            return None if _covers_all(pattern) else UnsafePart(_UNBOUND, _UNBOUND_HELP)
        name = symbol.name if found.field is None else found.field.name
        if origin.path and origin.path[-1] == EACH:
            help = (
                f"make the entries of `{name}` an enum, or records with a `string` that has "
                "`@pattern`"
            )
        else:
            help = (
                f'declare `{name}` with `@pattern(r"...")` for the characters it may have, or as '
                "an enum"
            )
        return UnsafePart("is a `string` without `@pattern`", help)
    return UnsafePart(f"is {_shown(type_)}", _way_out(type_))


def _covers_all(pattern: str) -> bool:
    """Whether a match of `pattern` is the whole text: both ends are bound, in every choice."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern)
    while (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = shorter
    return bare.startswith("^") and bare.endswith("$") and "|" not in bare


def _shown(type_: Type) -> str:
    match type_:
        case RecordOf():
            return "a record"
        case ListOf():
            return "a list"
        case _:
            return f"of the type `{describe(type_)}`"


def _way_out(type_: Type) -> str:
    if isinstance(type_, RecordOf | ListOf) or describe(type_) == "any":
        return _ONE_VALUE
    return 'declare it as `string @pattern(r"...")` for the characters it may have'
