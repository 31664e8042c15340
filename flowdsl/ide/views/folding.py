"""Ranges of lines that an editor can fold: blocks, long texts, imports, runs of comments."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parser.lexer import Lexemes, lex

REGION = "region"
COMMENT = "comment"
IMPORTS = "imports"

_PAIRS = {"{": "}", "[": "]", "(": ")"}


class Fold(Record, eq=True):
    """The first and the last line of a range, from 1."""

    first: int
    last: int
    kind: str = REGION


def find_folds(source: SourceFile) -> list[Fold]:
    """Return the ranges of a file, in the order of their first lines."""
    found = {*_find_blocks(source), *_find_runs(source)}
    return sorted(found, key=lambda each: (each.first, each.last, each.kind))


def _find_blocks(source: SourceFile) -> Iterator[Fold]:
    tokens = Lexemes(source.text)
    opened: list[tuple[str, int]] = []
    for word, start, end in zip(tokens.words, tokens.starts, tokens.ends, strict=True):
        if word in _PAIRS:
            opened.append((_PAIRS[word], start))
        elif opened and word == opened[-1][0]:
            first, last = source.position(opened.pop()[1]).line, source.position(start).line
            if first + 1 < last:
                yield Fold(first, last - 1)
        elif word.startswith('"""'):
            first, last = source.position(start).line, source.position(end).line
            if first < last:
                yield Fold(first, last)


def _find_runs(source: SourceFile) -> Iterator[Fold]:
    """Yield runs of comments, and of imports, on lines that follow one another."""
    comments = [
        source.position(each.start).line for each in lex(source.text) if each.kind == "COMMENT"
    ]
    imports = [
        number
        for number in range(1, source.position(len(source.text)).line + 1)
        if source.line(number).startswith("import ")
    ]
    for lines, kind in ((comments, COMMENT), (imports, IMPORTS)):
        first = last = 0
        for line in (*lines, 0):
            if line == last + 1 and last:
                last = line
                continue
            if last > first:
                yield Fold(first, last, kind)
            first = last = line
