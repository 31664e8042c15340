"""From text to items; what cannot be read becomes items that stay byte for byte."""

from __future__ import annotations

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.edition import FIRST, fresh_stack, read_edition
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.driver import run
from flowdsl.syntax.parser.lexer import END, TERMINAL, Lexemes
from flowdsl.syntax.texts.variables import MAX_DIGITS

from .sheet import Sheet
from .tree import ITEM_RULES, Item, Numbered, Reader
from .unread import Range, join_pieces, readable

_INT = TERMINAL["INT"]


def read(source: SourceFile) -> tuple[Sheet, list[Item], bool] | None:
    """The tokens and items of a file, and whether all of it could be read.

    None if nothing of it can be formatted. Its line breaks are `\\n`.
    """
    tokens = Lexemes(source.text)
    sink = Sink()
    read_edition(source, tokens, sink)
    if sink.sorted():
        return None
    sheet = Sheet(source.text, tokens)
    reader = Reader(sheet)
    items = _items(sheet, FIRST, reader)
    if items is None or reader.troubled or _has_long_number(sheet):
        module = parse_module(source, sink)
        mistakes = sink.sorted()
        if mistakes or items is None:
            broken = _read_around(source, readable(source.text, module, mistakes))
            return None if broken is None else (*broken, False)
    sheet.lay_flat()
    return sheet, items, True


def _has_long_number(sheet: Sheet) -> bool:
    numbers = (word for word, kind in zip(sheet.words, sheet.kinds, strict=True) if kind == _INT)
    return any(len(number) > MAX_DIGITS for number in numbers)


def _items(sheet: Sheet, index: int, reader: Reader) -> list[Item] | None:
    """The edition and the declarations from token `index` up to the next end.

    None for a mistake.
    """
    numbered = Numbered(sheet)
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
        found = None if tokens.kinds[first] == END else _items(sheet, first, reader)
        if found is not None:
            items += found[1:]
        else:
            left = Item("left", first, past)
            left.raw = sheet.raw(first, past)
            left.marginal = True
            items.append(left)
    sheet.lay_flat()
    return sheet, items
