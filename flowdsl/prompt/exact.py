"""Texts that have to arrive as they are: with ends that can be seen, and the blanks in words that nobody sees."""

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
    """A text, value or command: how many lines it has, and each of them in brackets that it does not hold.

    With `block`, the lines of a text that has several stand on lines of their own.
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
    """A text in the middle of a sentence: in brackets, which a value that is filled in is unlikely to hold."""
    spelled = spell_text(text)
    return bracketed(spelled) if is_plain(spelled) else exact("text", text)


def has_holes(text: nodes.Text) -> bool:
    """Whether a run fills in what nobody knows before; secrets are filled in only while they are typed."""
    return any(isinstance(piece, nodes.Variable) and piece.sigil != "secret" for piece in text)


def is_plain(text: str) -> bool:
    """Whether a text between quotation marks is seen as it is: one line, and no blanks but single ones between words."""
    return "\n" not in text and not any(_blanks(text, ""))


_RUN = re.compile(r"\s+")


def _notes(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        subject = say("blanks.line", number) if len(lines) > 1 else say("blanks.it")
        if not line and len(lines) > 1:
            yield say("blanks.empty", subject)
        yield from _blanks(line, subject)


def _blanks(line: str, subject: str) -> Iterator[str]:
    """What a line has of blanks that a reader may miss."""
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
