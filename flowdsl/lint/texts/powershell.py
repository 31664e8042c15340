"""The command of a `run` as PowerShell reads it.

Separates code from strings and comments.
"""

from __future__ import annotations

import re

from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.spelled import SpelledText
from flowdsl.syntax import ast

_SINGLE, _DOUBLE = "'‘’‚‛", '"“”„'
"""PowerShell takes typographic quotes for plain ones."""

_OPENS_HERE = re.compile(rf"@([{_SINGLE}{_DOUBLE}])[ \t]*\r?\n")

_DEEPEST = 20
"""Maximum nesting of strings in which code is searched."""

_COMMENT_BEHIND = frozenset(" \t\r\n;(){}|&,=")
"""The characters after which a `#` opens a comment."""


class Command(SpelledText):
    """The command of one `run`.

    `code` is `text` with `_` for what is in strings and after backticks, and with blanks for
    comments; places are the same in both.
    """

    def __init__(self, context: LintContext, statement: ast.RunStmt) -> None:
        super().__init__(context, statement.command)
        self.code = code_of(self.text)


def code_of(text: str) -> str:
    """`text` with its strings and comments blanked out.

    What a string computes, in `$(...)`, stays: it is code.
    """
    out = list(text)
    _read_code(text, 0, out, depth=0)
    return "".join(out)


def _read_code(text: str, at: int, out: list[str], *, depth: int) -> int:
    """Blank out code from `at` to its end, or to the bracket that closes it; returns where it ends.

    `depth` is the number of strings that the code is in.
    """
    opened = 0
    while at < len(text):
        char = text[at]
        if char == "`":
            # A backtick at the end of a line continues it.
            continued = re.compile(r"`[ \t]*\r?\n").match(text, at)
            end = at + 2 if continued is None else continued.end()
            at = _fill(out, at, end, "_" if continued is None else " ")
        elif text.startswith("<#", at):
            at = _fill(out, at, _after(text, "#>", at + 2), " ")
        elif char == "#" and (at == 0 or text[at - 1] in _COMMENT_BEHIND):
            at = _fill(out, at, _line_end(text, at), " ")
        elif text.startswith("--%", at) and (at == 0 or text[at - 1].isspace()):
            # What follows goes to a program as it is, up to the end of the line or a pipe.
            bar = text.find("|", at, _line_end(text, at))
            at = _fill(out, at, _line_end(text, at) if bar < 0 else bar, "_")
        elif char == "@" and (here := _OPENS_HERE.match(text, at)) is not None:
            quotes = _SINGLE if here[1] in _SINGLE else _DOUBLE
            found = re.compile(rf"(?:^|\n)[ \t]*[{quotes}]@").search(text, here.end() - 1)
            at = _fill(out, at + 2, len(text) if found is None else found.end() - 2, "_") + 2
        elif char in _SINGLE:
            at = _read_string(text, at + 1, out, _SINGLE, depth)
        elif char in _DOUBLE:
            at = _read_string(text, at + 1, out, _DOUBLE, depth)
        else:
            if depth and char in "()":
                opened += 1 if char == "(" else -1
                if opened < 0:
                    return at + 1
            at += 1
    return at


def _read_string(text: str, at: int, out: list[str], quotes: str, depth: int) -> int:
    """Blank out a string from after its opening quote; returns where it ends.

    A quote that is written twice belongs to the string.
    """
    while at < len(text):
        char = text[at]
        if char in quotes:
            if text[at + 1 : at + 2] not in tuple(quotes):
                return at + 1
            at = _fill(out, at, at + 2, "_")
        elif quotes is _DOUBLE and char == "`":
            at = _fill(out, at, at + 2, "_")
        elif quotes is _DOUBLE and depth < _DEEPEST and text.startswith("$(", at):
            at = _read_code(text, at + 2, out, depth=depth + 1)
        else:
            at = _fill(out, at, at + 1, "_")
    return at


def _fill(out: list[str], start: int, end: int, filler: str) -> int:
    end = min(end, len(out))
    out[start:end] = [each if each == "\n" and filler == "_" else filler for each in out[start:end]]
    return max(start, end)


def _after(text: str, closing: str, at: int) -> int:
    found = text.find(closing, at)
    return len(text) if found < 0 else found + len(closing)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found
