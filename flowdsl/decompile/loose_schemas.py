"""Approximates any JSON schema by fields.

Works for schemas that no declarations give; what types cannot express is left out.
"""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.source.refused_texts import read_refused

from .fields import ANY, MAX_DEPTH, SCALAR_OF, Fields, Schema


def loose_fields(schema: Any) -> Fields | None:
    """Return the top-level properties of a schema, without constraints and defaults.

    None if it names none. They keep the names that they have in the schema: `$name` is a secret.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return None
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    return tuple(_loose_field(name, entry, name in names, 0) for name, entry in properties.items())


def _loose_field(name: str, schema: Any, required: bool, depth: int) -> nodes.FieldSpec:
    entry = schema if isinstance(schema, dict) else {}
    type_ = _loose_type(entry, depth)
    absent = not (required or isinstance(type_, nodes.OptionalType))
    if absent:
        type_ = nodes.OptionalType(inner=type_)
    description = entry.get("description")
    return nodes.FieldSpec(
        name=name,
        type=type_,
        description=description if isinstance(description, str) else None,
        absent=absent and type_ != nodes.OptionalType(inner=ANY),
    )


def _loose_type(schema: Any, depth: int) -> nodes.Type:
    """Return the type of a schema's values; `any` where no type can express the schema."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return ANY
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [each for each in kind if each != "null"]
        inner = _loose_type({**schema, "type": kinds[0]}, depth) if len(kinds) == 1 else ANY
        return nodes.OptionalType(inner=inner) if "null" in kind else inner
    if schema.keys() & {"anyOf", "oneOf", "allOf", "$ref"} or not isinstance(kind, str):
        return ANY
    if "not" in schema and read_refused(schema["not"]) is None:
        return ANY
    values = schema.get("enum")
    if isinstance(values, list) and kind in ("string", "integer"):
        wanted = str if kind == "string" else int
        words = tuple(dict.fromkeys(value for value in values if type(value) is wanted))
        return nodes.EnumType(values=words) if words else ANY
    if kind == "array":
        return nodes.ListType(element=_loose_type(schema.get("items"), depth + 1))
    if kind == "object":
        return _loose_record(schema, depth + 1)
    plain = SCALAR_OF.get((kind, None), ANY)
    format_ = schema.get("format")
    return SCALAR_OF.get((kind, format_), plain) if isinstance(format_, str) else plain


def _loose_record(schema: Schema, depth: int) -> nodes.Type:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return ANY
    names = required if isinstance(required, list) else []
    return nodes.RecordType(
        fields=tuple(
            _loose_field(name, entry, name in names, depth) for name, entry in properties.items()
        )
    )
