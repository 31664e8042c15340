"""Schemas, their values and paths into them, in words. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.deploy.comparison.schema_gaps import OTHER_PROPERTIES, Path, without_choice
from flowdsl.diagnostics.render.cells import printable

VALUE_WIDTH = 60

_PLAIN_NAME = re.compile(r"\$?\w+", re.ASCII)
_TYPE_NAMES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_SCHEMA_KEYWORDS: Mapping[str, type] = {
    "$ref": str,
    "properties": dict,
    "required": list,
    "enum": list,
    "anyOf": list,
    "oneOf": list,
    "allOf": list,
}
"""Keywords that identify a schema without `type`, with the Python type of their value."""


def is_schema(value: Any) -> bool:
    """Whether a schema field in normal form is JSON Schema.

    Otherwise it is in Cyberdesk's short notation, or in neither.
    """
    if value is None or isinstance(value, bool):
        return True
    if not isinstance(value, Mapping):
        return False
    declared = value.get("type")
    names = declared if isinstance(declared, list) else [declared]
    return (
        not value
        or any(isinstance(value.get(word), shape) for word, shape in _SCHEMA_KEYWORDS.items())
        or all(isinstance(name, str) and name in _TYPE_NAMES for name in names)
    )


def spell_path(path: Path) -> str:
    """A path as a caller writes it: `patient.dob`, `items[].code`, `["odd name"]`."""
    spelled = ""
    for segment in path:
        if segment is None:
            spelled += "[]"
        elif segment == OTHER_PROPERTIES or _PLAIN_NAME.fullmatch(segment):
            spelled += f".{segment}" if spelled else segment
        else:
            spelled += f"[{spell_value(segment)}]"
    return spelled


def spell_value(value: Any) -> str:
    """A JSON value on one line, safe to print, cut to `VALUE_WIDTH` characters."""
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…"


def either(words: Sequence[str]) -> str:
    """`a`, `a or b`, or `a, b or c`; `nothing` for no words."""
    *first, last = words or ("nothing",)
    return f"{', '.join(first)} or {last}" if first else last


def spell_type(declared: Any) -> str:
    """The value of `type` in words, such as `string` or `string or null`."""
    if isinstance(declared, str):
        return printable(declared)
    if isinstance(declared, list) and declared and all(isinstance(name, str) for name in declared):
        return printable(either(declared))
    return spell_value(declared)


def describe(schema: Any) -> str:
    """The values of a schema in a few words: `array of string`, `string, one of ["a", "b"]`."""
    if not isinstance(schema, Mapping):
        return (
            {True: "anything", False: "nothing"}.get(schema, "schema")
            if isinstance(schema, bool)
            else "schema"
        )
    schema = without_choice(schema)
    said = spell_type(schema["type"]) if "type" in schema else "anything"
    items = schema.get("items")
    if schema.get("type") == "array" and isinstance(items, Mapping) and "type" in items:
        said += f" of {spell_type(items['type'])}"
    if isinstance(schema.get("format"), str):
        said += f" ({printable(schema['format'])})"
    if isinstance(schema.get("enum"), list):
        said += f", one of {spell_value(schema['enum'])}"
    if "const" in schema:
        said += f", always {spell_value(schema['const'])}"
    if "default" in schema:
        said += f", default {spell_value(schema['default'])}"
    return said
