"""Objects of the machine format: their common fields, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

FORMAT_VERSION = 1


def dump_json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)


def object_json(content: Mapping[str, Any]) -> str:
    """One object of the machine format."""
    return dump_json({"format_version": FORMAT_VERSION, **content})


def items_json(items: Sequence[Any], head: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Format an object with a list, preceded by the fields `head` and followed by `more`."""
    return object_json({**(head or {}), "items": list(items), "total": len(items), **more})
