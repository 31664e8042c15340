"""Fields of a JSON Schema file, as far as FlowDSL's types can say them."""

from __future__ import annotations

from typing import Any

from flowdsl.source.text import Span

from . import errors
from .json_text import read_json
from .program import Program
from .types import (
    ANY,
    BOOL,
    INT,
    NUMBER,
    STRING,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
)

_FORMATS = {
    "date": Primitive("date"),
    "date-time": Primitive("datetime"),
    "time": Primitive("time"),
    "email": Primitive("email"),
    "uri": Primitive("url"),
}
_SIMPLE: dict[str, Type] = {"string": STRING, "integer": INT, "number": NUMBER, "boolean": BOOL}


def schema_fields(
    program: Program, named_at: Span, path: str, text: str
) -> tuple[FieldType, ...] | None:
    """The top-level properties of a schema; None, reported at `named_at`, when the file holds no JSON object.

    None too when the schema does not say which properties there are.
    """
    try:
        schema = read_json(text)
    except ValueError as error:
        problem = str(error)
        program.sink.report(errors.MALFORMED_SCHEMA_FILE, named_at, path=path, problem=problem)
        return None
    if not isinstance(schema, dict):
        problem = "it holds no JSON object"
        program.sink.report(errors.MALFORMED_SCHEMA_FILE, named_at, path=path, problem=problem)
        return None
    return _properties(schema)


def _properties(schema: dict[str, Any]) -> tuple[FieldType, ...] | None:
    properties = schema.get("properties")
    more = schema.get("additionalProperties", False)
    if not isinstance(properties, dict) or "$ref" in schema or more is not False:
        return None
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    fields = []
    for name, entry in properties.items():
        type_ = _type(entry)
        if name not in names and not isinstance(type_, Optional):
            type_ = Optional(type_)
        if name:
            fields.append(FieldType(name, type_))
    return tuple(fields)


def _type(schema: Any) -> Type:
    """The type of values of `schema`; `any` wherever the schema says more than a type can."""
    if not isinstance(schema, dict):
        return ANY
    names = schema.get("type")
    if isinstance(names, list):
        rest = [name for name in names if name != "null"]
        inner = _type({**schema, "type": rest[0]}) if len(rest) == 1 else ANY
        return Optional(inner) if "null" in names else inner
    values = schema.get("enum")
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return Enum(tuple(dict.fromkeys(values)))
    if not isinstance(names, str) or {"anyOf", "oneOf", "allOf", "$ref", "not"} & schema.keys():
        return ANY
    if names == "string":
        return _FORMATS.get(str(schema.get("format")), STRING)
    if names == "array":
        return ListOf(_type(schema.get("items")))
    if names == "object":
        fields = _properties(schema)
        return ANY if fields is None else RecordOf(None, fields)
    return _SIMPLE.get(names, ANY)
