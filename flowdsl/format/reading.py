"""Parses text to items; unreadable parts become items that are kept byte for byte."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.edition import FIRST, fresh_stack, read_edition
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.driver import run
from flowdsl.syntax.parser.lexer import END, TERMINAL, Lexemes
from flowdsl.syntax.texts.variables import MAX_DIGITS

from .sheet import Sheet
from .tree import ITEM_RULES, Item, Reader, number_tokens

_INT = TERMINAL["INT"]


def read_sheet(source: SourceFile) -> tuple[Sheet, list[Item], bool] | None:
    """The tokens and items of a file, and whether all of it could be read.

    None if nothing of it can be formatted. Its line breaks are `\\n`.
    """
    tokens = Lexemes(source.text)
    sink = Sink()
    read_edition(source, tokens, sink)
    if sink.findings_in_order():
        return None
    sheet = Sheet(source.text, tokens)
    reader = Reader(sheet)
    items = _read_items(sheet, FIRST, reader)
    if items is None or reader.troubled or _has_long_number(sheet):
        module = parse_module(source, sink)
        mistakes = sink.findings_in_order()
        if mistakes or items is None:
            broken = _read_around(source, find_readable_ranges(source.text, module, mistakes))
            return None if broken is None else (*broken, False)
    sheet.lay_flat()
    return sheet, items, True


def _has_long_number(sheet: Sheet) -> bool:
    numbers = (word for word, kind in zip(sheet.words, sheet.kinds, strict=True) if kind == _INT)
    return any(len(number) > MAX_DIGITS for number in numbers)


def _read_items(sheet: Sheet, index: int, reader: Reader) -> list[Item] | None:
    """The edition and the declarations from token `index` up to the next end.

    None for a mistake.
    """
    numbered = number_tokens(sheet)
    stack = fresh_stack(numbered)
    if run(numbered, stack, index, ITEM_RULES, reader) >= 0:
        return None
    items: list[Item] = stack.values[0]
    return items


def _read_around(source: SourceFile, ranges: list[Range]) -> tuple[Sheet, list[Item]] | None:
    """The items of a file of which only some ranges can be read; None if none can."""
    if not ranges:
        return None
    tokens, pieces = join_pieces(source.text, ranges)
    sheet = Sheet(source.text, tokens)
    reader = Reader(sheet)
    items = [Item("edition", 0, FIRST)]
    for first, past in pieces:
        found = None if tokens.kinds[first] == END else _read_items(sheet, first, reader)
        if found is not None:
            items += found[1:]
        else:
            left = Item("left", first, past)
            left.raw = sheet.raw(first, past)
            left.marginal = True
            items.append(left)
    sheet.lay_flat()
    return sheet, items


# Divides a file with mistakes into declarations that can be read, and the lines between them.

Range: TypeAlias = tuple[int, int]

# Strings: `re` compiles and keeps them when the first file with a mistake asks for them.
_TRIVIA = r"(?:[ \t\n\f]+|#[^\n]*)*+"
_REST_OF_LINE = r"[ \t\f]*(?:#[^\n]*)?(?:\n|\Z)"
_BLANK_LINES = r"(?:[ \t\f]*\n)*+"


def find_readable_ranges(
    text: str, module: ast.Module, mistakes: Sequence[Diagnostic]
) -> list[Range]:
    """The imports and declarations that no mistake touches, in order, as ranges of the text.

    Each has its lines for itself, or shares them with others of the kind.
    """
    spans = sorted((found.span.start, found.span.end) for found in mistakes)
    starts = [start for start, _ in spans]
    ends = list(accumulate((end for _, end in spans), max))
    edition_end = Lexemes(text).ends[FIRST - 1]
    kept: list[Range] = []
    for node in sorted((*module.imports, *module.declarations), key=lambda node: node.start):
        before = bisect_right(starts, node.end)
        if before and ends[before - 1] >= node.start:
            continue
        between = text[kept[-1][1] if kept else edition_end : node.start]
        if not re.fullmatch(_TRIVIA, between):
            if between.rpartition("\n")[2].strip(" \t\f"):
                continue
            _drop_before_mistake(text, kept, node.start)
        kept.append((node.start, node.end))
    if not re.compile(_TRIVIA).fullmatch(text, kept[-1][1] if kept else edition_end):
        _drop_before_mistake(text, kept, len(text))
    first = kept[0][0] if kept else len(text)
    trivia, rest_of_line = re.compile(_TRIVIA), re.compile(_REST_OF_LINE)
    apart = trivia.fullmatch(text, edition_end, first) or rest_of_line.match(text, edition_end)
    return kept if apart else []


def _drop_before_mistake(text: str, kept: list[Range], start: int) -> None:
    """Drop the last ranges as long as something unreadable follows them on their line."""
    while kept and not re.compile(_REST_OF_LINE).match(text, kept[-1][1], start):
        kept.pop()


def join_pieces(text: str, ranges: Sequence[Range]) -> tuple[Lexemes, list[Range]]:
    """The tokens of the edition and of the ranges, and the range of tokens of each piece.

    An end token follows each range; all lines between two ranges are one end token.
    """
    joined = Lexemes(text)
    for column in _token_columns(joined):
        del column[FIRST:]
    pieces: list[Range] = []
    position = joined.ends[-1]
    for start, end in (*ranges, (len(text), len(text))):
        stretch = _find_stretch(text, position, start)
        if stretch is not None:
            pieces.append(
                _append_tokens(joined, text[position : stretch[0]], text, stretch, whole=True)
            )
            position = stretch[1]
        piece = _append_tokens(joined, text[position:start], text, (start, end))
        if start < end:
            pieces.append(piece)
        position = end
    return joined, pieces


def _append_tokens(
    joined: Lexemes, blank: str, text: str, place: Range, *, whole: bool = False
) -> Range:
    """Adds the tokens of a place and an end token; with `whole`, one end token for all of it.

    Returns the range of the tokens added, without the end token of a range.
    """
    start, end = place
    first = len(joined.words)
    tokens = Lexemes("" if whole else text[start:end])
    if whole:
        tokens.words[0] = text[start:end]
        tokens.ends[0] = end - start
    tokens.blanks[0] = blank
    tokens.starts = [start + offset for offset in tokens.starts]
    tokens.ends = [start + offset for offset in tokens.ends]
    for column, more in zip(_token_columns(joined), _token_columns(tokens), strict=True):
        column.extend(more)
    last = len(joined.words)
    return first, last if whole else last - 1


def _token_columns(tokens: Lexemes) -> tuple[list[Any], ...]:
    return tokens.words, tokens.blanks, tokens.kinds, tokens.starts, tokens.ends


def _find_stretch(text: str, start: int, end: int) -> Range | None:
    """The lines in a range that hold more than blanks and comments; None if there are none.

    It begins and ends with a line. Comments before it belong to it, those after it do not.
    """
    if re.compile(_TRIVIA).fullmatch(text, start, end):
        return None
    line_break = text.find("\n", start, end)
    found = re.compile(_BLANK_LINES).match(text, line_break + 1, end)
    assert found is not None
    begin = found.end()
    while True:
        previous = text.rfind("\n", begin, end)
        line = text[previous + 1 : end].strip(" \t\f")
        if line and line[0] != "#":
            return begin, end
        if previous < 0:
            return None
        end = previous
