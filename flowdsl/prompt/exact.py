"""Texts that must arrive exactly: with visible ends, and with invisible blanks put into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from flowdsl.ir import nodes

from .sentences import BLANKS, THEN
from .text import bracketed, brackets, spell_command, spell_text
from .words import say


def exact(noun: str, text: nodes.Text, *, block: bool = False) -> str:
    """A text, value or command: the number of its lines, and each of them in brackets.

    The brackets are a pair that the text does not hold. With `block`, a text of several lines has
    each on a line of its own.
    """
    command = noun == "command"
    spelled = spell_command(text) if command else spell_text(text)
    lines = spelled.split("\n")
    opening, closing = brackets(spelled)
    between = "\n" if block and len(lines) > 1 else " "
    return say(
        "values.exact",
        noun,
        len(lines),
        opening,
        closing,
        not command and has_holes(text),
        "; ".join(_notes(lines)),
        "".join(f"{between}{opening}{line}{closing}" for line in lines),
    )


def delimited(text: nodes.Text) -> str:
    """A text in the middle of a sentence, in brackets that its values are unlikely to hold."""
    spelled = spell_text(text)
    return bracketed(spelled) if is_plain(spelled) else exact("text", text)


def has_holes(text: nodes.Text) -> bool:
    """Whether a run fills in something unknown before.

    Secrets do not count: they are filled in only while they are typed.
    """
    return any(isinstance(piece, nodes.Variable) and piece.sigil != "secret" for piece in text)


def is_plain(text: str) -> bool:
    """Whether a quoted text is seen exactly: one line, with only single blanks between words."""
    return "\n" not in text and not any(_blanks(text, ""))


_RUN = re.compile(r"\s+")


def _notes(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        subject = say("blanks.line", number) if len(lines) > 1 else say("blanks.it")
        if not line and len(lines) > 1:
            yield say("blanks.empty", subject)
        yield from _blanks(line, subject)


def _blanks(line: str, subject: str) -> Iterator[str]:
    """The blanks of a line that a reader may miss, in words."""
    words = 0
    for run in _RUN.finditer(line):
        begins, ends = run.start() == 0, run.end() == len(line)
        words += not begins
        if begins and ends:
            yield say("blanks.only", subject, _counted(run[0]))
        elif begins:
            yield say("blanks.first", subject, _counted(run[0]))
        elif ends:
            yield say("blanks.last", subject, _counted(run[0]))
        elif run[0] != " ":
            yield say("blanks.between", subject, _counted(run[0]), words)


def _counted(run: str) -> str:
    """A run of blanks in words: `2 blanks`, `1 tab, then 1 blank`."""
    parts: list[str] = []
    for character, group in groupby(run):
        count = len(list(group))
        name = BLANKS.get(character) or unicodedata.name(character, "blank").lower()
        parts.append(say("blanks.run", count, name))
    return THEN.join(parts)
