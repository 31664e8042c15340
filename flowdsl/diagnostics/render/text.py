"""Findings as people read them: the message, the source line with carets, and what to do.

```
error[undeclared-name]: `totl` is not declared
  --> flows/bill.flow:12:18
   |
12 |   emit total = totl
   |                  ^^^^ nothing is stored under this name
   |
   = help: a runtime variable named `total` exists
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

from ..diagnostic import ERROR, INFO, WARNING, Diagnostic
from .cells import make_printable, split_into_cells
from .summary import render_summary

LINE_WIDTH = 120
"""Columns of a source line that are shown; a longer one is cut to a window around the place."""

_BOLD = "1"
_BLUE = "1;34"
_SEVERITY_COLOR = {ERROR: "1;31", WARNING: "1;33", INFO: "1;36"}


class _SnippetMark(Record):
    """An underlined range inside one line, in code points from 0, the end exclusive."""

    line: int
    start: int
    end: int
    primary: bool
    text: str


def render_text(
    diagnostics: Sequence[Diagnostic],
    file_count: int,
    *,
    color: bool = False,
    show_path: Callable[[str], str] = str,
) -> str:
    """All findings, a blank line after each, then the counting line."""
    blocks = [render_one(found, color=color, show_path=show_path) + "\n" for found in diagnostics]
    return "\n".join([*blocks, render_summary(diagnostics, file_count)])


def render_one(
    diagnostic: Diagnostic, *, color: bool = False, show_path: Callable[[str], str] = str
) -> str:
    """One finding, without a final line break."""
    paint = _paint_text if color else _plain
    tone = _SEVERITY_COLOR[diagnostic.severity]
    title = paint(f"{diagnostic.severity}[{diagnostic.name}]", tone)
    lines = [f"{title}{paint(': ' + make_printable(diagnostic.message), _BOLD)}"]
    groups = _group_marks(diagnostic)
    width = max(len(str(mark.line)) for _, marks in groups for mark in marks)
    bar = paint(f"{' ' * width} |", _BLUE)
    for index, (span, marks) in enumerate(groups):
        arrow = "-->" if index == 0 else ":::"
        first = span.first
        place = f"{make_printable(show_path(span.path))}:{first.line}:{first.column}"
        lines.append(f"{' ' * width}{paint(arrow, _BLUE)} {place}")
        if span.source.text:  # a file that is empty or cannot be read has nothing to show
            lines += [bar, *_render_snippet(span.source, marks, width, tone, paint)]
    remarks = [("note", note) for note in diagnostic.notes]
    if diagnostic.help is not None:
        remarks.append(("help", diagnostic.help))
    remarks += [(f"fix ({fix.applicability})", fix.title) for fix in diagnostic.fixes]
    if remarks:
        lines.append(bar)
    for kind, text in remarks:
        first_line, *others = text.split("\n")
        lines.append(
            f"{' ' * width} {paint('=', _BLUE)} {paint(kind, _BOLD)}: {make_printable(first_line)}"
        )
        lines += [f"{' ' * (width + 3)}{make_printable(other)}" for other in others]
    return "\n".join(line.rstrip() for line in lines)


def _plain(text: str, _: str) -> str:
    return text


def _paint_text(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _group_marks(diagnostic: Diagnostic) -> list[tuple[Span, list[_SnippetMark]]]:
    """For each file, the span to name and the marks to show, sorted by line.

    The file of the primary span comes first.
    """
    groups: dict[str, tuple[Span, list[_SnippetMark]]] = {}
    places = [(diagnostic.span, diagnostic.label, True)]
    places += [(label.span, label.text, False) for label in diagnostic.labels]
    for span, text, primary in places:
        groups.setdefault(span.path, (span, []))[1].extend(_marks(span, text, primary))
    for _, marks in groups.values():
        marks.sort(key=lambda mark: (mark.line, mark.start, mark.end))
    return list(groups.values())


def _marks(span: Span, text: str, primary: bool) -> list[_SnippetMark]:
    """One mark, or two for a range of several lines: from its start, and up to its end."""
    first, last = span.first, span.last
    if first.line == last.line:
        return [_SnippetMark(first.line, first.column - 1, last.column - 1, primary, text)]
    source = span.source
    opening = _SnippetMark(first.line, first.column - 1, len(source.line(first.line)), primary, "")
    # A range that ends with a line break ends on the line before it.
    closing_line = last.line if last.column > 1 else last.line - 1
    if closing_line == first.line:
        return [_SnippetMark(opening.line, opening.start, opening.end, primary, text)]
    closing = source.line(closing_line)
    indent = len(closing) - len(closing.lstrip())
    end = last.column - 1 if closing_line == last.line else len(closing)
    return [opening, _SnippetMark(closing_line, min(indent, end), end, primary, text)]


def _render_snippet(
    source: SourceFile,
    marks: list[_SnippetMark],
    width: int,
    tone: str,
    paint: Callable[[str, str], str],
) -> list[str]:
    """The marked lines, each followed by its underlines.

    A line that is too long to show whole is repeated for each of its marks.
    """
    lines = []
    margin = paint(f"{' ' * width} |", _BLUE)
    shown = 0
    for mark in marks:
        excerpt = _excerpt(source.line(mark.line), mark)
        if mark.line != shown or not excerpt.whole:
            if shown and mark.line > shown + 1:
                lines.append(paint(f"{'...':>{width + 2}}", _BLUE))
            lines.append(f"{paint(f'{mark.line:>{width}} |', _BLUE)} {excerpt.text}")
            shown = mark.line
        underline = ("^" if mark.primary else "-") * excerpt.length
        if mark.text:
            underline += f" {make_printable(mark.text)}"
        pointer = paint(underline, tone if mark.primary else _BLUE)
        lines.append(f"{margin} {' ' * excerpt.before}{pointer}")
    return lines


class _Excerpt(Record):
    """The shown part of a line: its text, the columns before the mark and those of the mark.

    `whole` is true when nothing is cut off.
    """

    text: str
    before: int
    length: int
    whole: bool


def _excerpt(line: str, mark: _SnippetMark) -> _Excerpt:
    # Only a part around the mark is measured: a line can be as long as a file.
    base = max(0, mark.start - 2 * LINE_WIDTH) if len(line) > 4 * LINE_WIDTH else 0
    row = split_into_cells(line[base : base + 4 * LINE_WIDTH])
    first, last = min(mark.start - base, len(row)), min(mark.end - base, len(row))
    while 0 < first < len(row) and row[first][1] == 0:
        first -= 1  # a combining mark is underlined together with the character before it
    start, end = 0, len(row)
    if len(line) > len(row) or _count_columns(row) > LINE_WIDTH:
        start, end = _find_window(row, first)
    cut_before, cut_after = base + start > 0, base + end < len(line)
    shown = "".join(text for text, _ in row[start:end])
    return _Excerpt(
        f"{'…' if cut_before else ''}{shown}{'…' if cut_after else ''}",
        _count_columns(row[start:first]) + cut_before,
        max(_count_columns(row[first : min(last, end)]), 1),
        not (cut_before or cut_after),
    )


def _count_columns(row: list[tuple[str, int]]) -> int:
    return sum(columns for _, columns in row)


def _find_window(row: list[tuple[str, int]], first: int) -> tuple[int, int]:
    """Start and end of the cells to show of a long line.

    The cell at `first` has a third of the columns before it.
    """
    start, room = first, LINE_WIDTH // 3
    while start > 0 and room >= row[start - 1][1]:
        start -= 1
        room -= row[start][1]
    while 0 < start < first and row[start][1] == 0:
        start += 1  # a combining mark without its character would join the ellipsis
    end, room = start, LINE_WIDTH
    while end < len(row) and room >= row[end][1]:
        room -= row[end][1]
        end += 1
    return start, end
