"""Types as values: what a `TypeExpr` means once its names are resolved."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.suggest import Names
from flowdsl.source.record import Record

PRIMITIVES = (
    "string",
    "int",
    "number",
    "bool",
    "date",
    "datetime",
    "time",
    "email",
    "url",
    "file",
    "any",
)


class Primitive(Record, eq=True):
    """One of `PRIMITIVES`."""

    name: str


class Enum(Record):
    """A set of texts or of whole numbers, in source order. `name` is the declared alias, if any.

    `open`: any other text is a value, too. `known` are the values, for lookups; `names` has the
    texts in order, for suggestions.
    """

    values: tuple[str | int, ...]
    name: str | None
    open: bool
    known: frozenset[str | int]
    names: Names

    def __init__(
        self, values: tuple[str | int, ...], name: str | None = None, open: bool = False
    ) -> None:
        write = object.__setattr__  # mypy considers a record frozen
        write(self, "values", values)
        write(self, "name", name)
        write(self, "open", open)
        write(self, "known", frozenset(values))
        write(self, "names", Names([value for value in values if isinstance(value, str)]))

    @property
    def numeric(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.values[0], int) if self.values else False

    def is_of_kind(self, value: object) -> bool:
        """Whether a constant is a text or a number like the values, listed or not."""
        if self.numeric:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, str)

    def holds(self, value: object) -> bool:
        """Whether a constant is a value."""
        return self.is_of_kind(value) and (self.open or value in self.known)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Enum):
            return NotImplemented
        return (self.values, self.name, self.open) == (other.values, other.name, other.open)

    def __hash__(self) -> int:
        return hash((self.known, self.name))


class ListOf(Record, eq=True):
    element: Type


class Optional(Record, eq=True):
    """A value that may be missing. Never nested in itself."""

    inner: Type


class Constraints(Record):
    """The annotations of a field, evaluated.

    Numbers are `int`, or the decimal spelling as `str`.
    """

    minimum: int | str | None = None
    maximum: int | str | None = None
    pattern: str | None = None
    format: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    examples: tuple[Any, ...] = ()
    deprecated: bool = False
    machine: bool = False
    untrusted: bool = False
    wire: str | None = None


NO_CONSTRAINTS = Constraints()


TODAY = "today"
INPUT = "input"
FIXED = "fixed"


class Day(Record, eq=True):
    """A date that is computed when a run begins.

    - `base`: `TODAY`; `week`, `month`, `quarter` or `year`, the first day of the current one;
      `INPUT`, with its name on the wire in `name`; `FIXED`, with the date in `name`.
    - `shifts`: what is added, in order, as `(-7, "d")`; units are `d`, `w`, `mo` and `y`.
    """

    base: str
    name: str
    shifts: tuple[tuple[int, str], ...]

    @property
    def needs_today(self) -> bool:
        """Whether the date depends on the day of the run, not only on another input or a const."""
        return self.base not in (INPUT, FIXED)


class FieldType(Record):
    """A field of a record or section.

    `default` is a constant in JSON form (numbers with a point as `decimal.Decimal`), meaningful
    when `has_default`; parts that depend on `env` remain AST nodes, see
    `constants.evaluate_constant`. `day` is a default that only FlowDSL's runner can fill in.

    `absent`: it is written `name?:`. In JSON it may be left out and is never null; its `type` is
    optional all the same, because to a program the value may be missing.
    """

    name: str
    type: Type
    constraints: Constraints = NO_CONSTRAINTS
    has_default: bool = False
    default: Any = None
    doc: str | None = None
    absent: bool = False
    day: Day | None = None

    @property
    def wire_name(self) -> str:
        """The field's key in JSON: `@wire("...")`, else its name."""
        return self.constraints.wire or self.name

    @property
    def required(self) -> bool:
        """Whether a value must be given: the type is not optional, and there is no default.

        False for an unknown type, so that nothing is reported for it.
        """
        if self.has_default or self.day is not None:
            return False
        return not isinstance(self.type, Optional | Unknown)


class RecordOf(Record):
    """A record.

    A declared record is one object, so that types are equal by identity; an inline one has no name.

    `by_name` has the fields by their names, `by_wire_name` by those in JSON, and the first of
    several with one name.
    """

    name: str | None
    fields: tuple[FieldType, ...]
    by_name: dict[str, FieldType]
    by_wire_name: dict[str, FieldType]

    def __init__(self, name: str | None, fields: tuple[FieldType, ...]) -> None:
        write = object.__setattr__  # mypy considers a record frozen
        write(self, "name", name)
        write(self, "fields", fields)
        write(self, "by_name", {field.name: field for field in reversed(fields)})
        write(self, "by_wire_name", {field.wire_name: field for field in reversed(fields)})

    def field(self, name: str) -> FieldType | None:
        return self.by_name.get(name)

    def by_either_name(self, name: str) -> FieldType | None:
        """Return the field that has this name in the source, or else in JSON."""
        return self.by_name.get(name) or self.by_wire_name.get(name)


class Unknown(Record, eq=True):
    """The type of an expression whose error is reported already.

    It is assignable to and from every type, so that one mistake causes one diagnostic.
    """


Type = Primitive | Enum | ListOf | Optional | RecordOf | Unknown

PRIMITIVE = {name: Primitive(name) for name in PRIMITIVES}
STRING = PRIMITIVE["string"]
INT = PRIMITIVE["int"]
NUMBER = PRIMITIVE["number"]
BOOL = PRIMITIVE["bool"]
ANY = PRIMITIVE["any"]
UNKNOWN = Unknown()


DESCRIBED = 50
"""The maximum number of enum values and record fields that a description lists."""


def describe_type(type_: Type, most: int | None = DESCRIBED) -> str:
    """Describe the type as a person would write it.

    If it has more than `most` values or fields, only the first are written; all if `most` is None.
    """
    match type_:
        case Primitive(name):
            return name
        case Enum(values, name):
            if name:
                return name
            shown = " | ".join(map(spell_enum_value, values[:most]))
            shown += "" if len(values[:most]) == len(values) else " | …"
            return f"{shown} | string" if type_.open else shown
        case ListOf(element):
            text = describe_type(element, most)
            return f"({text})[]" if "|" in text else f"{text}[]"
        case Optional(inner):
            text = describe_type(inner, most)
            return f"({text})?" if "|" in text else f"{text}?"
        case RecordOf(name, fields):
            if name:
                return name
            parts = [_describe_field(field, most) for field in fields[:most]]
            if len(parts) < len(fields):
                parts.append("…")
            return f"{{ {', '.join(parts)} }}"
        case Unknown():
            return "unknown"


def spell_enum_value(value: str | int) -> str:
    """Spell a value of an enum as in source."""
    return str(value) if isinstance(value, int) else f'"{value}"'


def _describe_field(field: FieldType, most: int | None) -> str:
    if field.absent:
        return f"{field.name}?: {describe_type(strip_optional(field.type), most)}"
    return f"{field.name}: {describe_type(field.type, most)}"


def may_be_missing(type_: Type, seen: frozenset[Type] = frozenset()) -> bool:
    """Whether a value of a type, or a part of it at any depth, may be missing."""
    match type_:
        case Optional():
            return True
        case ListOf(element=element):
            return may_be_missing(element, seen)
        case RecordOf():
            return type_ not in seen and any(
                may_be_missing(field.type, seen | {type_}) for field in type_.fields
            )
        case _:
            return False


def holds_any(type_: Type, seen: frozenset[Type] = frozenset()) -> bool:
    """Whether a type is `any`, or a value of it has a part that is."""
    if type(type_) is Primitive:
        return type_.name == ANY.name
    match type_:
        case Optional(inner=inner) | ListOf(element=inner):
            return holds_any(inner, seen)
        case RecordOf(fields=fields):
            inside = seen | {type_}
            return type_ not in seen and any(holds_any(each.type, inside) for each in fields)
        case _:
            return False


def is_number(type_: Type) -> bool:
    """Whether the values of a type are numbers."""
    return type_ in (INT, NUMBER) or (isinstance(type_, Enum) and type_.numeric)


def strip_optional(type_: Type) -> Type:
    """Return the type without its optionality."""
    return type_.inner if type(type_) is Optional else type_
