"""Tracks what suppressions cover: formatting must not move code under one or away from it.

A comment at the end of a line covers that line. One on a line of its own covers what begins after
it, and the rest of that line. One in a text covers its line and, if it has a line for itself, the
next one as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from flowdsl.source.record import Record

from .sheet import COMMA, TEXTS, Sheet
from .tree import IMPORTS, Item

_WORDS = "flow:"
# Strings: `re` compiles and keeps them when the first suppression asks for them.
_COMMENT = r"#+\s*flow:\s*ignore\b[^\n]*"
_WRITTEN = re.compile(r"\S")
_IN_TEXT = r"(?s)\{#\s*flow:\s*ignore\b.*?#\}"

Place: TypeAlias = tuple[int, int]
"""A range of tokens: the first, and the one past the last."""
_Suppression: TypeAlias = tuple[int, str, Place]
"""The token that it is before or in, its words, and the range that it covers."""


class Cover(Record):
    """What a suppression covers: the range of tokens, and the words of these, sorted.

    `moves` says that it is among the imports, which are sorted.
    """

    comment: str
    tokens: tuple[str, ...]
    place: Place
    moves: bool

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """Equal for two covers of the same code."""
        return self.comment, self.tokens


def mark_unbroken(sheet: Sheet) -> None:
    """Marks the tokens before a suppression at the end of a line, which must not be broken then."""
    if _WORDS not in sheet.source:
        return
    for at, blank in sheet.commented:
        if re.match(rf"[^\n#]*{_COMMENT}", blank):
            sheet.unbroken |= {at - 1, at - 1 - (sheet.kinds[at - 1] == COMMA)}


def find_covers(sheet: Sheet, items: Sequence[Item]) -> list[Cover]:
    """What every suppression of a file covers."""
    if _WORDS not in sheet.source:
        return []
    ranges = [*_ranges_of_comments(sheet, items), *_ranges_of_texts(sheet)]
    imports = max((item.past for item in items if item.rule in IMPORTS), default=-1)
    return [
        Cover(comment, tuple(sorted(_range_words(sheet, *place))), place, moves=at <= imports)
        for at, comment, place in ranges
    ]


def find_changed_covers(before: list[Cover], after: list[Cover]) -> list[Cover]:
    """Those of `before` that cover other code afterwards, or none.

    Only imports may change places.
    """
    others = iter([cover.key for cover in after if not cover.moves])
    found = [one for one in before if not one.moves and one.key != next(others, None)]
    had = Counter(cover.key for cover in before if cover.moves)
    has = Counter(cover.key for cover in after if cover.moves)
    return found + [one for one in before if one.moves and had[one.key] > has[one.key]]


def hold_covered_items(sheet: Sheet, items: list[Item], cover: Cover) -> None:
    """Leaves the items that a suppression covers as they are.

    Neighbours in a body become one item.
    """
    first, past = cover.place
    around: Item | None = None
    while True:
        begin = bisect_right(items, first, key=lambda item: item.past)
        end = bisect_left(items, past, key=lambda item: item.start)
        if begin >= end or (items[begin].start > first and sheet.kinds[first] == COMMA):
            # A comma at the beginning belongs to no item of this body.
            if around is not None:
                around.raw = sheet.raw(around.start, around.past)
            return
        item = items[begin]
        if _is_head(sheet, item, past):
            item.first = item.start
            return
        inner = [body for body in item.bodies if body.open < first and past <= body.close]
        if item.raw is not None or end - begin > 1 or not inner:
            break
        around, items = item, inner[0].items
    held = Item("held", item.start, items[end - 1].past)
    held.raw = sheet.raw(held.start, held.past)
    items[begin:end] = [held]


def _is_head(sheet: Sheet, item: Item, past: int) -> bool:
    """Whether a cover is one line up to the brace of an item's body.

    Annotations stay on it then.
    """
    opens_body = any(body.open == past - 1 for body in item.bodies)
    return item.start < item.first and opens_body and sheet.stays_one_line(item.start, past)


def _ranges_of_comments(sheet: Sheet, items: Sequence[Item]) -> Iterator[_Suppression]:
    """The suppressions in comments."""
    ends = dict(_find_extents(items))
    for at, blank in sheet.commented:
        begin = sheet.starts[at] - len(blank)
        for found in re.finditer(_COMMENT, blank):
            comment = found.group().rstrip()
            line = _line_extent(sheet.source, begin + found.start())
            if sheet.source[line[0] : begin + found.start()].strip():
                yield at, comment, _on_lines(sheet, *line)
            else:
                _, past = _on_lines(sheet, *_line_extent(sheet.source, sheet.starts[at]))
                # Comments move after a comma, where other code would begin.
                comment += "," * (sheet.kinds[at] == COMMA)
                yield at, comment, (at, max(past, ends.get(at, at)))


def _ranges_of_texts(sheet: Sheet) -> Iterator[_Suppression]:
    """The suppressions in texts; their words belong to the text, so they are not compared."""
    source = sheet.source
    for at, word in enumerate(sheet.words):
        if _WORDS not in word:
            continue
        last = source.rfind("#}", sheet.starts[at], sheet.ends[at]) + 2
        place = (sheet.starts[at], max(last, sheet.starts[at]))
        start = end = -1
        for found in re.compile(_IN_TEXT).finditer(source, *place):
            # A line may be as long as the file and hold very many of them.
            if found.start() > end:
                start, end = _line_extent(source, found.start())
            past = end
            alone = _WRITTEN.search(source, start, found.start()) is None
            if alone and _WRITTEN.search(source, found.end(), end) is None:
                _, past = _line_extent(source, min(end + 1, len(source)))
            yield at, "", _on_lines(sheet, start, past)


def _find_extents(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    pending = list(items)
    while pending:
        item = pending.pop()
        yield item.start, item.past
        pending += [inner for body in item.bodies for inner in body.items]


def _line_extent(text: str, offset: int) -> tuple[int, int]:
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _on_lines(sheet: Sheet, start: int, end: int) -> Place:
    """The tokens that are in a range of the source, at least in part."""
    return bisect_right(sheet.ends, start), bisect_left(sheet.starts, end)


def _range_words(sheet: Sheet, first: int, past: int) -> list[str]:
    """The words of a range, without commas; a text counts as empty, for its spelling may change."""
    tokens = zip(sheet.words[first:past], sheet.kinds[first:past], strict=True)
    return ["" if kind in TEXTS else word for word, kind in tokens if kind != COMMA]
