"""Recognise sentences by the fixed words around their holes, and each hole by its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from flowdsl.prompt.sentences import FLAG, NUMBERS, SENTENCES, Hole, Sentence
from flowdsl.source.record import Record

Read = Callable[[str, int], tuple[Any, int] | None]
"""Parses a part with a clear end: returns its value and the offset after it, or None."""


class Free(Record):
    """A hole that takes any characters up to the next fixed words.

    `read` returns None for invalid ones.
    """

    read: Callable[[str], Any]


class Frame(Record):
    """A sentence with its choices resolved.

    `literals` are the words around `holes`; `implied` are the values that follow from the choices.
    """

    literals: tuple[str, ...]
    holes: tuple[Hole, ...]
    implied: dict[str, Any]

    @property
    def start(self) -> str:
        """The words with which a text in this frame begins."""
        return self.literals[0]


class Sentences:
    """Parses sentences; `kinds` has the reader of each kind of hole.

    The values of a sentence are in the order of its holes. An omitted count is 1, an unset flag is
    False, an absent text is empty. Takes linear time in the text, besides the time of the readers
    of holes.
    """

    def __init__(self, kinds: Mapping[str, Read | Free]) -> None:
        self.kinds = dict(kinds)

    def match(self, name: str, text: str) -> tuple[Any, ...] | None:
        """Return the values in `text` if it is the sentence `name` as a whole, else None.

        A free hole ends at the last occurrence of the next words, or at the first if another free
        hole follows.
        """
        for frame in frames_of_sentence(name):
            found = self._read(frame, text, 0)
            if found is not None and found[1] == len(text):
                return _order_values(name, frame, found[0])
        return None

    def read(self, name: str, text: str, position: int) -> tuple[tuple[Any, ...], int] | None:
        """Return the values in the sentence `name` at `position`, and the offset after it.

        None if it is not there. The sentence must have no free holes.
        """
        for frame in frames_of_sentence(name):
            found = self._read(frame, text, position)
            if found is not None:
                return _order_values(name, frame, found[0]), found[1]
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


def _order_values(name: str, frame: Frame, found: list[Any]) -> tuple[Any, ...]:
    values = frame.implied | {
        hole.name: value for hole, value in zip(frame.holes, found, strict=True)
    }
    return tuple(values[hole.name] for hole in SENTENCES[name].holes)


@cache
def frames_of_sentence(name: str) -> tuple[Frame, ...]:
    """Return the frames of a sentence, one for each set of choices."""
    sentence = SENTENCES[name]
    return tuple(_make_frame(sentence, chosen) for chosen in sentence.variants())


def _make_frame(sentence: Sentence, chosen: dict[str, bool]) -> Frame:
    implied = dict(_find_implied_values(sentence, chosen))
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


def _find_implied_values(sentence: Sentence, chosen: dict[str, bool]) -> Iterator[tuple[str, Any]]:
    """Yield the values that follow from the choices, by hole; the others are in holes."""
    for choice in sentence.choices:
        hole = choice.hole
        if hole.kind == FLAG:
            yield hole.name, chosen[hole.name]
        elif not chosen[hole.name]:
            yield hole.name, 1 if hole.kind in NUMBERS else ""
