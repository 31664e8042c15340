"""FlowDSL's own words, the other way: each frame of code generation as the fixed parts around its slots.

The words stand in `prompt/frames/` alone. What a frame looks like is found out by filling it with marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from flowdsl.prompt.words import say
from flowdsl.source.record import Record

SLOT = "\ue000"
"""Given to `frame` in place of a value that is to be read."""

_MARK = re.compile("[\ue000-\ue00f]")

Read = Callable[[str, int], tuple[Any, int] | None]
"""Reads something whose own form says where it ends: what it is, and where; None when it does not stand there."""


class Free(Record):
    """A slot that takes any characters up to the words behind it. `read` gives their meaning, None when they have none."""

    read: Callable[[str], Any]


class Frame(Record):
    """A frame: `literals` around the slots in the order of the words; `order` has the number of each slot among the values."""

    literals: tuple[str, ...]
    order: tuple[int, ...]

    @property
    def start(self) -> str:
        """How a text in this frame begins."""
        return self.literals[0]

    def match(self, text: str, *slots: Read | Free) -> tuple[Any, ...] | None:
        """The values of the slots when `text` is this frame and nothing else.

        `slots` say how to read each value, in the order of the frame's values. A free slot ends at the last place where the
        next words stand, unless another free slot follows. Takes time linear in the text, besides what readers take.
        """
        found = self._read(text, 0, slots)
        return None if found is None or found[1] != len(text) else found[0]

    def read(self, text: str, position: int, *slots: Read) -> tuple[tuple[Any, ...], int] | None:
        """The values of the slots, and where the frame ends that begins at `position`."""
        return self._read(text, position, slots)

    def _read(
        self, text: str, position: int, slots: tuple[Read | Free, ...]
    ) -> tuple[tuple[Any, ...], int] | None:
        if not text.startswith(self.literals[0], position):
            return None
        position += len(self.literals[0])
        values: list[Any] = [None] * len(slots)
        for index, number in enumerate(self.order):
            following = self.literals[index + 1]
            slot = slots[number]
            if isinstance(slot, Free):
                end = self._end(text, position, index, slots)
                if end < position or (value := slot.read(text[position:end])) is None:
                    return None
            else:
                found = slot(text, position)
                if found is None or not text.startswith(following, found[1]):
                    return None
                value, end = found
            values[number] = value
            position = end + len(following)
        return tuple(values), position

    def _end(self, text: str, start: int, index: int, slots: tuple[Read | Free, ...]) -> int:
        following = self.literals[index + 1]
        if index + 1 == len(self.order):
            end = len(text) - len(following)
            return end if text.endswith(following) else -1
        if isinstance(slots[self.order[index + 1]], Free):
            return text.find(following, start)
        return text.rfind(following, start, len(text) - sum(map(len, self.literals[index + 2 :])))


@cache
def frame(name: str, *values: object) -> Frame:
    """The frame `name`, with `SLOT` in place of the values to be read and the others filled in."""
    words = say(name, *_marked(values))
    order = tuple(ord(mark) - ord(SLOT) for mark in _MARK.findall(words))
    return Frame(tuple(_MARK.split(words)), order)


def _marked(values: tuple[object, ...]) -> Iterator[object]:
    marks = map(chr, range(ord(SLOT), ord(SLOT) + len(values)))
    return (next(marks) if value is SLOT else value for value in values)
