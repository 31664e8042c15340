"""Sentences recognised in a text: the fixed words around their holes, and each hole read as its kind is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from flowdsl.prompt.sentences import COUNT, FLAG, SENTENCES, Hole, Sentence
from flowdsl.source.record import Record

Read = Callable[[str, int], tuple[Any, int] | None]
"""Reads something whose own form says where it ends: what it is, and where; None when it does not stand there."""


class Free(Record):
    """A hole that takes any characters up to the words behind it. `read` gives their meaning, None when they have none."""

    read: Callable[[str], Any]


class Frame(Record):
    """A sentence with its choices made: `literals` stand around `holes`, and `implied` are the values that the choices tell."""

    literals: tuple[str, ...]
    holes: tuple[Hole, ...]
    implied: dict[str, Any]

    @property
    def start(self) -> str:
        """How a text in this frame begins."""
        return self.literals[0]


class Sentences:
    """Reads sentences; `kinds` say how each kind of hole is read.

    The values of a sentence come in the order of its holes. A count that is not said is 1, a flag that is not set False,
    a text that is not there empty. Takes time linear in the text, besides what the readers of holes take.
    """

    def __init__(self, kinds: Mapping[str, Read | Free]) -> None:
        self.kinds = dict(kinds)

    def match(self, name: str, text: str) -> tuple[Any, ...] | None:
        """The values in `text` when it is the sentence `name` and nothing else.

        A free hole ends at the last place where the next words stand, unless another free one follows.
        """
        for frame in frames(name):
            found = self._read(frame, text, 0)
            if found is not None and found[1] == len(text):
                return _values(name, frame, found[0])
        return None

    def read(self, name: str, text: str, position: int) -> tuple[tuple[Any, ...], int] | None:
        """The values in the sentence `name` that begins at `position`, and where it ends; it has no free holes."""
        for frame in frames(name):
            found = self._read(frame, text, position)
            if found is not None:
                return _values(name, frame, found[0]), found[1]
        return None

    def _read(self, frame: Frame, text: str, position: int) -> tuple[list[Any], int] | None:
        if not text.startswith(frame.start, position):
            return None
        position += len(frame.start)
        values: list[Any] = []
        for index, hole in enumerate(frame.holes):
            following = frame.literals[index + 1]
            kind = self.kinds[hole.kind]
            if isinstance(kind, Free):
                end = self._end(frame, text, position, index)
                if end < position or (value := kind.read(text[position:end])) is None:
                    return None
            else:
                found = kind(text, position)
                if found is None or not text.startswith(following, found[1]):
                    return None
                value, end = found
            values.append(value)
            position = end + len(following)
        return values, position

    def _end(self, frame: Frame, text: str, start: int, index: int) -> int:
        following = frame.literals[index + 1]
        if index + 1 == len(frame.holes):
            end = len(text) - len(following)
            return end if text.endswith(following) else -1
        if isinstance(self.kinds[frame.holes[index + 1].kind], Free):
            return text.find(following, start)
        rest = sum(map(len, frame.literals[index + 2 :]))
        return text.rfind(following, start, len(text) - rest)


def _values(name: str, frame: Frame, found: list[Any]) -> tuple[Any, ...]:
    values = frame.implied | {
        hole.name: value for hole, value in zip(frame.holes, found, strict=True)
    }
    return tuple(values[hole.name] for hole in SENTENCES[name].holes)


@cache
def frames(name: str) -> tuple[Frame, ...]:
    """The frames of a sentence, one for each way to make its choices."""
    sentence = SENTENCES[name]
    return tuple(_frame(sentence, chosen) for chosen in sentence.variants())


def _frame(sentence: Sentence, chosen: dict[str, bool]) -> Frame:
    implied = dict(_implied(sentence, chosen))
    literals, holes = [""], []
    for word in sentence.words(chosen):
        if isinstance(word, str):
            literals[-1] += word
        elif word.name in implied:
            literals[-1] += str(implied[word.name])
        else:
            holes.append(word)
            literals.append("")
    return Frame(tuple(literals), tuple(holes), implied)


def _implied(sentence: Sentence, chosen: dict[str, bool]) -> Iterator[tuple[str, Any]]:
    """The values that the choices tell, by the names of their holes; what is chosen of others stands in a hole."""
    for choice in sentence.choices:
        hole = choice.hole
        if hole.kind == FLAG:
            yield hole.name, chosen[hole.name]
        elif not chosen[hole.name]:
            yield hole.name, 1 if hole.kind == COUNT else ""
