"""The one style for a file or for some of its lines, as edits of lines."""

from __future__ import annotations

from difflib import SequenceMatcher

from flowdsl.diagnostics.diagnostic import Edit
from flowdsl.format.formatter import format_source
from flowdsl.source.text import SourceFile, Span

_MOST_LINES = 4_000
"""Lines from which on a file is replaced as a whole: a comparison of them would take too long."""


def format_file(source: SourceFile) -> list[Edit]:
    """Return the edits that lay a file out; what cannot be read stays as it is."""
    text = format_source(source).text
    if text == source.text:
        return []
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    if max(len(before), len(after)) > _MOST_LINES:
        return [Edit(Span(source, 0, len(source.text)), text)]
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    return [
        Edit(Span(source, starts[first], starts[past]), "".join(after[low:high]))
        for tag, first, past, low, high in SequenceMatcher(
            None, before, after, autojunk=False
        ).get_opcodes()
        if tag != "equal"
    ]


def format_lines(source: SourceFile, start: int, end: int) -> list[Edit]:
    """Return those edits of `format_file` that touch a range."""
    return [
        each for each in format_file(source) if each.span.start <= end and start <= each.span.end
    ]
