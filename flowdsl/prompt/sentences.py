"""Load `sentences.toml`: every sentence, split into words and holes.

Knows neither the printer nor the parser.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from itertools import product
from typing import Any

from flowdsl.source.record import Record

MAIN, FOCUSED, PLATFORM = "main", "focused", "platform"
"""Who reads a sentence."""

COUNT, BOUND, FLAG = "count", "bound", "flag"
"""The kinds of holes that contain no text."""

NUMBERS = (COUNT, BOUND)
"""The kinds for which words depend on whether the number is 1; an input counts as not 1."""


class Hole(Record, eq=True):
    """The place of a value in a sentence."""

    name: str
    kind: str


class Choice(Record):
    """Words that depend on a value: the parts if it is `chosen`, and the parts if not."""

    hole: Hole
    words: tuple[str | Hole, ...]
    otherwise: tuple[str | Hole, ...]

    def chosen(self, value: object) -> bool:
        """Whether the first words are used for this value."""
        return value != 1 if self.hole.kind in NUMBERS else bool(value)


LINE, START, ASK, CONSEQUENCE = "line", "start", "ask", "consequence"
"""Where a sentence may occur: as a line of its own, or as a part of one.

A START is the beginning of a line, an ASK is a question about the screen, a CONSEQUENCE is an
action.
"""


class Sentence(Record):
    """A sentence.

    `place` is where it may occur, empty for a sentence of holes or paragraphs. `holes` are in the
    order of their names in the text; `choices` are among `parts`.
    """

    name: str
    place: str
    readers: tuple[str, ...]
    text: str
    parts: tuple[str | Hole | Choice, ...]
    holes: tuple[Hole, ...]
    choices: tuple[Choice, ...]

    def words(self, chosen: dict[str, bool]) -> Iterator[str | Hole]:
        """Yield literal text and holes; `chosen` makes every choice, by the name of its hole."""
        for part in self.parts:
            if isinstance(part, Choice):
                yield from part.words if chosen[part.hole.name] else part.otherwise
            else:
                yield part

    def variants(self) -> Iterator[dict[str, bool]]:
        """Yield every set of choices, by the names of their holes; only `{}` if there are none."""
        names = dict.fromkeys(choice.hole.name for choice in self.choices)
        for values in product((True, False), repeat=len(names)):
            yield dict(zip(names, values, strict=True))


_PART = re.compile(
    r"\{(?P<hole>\w+)(?::(?P<kind>\w+))?\}"
    r"|\[(?P<choice>\w+)(?::(?P<type>\w+))?\?(?P<words>[^\]|]*)(?:\|(?P<otherwise>[^\]|]*))?\]"
)


def _make_sentence(name: str, readers: tuple[str, ...], row: str | dict[str, str]) -> Sentence:
    ((place, text),) = (("", row),) if isinstance(row, str) else row.items()
    holes: dict[str, Hole] = {}
    parts = tuple(_parse_parts(text, holes))
    choices = tuple(part for part in parts if isinstance(part, Choice))
    return Sentence(name, place, readers, text, parts, tuple(holes.values()), choices)


def _parse_parts(text: str, holes: dict[str, Hole]) -> Iterator[str | Hole | Choice]:
    position = 0
    for found in _PART.finditer(text):
        if found.start() > position:
            yield text[position : found.start()]
        position = found.end()
        name = found["hole"] or found["choice"]
        kind = found["kind"] or found["type"]
        hole = Hole(name, kind) if kind else holes[name]
        if holes.setdefault(name, hole) is not hole:
            raise ValueError(f"{text}: the kind of {name} is said twice")
        if found["hole"]:
            yield hole
        else:
            yield Choice(
                hole,
                _parse_flat_parts(found["words"], holes),
                _parse_flat_parts(found["otherwise"], holes),
            )
    if position < len(text):
        yield text[position:]


def _parse_flat_parts(text: str | None, holes: dict[str, Hole]) -> tuple[str | Hole, ...]:
    return tuple(part for part in _parse_parts(text or "", holes) if not isinstance(part, Choice))


def read_table(place: str) -> dict[str, Any]:
    """The TOML file at a path."""
    with open(place, "rb") as file:  # noqa: PTH123 - `pathlib` is slow to import
        return tomllib.load(file)


_DATA = read_table(os.path.join(os.path.dirname(__file__), "sentences.toml"))

KINDS: dict[str, str] = _DATA["kinds"]
"""The content of a hole, by kind."""

SENTENCES = {
    f"{family}.{key}": _make_sentence(f"{family}.{key}", tuple(readers.split("-")), row)
    for readers, families in _DATA["sentences"].items()
    for family, rows in families.items()
    for key, row in rows.items()
}
"""Every sentence by its name."""


def sentences_at(place: str) -> tuple[str, ...]:
    """Return the names of the sentences that may occur at a place."""
    return tuple(name for name, sentence in SENTENCES.items() if sentence.place == place)


_WORDS: dict[str, Any] = _DATA["words"]

SCALARS: dict[str, str] = _WORDS["scalars"]
"""The description of each built-in type, for an agent that must write a value of it."""

COMPARISONS: dict[str, str] = _WORDS["texts"]
NUMERIC: dict[str, str] = _WORDS["numbers"]
"""The words for each operator of the language, between texts and between numbers."""

PARTS: dict[str, str] = _WORDS["parts"]
"""The words for each relation of a text to a part of it, and for its negation."""

ALL: str = _WORDS["all"]
ANY: str = _WORDS["any"]
"""The words that join conditions, each of which is in brackets."""

OR: str = _WORDS["or"]
THEN: str = _WORDS["then"]
AND: str = _WORDS["and"]
"""The words that join the parts of a type or a value."""

BLANKS: dict[str, str] = _WORDS["blanks"]
"""The names of blanks that a reader of a text would not see."""

DATA_NOTE: str = _WORDS["data_note"]
"""The note after an untrusted value in an instruction."""

DONE: str = _WORDS["done"]
AGAIN: str = _WORDS["again"]
FAILED: str = _WORDS["failed"]
NONE: str = _WORDS["none"]
"""The value that decisions save, if not the number of a branch."""
