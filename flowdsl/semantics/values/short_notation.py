"""Cyberdesk's short notation of schemas, `{"patient_mrn": "string", "vital_signs": {"heart_rate": "number"}}`: platform.md, section 3.2.

An input schema in it names a secret as JSON Schema does, `{"$password": "string"}`.
"""

from __future__ import annotations

import re
from typing import Any

_KEYWORDS = frozenset(
    ("allOf", "anyOf", "definitions", "enum", "items", "not", "oneOf", "properties", "required")
)
"""Keywords that a schema of an object may have without a `type`; their values are no words."""

_DESCRIBING = frozenset(("type", "title", "description", "format", "default"))
"""Keywords whose values are words."""

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
"""Keywords that begin as the name of a secret does."""


def is_short_notation(schema: dict[str, Any]) -> bool:
    """Whether an object names fields with their types (`{"total": "number"}`) and has no keyword of JSON Schema."""
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
