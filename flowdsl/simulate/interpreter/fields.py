"""Fields of records: their names in the source, and their wire names, which JSON uses."""

from __future__ import annotations

from typing import Any

from flowdsl.semantics import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .values import Step


def wire_step(type_: types.Type, step: Step) -> tuple[Step, types.FieldType | None]:
    """Return a step of a path by wire name, with the field that it leads to."""
    record = types.strip_optional(type_)
    if isinstance(record, types.RecordOf) and isinstance(step, str):
        field = record.by_either_name(step)
        if field is not None:
            return field.wire_name, field
    return step, None


def type_at(type_: types.Type, field: types.FieldType | None) -> types.Type:
    """Return the type after a step into a value of `type_`; `field` is the field of the step."""
    if field is not None:
        return field.type
    inner = types.strip_optional(type_)
    return inner.element if isinstance(inner, types.ListOf) else types.ANY


def find_field_of_key(type_: types.Type, key: str) -> types.FieldType | None:
    """Return the field for a key of a literal, given by its wire name or its name in the source."""
    record = types.strip_optional(type_)
    if not isinstance(record, types.RecordOf):
        return None
    return record.by_wire_name.get(key) or record.by_name.get(key)


def on_the_wire(data: Any, type_: types.Type) -> Any:
    """Return a literal with its fields by wire name."""
    match data, types.strip_optional(type_):
        case dict(), types.RecordOf() as record:
            return dict(_wire_pair(key, value, record) for key, value in data.items())
        case list(), types.ListOf(element):
            return [on_the_wire(each, element) for each in data]
        case _:
            return data


def _wire_pair(key: str, value: Any, record: types.RecordOf) -> tuple[str, Any]:
    field = find_field_of_key(record, key)
    return (key, value) if field is None else (field.wire_name, on_the_wire(value, field.type))


def convert_field_names(data: Any, have: types.Type, wanted: types.Type) -> Any:
    """Convert a value to another type, matching fields by their names in the source.

    Fields that the wanted type does not have are unchanged.
    """
    match data, types.strip_optional(have), types.strip_optional(wanted):
        case dict(), types.RecordOf() as source, types.RecordOf() as target if source is not target:
            return dict(_convert_field(key, value, source, target) for key, value in data.items())
        case list(), types.ListOf(own_element), types.ListOf(element):
            return [convert_field_names(each, own_element, element) for each in data]
        case _:
            return data


def _convert_field(
    key: str, value: Any, source: types.RecordOf, target: types.RecordOf
) -> tuple[str, Any]:
    own = source.by_wire_name.get(key)
    field = None if own is None else target.field(own.name)
    if own is None or field is None:
        return key, value
    return field.wire_name, convert_field_names(value, own.type, field.type)
