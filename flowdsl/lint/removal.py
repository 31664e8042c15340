"""What is removed together with a piece of source: its lines, its comma, its description."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

_BLANKS = " \t"


def whole_lines(span: Span) -> Span:
    """`span` with the lines that it stands on, when nothing but a comment stands there as well.

    Otherwise, `span` as it is.
    """
    text = span.source.text
    start, end = span.start, span.end
    while start > 0 and text[start - 1] in _BLANKS:
        start -= 1
    if start > 0 and text[start - 1] not in "\r\n":
        return span
    while text[end : end + 1] in ("#", *_BLANKS):
        if text[end] == "#":
            end = _line_end(text, end)
            break
        end += 1
    if text[end : end + 2] == "\r\n":
        return Span(span.source, start, end + 2)
    if text[end : end + 1] in ("\r", "\n"):
        return Span(span.source, start, end + 1)
    return Span(span.source, start, end) if end == len(text) else span


def list_entry(source: SourceFile, entries: Sequence[ast.Node], index: int) -> Span:
    """An entry of a comma-separated list of at least two, with the comma that goes with it."""
    if index + 1 < len(entries):
        return Span(source, entries[index].start, entries[index + 1].start)
    return Span(source, entries[index - 1].end, entries[index].end)


def _line_end(text: str, offset: int) -> int:
    """The end of the line that holds `offset`, in front of its line break."""
    while offset < len(text) and text[offset] not in "\r\n":
        offset += 1
    return offset


def with_description(lines: Span) -> Span:
    """The lines of a declaration with the `##` comment right above them."""
    source = lines.source
    start = lines.start
    number = lines.first.line
    while number > 1 and source.line(number - 1).lstrip().startswith("##"):
        number -= 1
        start = source.offset(number, 1)
    return Span(source, start, lines.end)
