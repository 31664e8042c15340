"""Assignability of types, and which texts the platform could misread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.syntax import ast

from .. import places
from ..model import CONST, ENVIRONMENT, PARAMETER
from ..places import Place
from ..program import Program
from ..types import (
    ANY,
    INT,
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
    strip_optional,
)

TEXTUAL = frozenset(("string", "date", "datetime", "time", "email", "url", "file"))
NUMERIC = frozenset(("int", "number"))
ORDERED = NUMERIC | {"date", "datetime", "time"}


def is_assignable(source: Type, target: Type) -> bool:
    """Whether a value of `source` is a value of `target`, which may be wider.

    Dates, enums and the like are strings; an `int` is a `number`; any string may be a `file`. A
    value that may be missing never fits where one is required. `any` fits both ways else.
    """
    if source is target:
        return True
    match source, target:
        case (Unknown(), _) | (_, Unknown()):
            return True
        case Optional(inner), Optional(wanted):
            return is_assignable(inner, wanted)
        case Optional(inner), _:
            return inner == UNKNOWN and target == ANY  # `null` itself is an `any`
        case _, Optional(wanted):
            return is_assignable(source, wanted)
        case (Primitive(name="any"), _) | (_, Primitive(name="any")):
            return True
        case Primitive(name=have), Primitive(name=want):
            return have == want or _widens(have, want)
        case Enum(), Primitive(name=want):
            return want in (NUMERIC if source.numeric else ("string",))
        case Primitive(name=have), Enum(open=True):
            return have in TEXTUAL
        case Enum(), Enum():
            if target.open:
                return not source.numeric
            return not source.open and source.known <= target.known
        case ListOf(have_element), ListOf(wanted_element):
            return is_assignable(have_element, wanted_element)
        case RecordOf(), RecordOf():
            return source is target or _fields_fit(source, target)
        case _:
            return False


def _widens(have: str, want: str) -> bool:
    if want == "string":
        return have in TEXTUAL
    return (have, want) in (("int", "number"), ("string", "file"))


def _fields_fit(source: RecordOf, target: RecordOf) -> bool:
    for wanted in target.fields:
        have = source.field(wanted.name)
        if have is None:
            if wanted.required:
                return False
        elif not is_assignable(have.type, wanted.type):
            return False
    return True


def pair_fields(have: Type, want: Type) -> Iterator[tuple[FieldType | None, FieldType | None]]:
    """Yield the fields, at any depth, of two types in the same places, None where one lacks it.

    A pair comes before those inside it. Nothing is yielded for a record that is the same in both.
    """
    source, target = strip_optional(have), strip_optional(want)
    if isinstance(source, ListOf) and isinstance(target, ListOf):
        yield from pair_fields(source.element, target.element)
    elif isinstance(source, RecordOf) and isinstance(target, RecordOf) and source is not target:
        for field in target.fields:
            given = source.field(field.name)
            yield given, field
            if given is not None:
                yield from pair_fields(given.type, field.type)
        yield from ((each, None) for each in source.fields if target.field(each.name) is None)


def is_same_type(one: Type, other: Type) -> bool:
    """Whether two types are the same; True if one of them is unknown."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return True
    same = is_assignable(one, other) and is_assignable(other, one)
    return same and describe_type(one, None) == describe_type(other, None)


def can_be_equal(left: Type, right: Type) -> bool:
    """Whether a value of one type can ever equal one of the other."""
    one, other = strip_optional(left), strip_optional(right)
    if not (_is_scalar(one) and _is_scalar(other)):
        return False
    if isinstance(one, Enum) and isinstance(other, Enum):
        if one.open or other.open:
            return not (one.numeric or other.numeric)
        return bool(one.known & other.known)
    if isinstance(one, Enum) or isinstance(other, Enum):
        enum, plain = (one, other) if isinstance(one, Enum) else (other, one)
        if isinstance(enum, Enum) and enum.numeric:
            return is_assignable(enum, plain)
        return isinstance(plain, Unknown) or _is_text(plain)
    return is_assignable(one, other) or is_assignable(other, one)


def _is_text(type_: Type) -> bool:
    return isinstance(type_, Primitive) and (type_.name in TEXTUAL or type_.name == "any")


def can_be_ordered(left: Type, right: Type) -> bool:
    """Whether `<`, `<=`, `>` and `>=` are defined between the two."""
    one, other = _as_number(strip_optional(left)), _as_number(strip_optional(right))
    if not (isinstance(one, Primitive) and isinstance(other, Primitive)):
        return any(isinstance(type_, Unknown) or type_ == ANY for type_ in (one, other))
    names = {one.name, other.name}
    return "any" in names or names <= NUMERIC or (len(names) == 1 and names <= ORDERED)


def _as_number(type_: Type) -> Type:
    """Return `int` for an enum of numbers, and other types unchanged."""
    return INT if isinstance(type_, Enum) and type_.numeric else type_


def _is_scalar(type_: Type) -> bool:
    return not isinstance(type_, ListOf | RecordOf)


# Texts whose parts the platform could misread together.


def may_misread(
    program: Program, text: ast.Text, place: Place, known: Sequence[str | None]
) -> bool:
    """Whether the parts of a text could together be misread.

    `known` holds the characters of each part; None for one that only a run or a call knows.
    """
    if place is places.COMMAND:
        return True
    parts = text.parts
    if len(parts) == 1:
        return known[0] is not None and "\\{" in known[0]
    for index, characters in enumerate(known):
        if characters is None:
            following = parts[index + 1] if index + 1 < len(parts) else None
            if _joins(following) and _may_be_literal(program, parts[index]):
                return True
        elif characters.endswith("\\") or "\\{" in characters:
            return True
    return False


def holds_escaped_names(program: Program) -> bool:
    """Whether a constant argument of a call could be misread in a text of the task."""
    constants = program.constants
    return any(
        isinstance(value := constants.get(argument.value), str) and "\\{" in value
        for call in program.calls
        for argument in call.arguments
    )


def _joins(following: ast.TextPart | None) -> bool:
    if isinstance(following, ast.TextLiteral):
        return following.value.startswith("{")
    return isinstance(following, ast.Ref)


def _may_be_literal(program: Program, part: ast.TextPart) -> bool:
    symbol = program.values.get(part) if isinstance(part, ast.Ref) else None
    return symbol is not None and symbol.kind in (PARAMETER, ENVIRONMENT, CONST)


def note_typed(program: Program, module: ast.Module, ref: ast.Ref) -> None:
    """Record for `platform_text` a const that is typed as a whole, if it could be misread.

    No text surrounds it, so it is given a text of its own.
    """
    characters = program.constants.get(ref)
    if isinstance(characters, str) and "\\{" in characters:
        text = ast.Text(ref.start, ref.end, ast.STRING, (ref,))
        program.joined_texts.append((module, text, places.TYPED))
