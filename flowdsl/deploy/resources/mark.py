"""The mark of a workflow: which address it was created for, and by which creation.

It is a `$comment` in the workflow's input schema, which JSON Schema ignores and no agent sees. A
workflow has no other field for metadata of ours. Duplicating a workflow in the dashboard copies its
mark, so a mark is evidence, never proof.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.cyberdesk.json_text import is_crowded, is_deep

PREFIX = "flowdsl:"
COMMENT = "$comment"

DEEPEST = 200
"""Levels of nesting in the text of a schema; some more would overflow Python's stack."""

_GENERATION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """The content of a mark; `intent` is the first eight digits of the intent's id."""

    project: str
    environment: str
    address: Address
    generation: int
    intent: str

    def __str__(self) -> str:
        parts = (self.project, self.environment, self.address, str(self.generation), self.intent)
        return PREFIX + "/".join(quote(part, safe="") for part in parts)


def parse_mark(text: str) -> Mark | None:
    """Parse the mark that `text` spells; None if it is not one."""
    parts = [unquote(part) for part in text.removeprefix(PREFIX).split("/")]
    if not text.startswith(PREFIX) or len(parts) != 5 or not _GENERATION.fullmatch(parts[3]):
        return None
    address = Address.unchecked(parts[2])
    if address.kind != WORKFLOW or not address.name:
        return None
    return Mark(parts[0], parts[1], address, int(parts[3]), parts[4])


def mark_in(input_schema: str | None) -> Mark | None:
    """Return the mark in an input schema as the service stores it, or None."""
    schema = _parse_object_schema(input_schema)
    comment = None if schema is None else schema.get(COMMENT)
    return parse_mark(comment.split(" ", 1)[0]) if isinstance(comment, str) else None


def insert_mark(input_schema: str | None, mark: Mark | None) -> str | None:
    """Return `input_schema` with `mark` as its first key; an object schema if there is none.

    A comment of the author's own follows the mark after a blank. A schema that is not a JSON object
    is returned unchanged.
    """
    if mark is None:
        return input_schema
    schema: dict[str, Any] | None = (
        {"type": "object"} if input_schema is None else _parse_object_schema(input_schema)
    )
    if schema is None:
        return input_schema
    own = schema.pop(COMMENT, None)
    comment = f"{mark} {own}" if isinstance(own, str) and own else str(mark)
    return json.dumps({COMMENT: comment, **schema}, ensure_ascii=False)


def without_mark(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` without its mark, keeping the author's own comment."""
    comment = schema.get(COMMENT)
    if not isinstance(comment, str) or not comment.startswith(PREFIX):
        return schema
    own = comment.partition(" ")[2]
    rest = {key: value for key, value in schema.items() if key != COMMENT}
    return {**rest, COMMENT: own} if own else rest


def parse_schema(text: str) -> Any:
    """Return the JSON value of a schema's text, at most `DEEPEST` levels deep.

    Raises `ValueError` for any other text.
    """
    try:
        if not is_crowded(text) and not is_deep(text, value := json.loads(text), DEEPEST):
            return value
    except RecursionError:
        pass
    raise ValueError("too many values or levels")


def _parse_object_schema(text: str | None) -> dict[str, Any] | None:
    try:
        value = parse_schema(text or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
