"""Values as TOML writes them."""

from __future__ import annotations

import json


def toml_string(text: str) -> str:
    """A basic string of TOML: one of JSON but for a character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
