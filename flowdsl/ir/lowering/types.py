"""From AST to IR: types and fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, assert_never

from flowdsl.semantics import types

from .. import nodes


def to_json(value: Any) -> Any:
    """Convert the decimals of a constant to JSON numbers."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: to_json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [to_json(inner) for inner in value]
        case _:
            return value


def find_lacking_fields(
    record: types.RecordOf, found: Mapping[str, Any], nothing: Any
) -> Iterator[types.FieldType]:
    """Return the fields with a default that `found` lacks, or whose value there is `nothing`.

    `found` is keyed by names on the wire. Fields whose default is null are not returned.
    """
    return (
        field
        for field in record.fields
        if field.default is not None and found.get(field.wire_name, nothing) == nothing
    )


class TypeLowering:
    """Lowers types; `constant` evaluates a default that may depend on the environment."""

    def __init__(self, constant: Callable[[Any], Any]) -> None:
        self._constant = constant
        self._records: dict[types.RecordOf, nodes.RecordType] = {}

    def default(self, field: types.FieldType) -> Any:
        """Return the default of a field, as JSON with all its fields; None if it has none."""
        if field.default is None:
            return None
        return self.completed(to_json(self._constant(field.default)), field.type)

    def completed(self, value: Any, type_: types.Type) -> Any:
        """Convert a JSON constant to wire names, and add the defaults of the fields that it lacks.

        These follow the other fields, in the order of the type.
        """
        match value, types.strip_optional(type_):
            case dict(), types.RecordOf() as record:
                found = dict(
                    self._lower_field_value(key, inner, record) for key, inner in value.items()
                )
                return found | {
                    field.wire_name: self.default(field)
                    for field in find_lacking_fields(record, found, None)
                }
            case list(), types.ListOf(element):
                return [self.completed(inner, element) for inner in value]
            case _:
                return value

    def _lower_field_value(self, key: str, value: Any, record: types.RecordOf) -> tuple[str, Any]:
        # A name on the wire takes precedence, as in the check of literals.
        field = record.by_wire_name.get(key) or record.by_name.get(key)
        if field is None:
            return key, value
        return field.wire_name, self.completed(value, field.type)

    def type(self, type_: types.Type) -> nodes.Type:
        match type_:
            case types.Primitive(name):
                return nodes.ScalarType(name=name)
            case types.Enum(values):
                return nodes.EnumType(values=values, open=type_.open)
            case types.ListOf(element):
                return nodes.ListType(element=self.type(element))
            case types.Optional(inner):
                return nodes.OptionalType(inner=self.type(inner))
            case types.RecordOf(_, fields):
                known = self._records.get(type_)
                if known is None:
                    known = self._records[type_] = nodes.RecordType(fields=self.fields(fields))
                return known
            case types.Unknown():
                raise AssertionError("an unresolved type reached lowering")
            case _:
                assert_never(type_)

    def fields(self, fields: tuple[types.FieldType, ...]) -> tuple[nodes.FieldSpec, ...]:
        """Lower fields, under their names on the wire."""
        return tuple(
            nodes.FieldSpec(
                name=field.wire_name,
                type=self.type(field.type),
                constraints=_schema_keywords(field.constraints),
                has_default=field.has_default,
                default=self.default(field),
                description=field.doc,
                machine=field.constraints.machine,
                absent=field.absent,
                day=field.day,
            )
            for field in fields
        )


_KEYWORDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "pattern",
    "format": "format",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
}
"""The keywords of JSON Schema for constraints."""


def _schema_keywords(constraints: types.Constraints) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if constraints is types.NO_CONSTRAINTS:
        return found
    for name, keyword in _KEYWORDS.items():
        value = getattr(constraints, name)
        if value is not None:
            is_decimal = keyword in ("minimum", "maximum") and isinstance(value, str)
            found[keyword] = to_json(Decimal(value)) if is_decimal else value
    if constraints.examples:
        found["examples"] = [to_json(example) for example in constraints.examples]
    if constraints.deprecated:
        found["deprecated"] = True
    return found
