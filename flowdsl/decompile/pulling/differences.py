"""What separates two values: the places in a text that change, and how much changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flowdsl.source.alignment import Effort
from flowdsl.source.record import Record

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_MOST_PAIRS = 4_000_000
"""With more pairs of words than this, a changed passage is one change: aligning it takes too long.
"""


class Hunk(Record, eq=True):
    """`new` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    new: str


@lru_cache(maxsize=256)
def hunks(before: str, after: str) -> tuple[Hunk, ...]:
    """The changes that turn `before` into `after`, in order; words and signs change as wholes."""
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[Hunk] = []
    offsets = [0]
    for line in one:
        offsets.append(offsets[-1] + len(line))
    effort = Effort()
    for tag, i1, i2, j1, j2 in effort.opcodes(one, other):
        if tag == "equal":
            continue
        if i2 - i1 == j2 - j1:
            pairs = [(i, i + 1, j1 + i - i1, j1 + i - i1 + 1) for i in range(i1, i2)]
        else:
            pairs = [(i1, i2, j1, j2)]
        for a1, a2, b1, b2 in pairs:
            old, new = "".join(one[a1:a2]), "".join(other[b1:b2])
            found += (
                Hunk(offsets[a1] + start, offsets[a1] + end, words)
                for start, end, words in _word_changes(old, new, effort)
            )
    return tuple(found)


def _word_changes(old: str, new: str, effort: Effort) -> Iterator[tuple[int, int, str]]:
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) * len(other) > _MOST_PAIRS:
        yield 0, len(old), new
        return
    offsets = [0]
    for token in one:
        offsets.append(offsets[-1] + len(token))
    pending: tuple[int, int, str] | None = None
    for tag, i1, i2, j1, j2 in effort.opcodes(one, other):
        if tag == "equal":
            continue
        start, end, words = offsets[i1], offsets[i2], "".join(other[j1:j2])
        if pending is not None and not old[pending[1] : start].strip():
            # Changes with only blanks between them are one change.
            pending = (pending[0], end, pending[2] + old[pending[1] : start] + words)
            continue
        if pending is not None:
            yield pending
        pending = (start, end, words)
    if pending is not None:
        yield pending


def cost(before: Any, after: Any) -> int:
    """How far two values are apart: 0 if they are equal, else about the characters that change."""
    if before == after and type(before) is type(after):
        return 0
    one, other = shown(before), shown(after)
    return max(1, sum(max(each.end - each.start, len(each.new)) for each in hunks(one, other)))


def edits(before: Any, after: Any) -> list[tuple[str, str]]:
    """The pairs (words removed, words put in their place) that lead from one value to another."""
    one, other = shown(before), shown(after)
    return [(one[each.start : each.end], each.new) for each in hunks(one, other)]


def shown(value: Any) -> str:
    """A value as lines of text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


Path = tuple[str | int, ...]


def leaves(value: Any, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """The texts inside a JSON value, each with its path."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*at, index))
