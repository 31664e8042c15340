"""Formats text literals.

Words are kept; indents and blanks at line ends change.
"""

from __future__ import annotations

import re

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.texts.literals import block_lines, common_indent, scan_text

INDENT = 2
QUOTES = '"""'
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = rf"{_NAME}(?:\.{_NAME})*\}}"
_UNUSUAL = re.compile(rf"\$\{{|\{{(?!\$?{_PATH})")
"""A brace that does not obviously begin a variable in its normal spelling."""


def format_text_literal(word: str) -> str | None:
    """A text literal in the normal form of its quotes; None if it has a mistake."""
    if word.startswith(QUOTES) and "\n" not in word:
        word = QUOTES + _close_block(word[len(QUOTES) : -len(QUOTES)])
    if not _UNUSUAL.search(word) and "\t" not in word:
        return word
    sink = Sink()
    scan_text(SourceFile("", word), sink, 0, len(word))
    return None if sink.findings_in_order() else word


class Block:
    """A text of several lines, without the indents that depend on where it stands.

    `opening` is its first line. `lines` stand deeper than the statement, each with its own indent
    on top. `closed` says that the closing quotes are on the last of these, not on a line of their
    own.
    """

    __slots__ = ("closed", "lines", "opening")

    def __init__(self, word: str) -> None:
        lines = block_lines(word, len(QUOTES), len(word) - len(QUOTES))
        first = lines.pop(0)
        self.closed = not (lines and lines[-1].blank)
        if not self.closed:
            lines.pop()
        texts = [word[line.start : line.end] for line in lines]
        opening, *continued = word[: first.end].split("\n")
        if all(line.bare for line in lines):
            written = "\n".join([*continued, *texts]).split("\n")
            indent = min(
                (_count_leading_spaces(line) for line in written if line.strip(" \t")), default=0
            )
        else:
            indent = common_indent(SourceFile("", word), Sink(), lines)
        self.opening = opening.rstrip(" \t")
        self.lines = [_remove_shared_indent(line, indent) for line in continued]
        for text in texts:
            begin, *continued = text.split("\n")
            # Only lines of comments may be indented with tabs, or less than the others.
            self.lines.append(" " * (_count_leading_spaces(begin) - indent) + begin.strip(" \t"))
            self.lines += [_remove_shared_indent(line, indent) for line in continued]
        if self.closed:
            self.lines[-1] = _close_block(self.lines[-1])

    @property
    def end(self) -> int:
        """The column at which the last line ends, counted from the indent of the statement."""
        return INDENT + len(self.lines[-1]) if self.closed else len(QUOTES)


def _close_block(line: str) -> str:
    """The last line of a block with its closing quotes."""
    line = line.rstrip(" \t")
    # Right before the closing quotes, a quotation mark or a backslash would change their meaning.
    return f"{line} {QUOTES}" if line.endswith(('"', "\\")) else line + QUOTES


def _count_leading_spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _remove_shared_indent(line: str, indent: int) -> str:
    """A line without the indent that all lines share, and without blanks at its end."""
    return line[min(indent, _count_leading_spaces(line)) :].rstrip(" \t")
