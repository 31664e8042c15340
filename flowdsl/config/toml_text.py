"""Writes values as TOML."""

from __future__ import annotations

import json


def toml_string(text: str) -> str:
    """Write a basic string of TOML: a JSON string, except for one character that JSON allows."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
