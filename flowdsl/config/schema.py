"""The JSON Schema of `flowdsl.toml`, for editors."""

from __future__ import annotations

from typing import Any

from .keys import (
    PROJECT_FILE,
    ArrayOf,
    Flag,
    JsonTable,
    KeyReference,
    KeyTable,
    Number,
    Shape,
    TableOf,
    TextList,
    TextRule,
)

ID = "urn:flowdsl:schema:project-file"
"""The id by which an editor recognises the schema, wherever its file is."""


def project_file_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the project file.

    It accepts what `load_project` accepts, and also files with errors that involve two tables, such
    as a tag in an undeclared group.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "flowdsl.toml",
        **_schema_of_shape(PROJECT_FILE),
    }


def _schema_of_shape(shape: Shape) -> dict[str, Any]:
    match shape:
        case KeyTable(keys=keys):
            schema: dict[str, Any] = {
                "type": "object",
                "properties": {
                    key.name: {"description": key.description, **_schema_of_shape(key.shape)}
                    for key in keys
                },
                "additionalProperties": False,
            }
            required = [key.name for key in keys if key.required]
            return schema | ({"required": required} if required else {})
        case TableOf(of=inner, names=names):
            return {
                "type": "object",
                "propertyNames": _schema_of_shape(names),
                "additionalProperties": _schema_of_shape(inner),
            }
        case KeyReference():
            return {
                "type": "object",
                "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            }
        case ArrayOf(of=table):
            return {"type": "array", "items": _schema_of_shape(table)}
        case TextList(of=inner, default=default):
            return {"type": "array", "items": _schema_of_shape(inner), "default": list(default)}
        case TextRule():
            return _text_schema(shape)
        case Flag():
            return {"type": "boolean", "default": False}
        case Number():
            schema = {"type": "integer" if shape.whole else "number"}
            return schema | ({} if shape.low is None else {"minimum": shape.low})
        case JsonTable():
            return {"type": "object"}


def _text_schema(shape: TextRule) -> dict[str, Any]:
    if shape.choices:
        return {"enum": list(shape.choices)}
    schema: dict[str, Any] = {"type": "string"}
    if shape.pattern is not None:
        schema["pattern"] = f"^(?:{shape.pattern})$"
    if shape.shortest:
        schema["minLength"] = shape.shortest
    if shape.longest is not None:
        schema["maxLength"] = shape.longest
    return schema
