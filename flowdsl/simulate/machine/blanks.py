"""Notes in a prompt on invisible blanks in a text: `it ends with 2 blanks`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from flowdsl.prompt.sentences import BLANKS, THEN

from .characters import TOKEN
from .grammar import Grammar, Reader, Said

_NAMES = {name: character for character, name in BLANKS.items()}
_SENTENCES = ("blanks.empty", "blanks.only", "blanks.first", "blanks.last", "blanks.between")


def read_notes(grammar: Grammar) -> Reader:
    """Return the reader of notes; each is a sentence about a line of the text."""
    kinds: dict[str, Reader] = {
        "subject": lambda text: grammar.read(("blanks.line", "blanks.it"), text),
        "run": lambda text: _read_runs(grammar, text),
        "unit": lambda text: (text,) if _find_character(text) else (),
    }
    grammar.add(kinds)

    def notes(text: str) -> Iterator[tuple[Said, ...]]:
        found: list[Said] = []
        for part in text.split("; "):
            read = grammar.read(_SENTENCES, part)
            if len(read) != 1:
                return
            found.append(read[0])
        yield tuple(found)

    return notes


def _read_runs(grammar: Grammar, text: str) -> Iterator[tuple[tuple[int, str], ...]]:
    found: list[tuple[int, str]] = []
    for part in text.split(THEN):
        read = grammar.sentence("blanks.run", part)
        if len(read) != 1:
            return
        found.append((read[0]["count"], _find_character(read[0]["unit"]) or ""))
    yield tuple(found)


def _find_character(name: str) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    try:
        character = unicodedata.lookup(name.upper())
    except KeyError:
        return None
    # What the language has a name for is called by no other.
    return None if character in BLANKS else character


def has_contradiction(notes: Iterable[Said], lines: Sequence[str]) -> bool:
    """Whether a note does not match the lines of the text."""
    return any(not _is_so(note, lines) for note in notes)


def lacks_note(notes: Iterable[Said], lines: Sequence[str]) -> bool:
    """Whether a reader would miss blanks of a text: a run at an end, or no single blank inside.

    `lines` have the characters of values outside. What is beside a value, or between words behind
    one, has no note, since the value may add blanks and words.
    """
    noted = {
        (_line_number(note), note.name, note["run"])
        for note in notes
        if note.name != "blanks.empty"
    }
    for number, line in enumerate(lines, 1):
        values = [found.span() for found in _VALUE.finditer(line)]
        for run in re.finditer(r"\s+", line):
            begins, ends = run.start() == 0, run.end() == len(line)
            if any(run.start() == end or start == run.end() for start, end in values):
                continue
            if not begins and not ends and (run[0] == " " or _is_behind(run.start(), values)):
                continue
            if begins or ends:
                name = "only" if begins and ends else "first" if begins else "last"
            else:
                name = "between"
            if (number, f"blanks.{name}", _count_runs(run[0])) not in noted:
                return True
    return False


def is_plain(text: str) -> bool:
    """Whether a reader sees all blanks of a text on one line without a note."""
    return not lacks_note((), (text,))


_VALUE = re.compile(rf"{TOKEN.pattern}|[\U00040000-\U0010ffff]+", re.ASCII)
"""A variable, or what stands in the place of one."""


def _is_behind(place: int, values: Iterable[tuple[int, int]]) -> bool:
    return any(end <= place for _, end in values)


def _line_number(note: Said) -> int:
    subject: Said = note["subject"]
    return int(subject["number"]) if subject.name == "blanks.line" else 1


def _is_so(note: Said, lines: Sequence[str]) -> bool:
    number = _line_number(note)
    if not 1 <= number <= len(lines):
        return False
    line = lines[number - 1]
    holes: dict[str, Any] = dict(note.holes)
    match note.name:
        case "blanks.empty":
            return not line
        case "blanks.only":
            return bool(line) and bool(_count_runs(line) == holes["run"])
        case "blanks.first":
            found = re.match(r"\s+", line)
            return found is not None and bool(_count_runs(found[0]) == holes["run"])
        case "blanks.last":
            found = re.search(r"\s+\Z", line)
            return found is not None and bool(_count_runs(found[0]) == holes["run"])
        case _:
            words = list(re.finditer(r"\S+", line))
            place: int = holes["number"]
            if place >= len(words):
                return False
            between = line[words[place - 1].end() : words[place].start()]
            return bool(_count_runs(between) == holes["run"])


def _count_runs(run: str) -> tuple[tuple[int, str], ...]:
    return tuple((len(list(group)), each) for each, group in groupby(run))
