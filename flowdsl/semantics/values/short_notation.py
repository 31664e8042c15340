"""Cyberdesk's short notation of schemas (platform.md, section 3.2).

    {"patient_mrn": "string", "vital_signs": {"heart_rate": "number"}}

An input schema in it names a secret as JSON Schema does: `{"$password": "string"}`.
"""

from __future__ import annotations

import re
from typing import Any

_KEYWORDS = frozenset(
    ("allOf", "anyOf", "definitions", "enum", "items", "not", "oneOf", "properties", "required")
)
"""Keywords of JSON Schema that an object may have without a `type`. Their values are no words."""

_DESCRIBING = frozenset(("type", "title", "description", "format", "default"))
"""Keywords of JSON Schema whose values are words."""

_CORE = frozenset(
    [
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$dynamicRef",
        "$id",
        "$recursiveAnchor",
        "$recursiveRef",
        "$ref",
        "$schema",
        "$vocabulary",
    ]
)
"""Keywords of JSON Schema that begin with `$`, as the name of a secret does."""


def is_short_notation(schema: dict[str, Any]) -> bool:
    """Whether an object names fields with their types and has no keyword of JSON Schema."""
    return (
        not schema.keys() <= _DESCRIBING
        and schema.keys().isdisjoint(_CORE)
        and all(isinstance(value, str | dict | list) for value in schema.values())
        and all(isinstance(value, str) for name, value in schema.items() if name in _KEYWORDS)
        and any(_is_type(value) for value in schema.values())
    )


def _is_type(value: Any) -> bool:
    """Whether a value of the short notation is a type: a word, a list of types, or fields."""
    if isinstance(value, dict):
        return any(map(_is_type, value.values()))
    if isinstance(value, list):
        return any(map(_is_type, value))
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z]+(\[\])?\??", value) is not None
