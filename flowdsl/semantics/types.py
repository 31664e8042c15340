"""Types as values: what a `TypeExpr` means once its names are resolved."""

from __future__ import annotations

from typing import Any

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


class Enum(Record, eq=True):
    """A closed set of strings, in source order. `name` is the declared alias, if any."""

    values: tuple[str, ...]
    name: str | None = None


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
    min_items: int | None = None
    max_items: int | None = None
    examples: tuple[Any, ...] = ()
    deprecated: bool = False
    machine: bool = False
    untrusted: bool = False
    wire: str | None = None


NO_CONSTRAINTS = Constraints()


class FieldType(Record):
    """A field of a record or section.

    `default` is a constant in JSON form (numbers with a point as `decimal.Decimal`), meaningful
    when `has_default`; what depends on `env` stands there as its AST node, see
    `constants.evaluate`.
    """

    name: str
    type: Type
    constraints: Constraints = NO_CONSTRAINTS
    has_default: bool = False
    default: Any = None
    doc: str | None = None

    @property
    def wire_name(self) -> str:
        """The field's key in JSON: `@wire("...")`, else its name."""
        return self.constraints.wire or self.name

    @property
    def required(self) -> bool:
        """Whether a value must be given: the type is not optional, and there is no default.

        False where the type is not known, so that nothing is reported for it.
        """
        return not self.has_default and not isinstance(self.type, Optional | Unknown)


class RecordOf(Record):
    """A record.

    A declared record is one object, so that types are equal by identity; an inline one has no name.
    """

    name: str | None
    fields: tuple[FieldType, ...]

    def field(self, name: str) -> FieldType | None:
        return next((field for field in self.fields if field.name == name), None)


class Unknown(Record, eq=True):
    """The type of something that is reported already.

    It fits everywhere, so that one mistake gives one diagnostic.
    """


Type = Primitive | Enum | ListOf | Optional | RecordOf | Unknown

PRIMITIVE = {name: Primitive(name) for name in PRIMITIVES}
STRING = PRIMITIVE["string"]
INT = PRIMITIVE["int"]
NUMBER = PRIMITIVE["number"]
BOOL = PRIMITIVE["bool"]
ANY = PRIMITIVE["any"]
UNKNOWN = Unknown()


def describe(type_: Type) -> str:
    """The type as a person would write it."""
    match type_:
        case Primitive(name):
            return name
        case Enum(values, name):
            return name or " | ".join(f'"{value}"' for value in values)
        case ListOf(element):
            text = describe(element)
            return f"({text})[]" if "|" in text else f"{text}[]"
        case Optional(inner):
            text = describe(inner)
            return f"({text})?" if "|" in text else f"{text}?"
        case RecordOf(name, fields):
            inside = ", ".join(f"{field.name}: {describe(field.type)}" for field in fields)
            return name or f"{{ {inside} }}"
        case Unknown():
            return "unknown"


def strip_optional(type_: Type) -> Type:
    """The type of the value when it is there."""
    return type_.inner if isinstance(type_, Optional) else type_
