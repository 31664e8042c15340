"""Print a prompt as an outline: titles, numbered lines, and bullets of focused agents.

# Sign in
1. Press enter.
2. Use focused_action:
   - Check “the list is open”.

3. Press escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from flowdsl.ir.nodes import Origin
from flowdsl.source.record import Record


class Item:
    """One line of the outline, and the lines under it.

    `statement` names the construct for the source map. Under a `focused` item are bullets, the
    instruction of one `focused_action`; under any other, numbered lines. A `title` has no number,
    and the lines under it are not indented.
    """

    __slots__ = ("children", "focused", "origin", "statement", "text", "title")

    def __init__(
        self,
        text: str,
        origin: Origin,
        statement: str,
        children: list[Item] | None = None,
        focused: bool = False,
        title: bool = False,
    ) -> None:
        self.title = title
        self.text = text
        self.origin = origin
        self.statement = statement
        self.children = [] if children is None else children
        self.focused = focused

    def become(self, other: Item) -> None:
        """Replace this line by another one, in place."""
        self.text, self.origin, self.statement = other.text, other.origin, other.statement
        self.children, self.focused = other.children, other.focused
        self.title = other.title


def walk_items(items: Iterable[Item]) -> Iterator[Item]:
    """Yield some items, and all that are under them."""
    for item in items:
        yield item
        yield from walk_items(item.children)


class Line(Record):
    """A line of the finished prompt, and its origin."""

    text: str
    origin: Origin
    statement: str


TITLE = "# "
"""The prefix of a title, never of an instruction: those have a number or a dash."""

DEEPER = "  "
"""The extra indent of the further lines of an item.

Items under it are never indented as deep.
"""


def render_outline(items: Sequence[Item]) -> Iterator[Line]:
    """Yield the lines of the outline: `1.`, then `1.1`, `1.1.1`, counted across the titles.

    An empty line precedes a title, and the first line after those under a title. Bullets are
    indented under their line.
    """
    number = 0
    for before, item in zip((None, *items), items, strict=False):
        if before is not None and (before.title or item.title):
            yield Line("", item.origin, "")
        if item.title:
            yield Line(TITLE + item.text, item.origin, item.statement)
        for line in item.children if item.title else (item,):
            number += 1
            yield from _render_numbered_item(line, f"{number}", depth=0)


def _render_numbered_item(item: Item, number: str, depth: int) -> Iterator[Line]:
    label = f"{number}." if depth == 0 else number
    yield from _render_item_lines(item, "   " * depth + label + " ")
    if item.focused:
        yield from _render_bullets(item.children, "   " * depth + "   ")
        return
    for index, child in enumerate(item.children, 1):
        yield from _render_numbered_item(child, f"{number}.{index}", depth + 1)


def _render_bullets(items: Iterable[Item], indent: str) -> Iterator[Line]:
    for item in items:
        yield from _render_item_lines(item, f"{indent}- ")
        yield from _render_bullets(item.children, f"{indent}  ")


def _render_item_lines(item: Item, lead: str) -> Iterator[Line]:
    if "\n" not in item.text:
        yield Line((lead + item.text).rstrip(), item.origin, item.statement)
        return
    first, *rest = item.text.split("\n")
    yield Line((lead + first).rstrip(), item.origin, item.statement)
    for before, text in zip((first, *rest), rest, strict=False):
        start = " " * len(lead) + ("" if begins_paragraph(before, text) else DEEPER)
        yield Line((start + text).rstrip(), item.origin, item.statement)


def begins_paragraph(before: str, text: str) -> bool:
    """Whether a line of a text is unindented: a paragraph after an empty line.

    Lines that look like an item of a list, and indented ones, are always indented further.
    """
    return not before and _PARAGRAPH.match(text) is not None


_PARAGRAPH = re.compile(r"(?!(?:[-*\u2022]|[0-9.]+[.)]?)(?: |$))\S")
