"""The sentences behind descriptions of outputs that say where values are from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from .frames import Sentences
from .texts import NAMELESS

_WORDS = 5_000
"""The number of words at the end of a description in which a source's sentence may begin."""

_NAMES = ("kept", "background", "numbered", "const", "unset", "left_out")


@cache
def source_sentences() -> Sentences:
    return Sentences(NAMELESS)


def find_source(description: str) -> int | None:
    """Return where the sentence about the source begins in a description; None without one."""
    if not description.endswith("."):
        return None
    starts = [0, *(number + 1 for number, each in enumerate(description) if each == " ")]
    for start in starts[-_WORDS:]:
        words = clause_of(description, start)
        if any(source_sentences().match(f"sources.{name}", words) is not None for name in _NAMES):
            return start
    return None


def clause_of(description: str, start: int) -> str:
    """Return the sentence that begins in a description at `start`, as a part of a sentence."""
    return description[start : start + 1].lower() + description[start + 1 : -1]


def fill_sources(schema: Any, compiled: Any) -> Any:
    """Return a schema of outputs in which each description ends with its source.

    Where somebody wrote a description without one, it is that of the compiled schema.
    """
    fields, ours = (
        each.get("properties") if isinstance(each, Mapping) else None for each in (schema, compiled)
    )
    if not isinstance(fields, Mapping) or not isinstance(ours, Mapping):
        return schema
    filled = {name: _fill_source(field, ours.get(name)) for name, field in fields.items()}
    return {**schema, "properties": filled}


def _fill_source(field: Any, compiled: Any) -> Any:
    if not isinstance(field, Mapping) or not isinstance(compiled, Mapping):
        return field
    own, ours = (str(each.get("description", "")) for each in (field, compiled))
    start = find_source(ours)
    if start is None or find_source(own) is not None:
        return field
    return {**field, "description": f"{own.strip()} {ours[start:]}".strip()}


def says_the_same_outputs(one: Any, other: Any) -> bool:
    """Whether two schemas differ at most in sentences about sources that one of them lacks."""
    return bool(fill_sources(one, other) == fill_sources(other, one))
