"""The second stage of text: from the token of a text literal to its parts.

Every offset is kept. This works on ranges of the source and never searches for a piece of text
again, since dedenting would lose its position.
"""

from __future__ import annotations

import re

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from .. import ast, errors
from .variables import PartScanner

_LINE_BREAK = re.compile(r"\r\n?|\n")
# Patterns as strings: `re` compiles and keeps them once the first comment in a text needs them.
_COMMENT = r"(?s)\\[{\"]|(\{#.*?(?:#\}|\Z))"
_BREAK_OR_COMMENT = r"(?s)\\[{\"]|\{#.*?(?:#\}|\Z)|(\r\n?|\n)"


def plain_string(word: str) -> str:
    """Return the value of a `STRING` token in a place that allows no variables."""
    return word[1:-1].replace('\\"', '"').replace("\\{", "{")


def scan_text(source: SourceFile, sink: Sink, start: int, end: int) -> ast.Text:
    """Scan the text literal in a range of the source into its parts.

    Escapes are resolved, comments kept as parts, malformed variables reported. The closing quotes
    may be missing.
    """
    text = source.text
    if text[start] == "r":
        begin, form = start + 2, ast.RAW
    elif text.startswith('"""', start):
        closed = end - start > 5 and text.startswith('"""', end - 3)
        inner_end = end - 3 if closed else end
        return ast.Text(start, end, ast.BLOCK, _scan_block(source, sink, start + 3, inner_end))
    else:
        begin, form = start + 1, ast.STRING
    inner = text[begin : end - 1]
    if form == ast.STRING and ("{" in inner or '\\"' in inner):
        scanner = PartScanner(source, sink)
        scanner.scan_range(begin, end - 1 if text[end - 1] == '"' else end)
        return ast.Text(start, end, form, scanner.finish())
    parts = (ast.TextLiteral(begin, end - 1, inner),) if inner else ()
    return ast.Text(start, end, form, parts)


class BlockLine:
    """A line of a block.

    `start` and `end` leave out the spaces at its end and its line break; `next` is after the line
    break. A comment may span several lines of the file, which count as one line here.
    """

    __slots__ = ("bare", "blank", "end", "next", "start")

    def __init__(self, text: str, start: int, end: int, after: int) -> None:
        content = text[start:end]
        self.start = start
        self.end = start + len(content.rstrip(" \t"))
        self.next = after
        self.blank = not content.strip(" \t")
        self.bare = self.blank or (
            "{#" in content and not re.sub(_COMMENT, _outside_comments, content).strip(" \t")
        )
        """Whether the line is empty without its comments."""


def _outside_comments(found: re.Match[str]) -> str:
    return "" if found.group(1) else found.group()


def _scan_block(source: SourceFile, sink: Sink, start: int, end: int) -> tuple[ast.TextPart, ...]:
    """Scan a block's content into parts.

    The opening line break, the closing line and the common indent are left out; the line break in
    front of the closing quotes belongs to them. Line breaks are `\\n` in values, and spaces at the
    end of a line are dropped. A line with only comments is dropped.
    """
    text = source.text
    lines = block_lines(text, start, end)
    opening = lines[0]
    if len(lines) > 1:
        if lines[-1].blank:
            lines.pop()
        if opening.blank:
            del lines[0]
    indent = common_indent(source, sink, [line for line in lines if line is not opening])
    scanner = PartScanner(source, sink)
    first = True
    for before, line in zip([opening, *lines], lines, strict=False):
        if line.bare and not line.blank:
            for found in re.compile(_COMMENT).finditer(text, line.start, line.end):
                scanner.scan_range(*found.span())
            continue
        if not first:
            scanner.literal(before.end, before.next, "\n")
        first = False
        if not line.blank:
            scanner.scan_range(line.start if line is opening else line.start + indent, line.end)
    return scanner.finish()


def block_lines(text: str, start: int, end: int) -> list[BlockLine]:
    """Return the lines between the quotes of a block.

    The first is the rest of the line after the opening quotes.
    """
    lines: list[BlockLine] = []
    begin = start
    breaks = re.compile(_BREAK_OR_COMMENT) if "{#" in text[start:end] else _LINE_BREAK
    for found in breaks.finditer(text, start, end):
        if breaks is _LINE_BREAK or found.group(1):
            lines.append(BlockLine(text, begin, found.start(), found.end()))
            begin = found.end()
    lines.append(BlockLine(text, begin, end, end))
    return lines


def common_indent(source: SourceFile, sink: Sink, lines: list[BlockLine]) -> int:
    """Return the number of spaces that every line with text begins with.

    The first tab in an indent is reported, since it may stand for any number of spaces.
    """
    text = source.text
    indent: int | None = None
    for line in lines:
        if line.bare:
            continue
        content = text[line.start : line.end]
        spaces = len(content) - len(content.lstrip(" "))
        if content[spaces] == "\t":
            place = line.start + spaces
            sink.report(errors.TAB_IN_INDENT, Span(source, place, place + 1))
            return 0
        if indent is None or spaces < indent:
            indent = spaces
    return indent or 0
