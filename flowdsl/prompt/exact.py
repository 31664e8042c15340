"""Texts that must arrive exactly: with visible ends, and with invisible blanks described."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from flowdsl.ir import nodes

from .sentences import BLANKS, THEN
from .text import choose_brackets, enclose_in_brackets, quote_author_text, spell_command, spell_text
from .words import say_sentence


def spell_exact_text(noun: str, text: nodes.Text, *, block: bool = False) -> str:
    """Return a text, JSON value or command with both of its ends visible.

    A command, or a text that is not a plain line, is preceded by the number of its lines, each of
    which is in a pair of brackets that the text does not contain. With `block`, each of several
    lines is on a line of its own.
    """
    spelled = spell_command(text) if noun == "command" else spell_text(text)
    if noun == "command" or not is_plain(spelled):
        return in_lines(noun, text, spelled, block=block)
    if is_secret(text):
        return say_sentence("values.secret", spelled)
    if noun == "text":
        return say_sentence("values.text", quote_author_text(text))
    return say_sentence("values.value", enclose_in_brackets(spelled))


def in_lines(noun: str, text: nodes.Text, spelled: str, *, block: bool) -> str:
    """Return the lines of a text in brackets, with notes on their invisible blanks."""
    lines = spelled.split("\n")
    opening, closing = choose_brackets(spelled)
    between = "\n" if block and len(lines) > 1 else " "
    return say_sentence(
        "values.exact",
        noun,
        len(lines),
        opening,
        closing,
        noun != "command" and has_holes(text),
        "; ".join(_describe_invisible_ends(lines)),
        "".join(f"{between}{opening}{line}{closing}" for line in lines),
    )


def delimit_text(text: nodes.Text) -> str:
    """Return a text for the middle of a sentence, in brackets that its values rarely contain."""
    spelled = spell_text(text)
    return enclose_in_brackets(spelled) if is_plain(spelled) else spell_exact_text("text", text)


def is_secret(text: nodes.Text) -> bool:
    """Whether a text is one secret and nothing else."""
    return len(text) == 1 and isinstance(text[0], nodes.Variable) and text[0].sigil == "secret"


def has_holes(text: nodes.Text) -> bool:
    """Whether a run inserts unknown values into a text.

    Secrets do not count: they are inserted only while they are typed.
    """
    return any(isinstance(piece, nodes.Variable) and piece.sigil != "secret" for piece in text)


def is_plain(text: str) -> bool:
    """Whether a quoted text is exact: one line, with only single blanks between words."""
    return "\n" not in text and not any(_describe_blanks(text, ""))


_RUN = re.compile(r"\s+")


def _describe_invisible_ends(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        subject = (
            say_sentence("blanks.line", number) if len(lines) > 1 else say_sentence("blanks.it")
        )
        if not line and len(lines) > 1:
            yield say_sentence("blanks.empty", subject)
        yield from _describe_blanks(line, subject)


_HOLE = re.compile(r"(?<!\\)(?:\{\{[^{}]*\}\}|\{[A-Za-z_][^{}]*\})|\u27ea[^\u27eb]*\u27eb")
"""A value that a run inserts."""


def _describe_blanks(line: str, subject: str) -> Iterator[str]:
    """Describe the blanks of a line that a reader may miss.

    Blanks next to a value are not described, since the value may add some, nor are those between
    words after a value, which may be several words.
    """
    words = 0
    holes = [found.span() for found in _HOLE.finditer(line)]
    for run in _RUN.finditer(line):
        begins, ends = run.start() == 0, run.end() == len(line)
        words += not begins
        if any(run.start() == end or start == run.end() for start, end in holes):
            continue
        if not ends and any(end < run.start() for _, end in holes):
            continue
        if begins and ends:
            yield say_sentence("blanks.only", subject, _describe_blank_run(run[0]))
        elif begins:
            yield say_sentence("blanks.first", subject, _describe_blank_run(run[0]))
        elif ends:
            yield say_sentence("blanks.last", subject, _describe_blank_run(run[0]))
        elif run[0] != " ":
            yield say_sentence("blanks.between", subject, _describe_blank_run(run[0]), words)


def _describe_blank_run(run: str) -> str:
    """Describe a run of blanks: `2 blanks`, `1 tab, then 1 blank`."""
    parts: list[str] = []
    for character, group in groupby(run):
        count = len(list(group))
        name = BLANKS.get(character) or unicodedata.name(character, "blank").lower()
        parts.append(say_sentence("blanks.run", count, name))
    return THEN.join(parts)
