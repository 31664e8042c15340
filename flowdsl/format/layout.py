"""Lays out items as lines: what fits on one line, indents, and blank lines."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from .sheet import COMMA, LPAR, Gap, Sheet
from .texts import INDENT
from .tree import IMPORTS, Body, Item
from .wrapping import WIDTH, render, wrap_range

_NO_BLANK_LINE = 0
_AS_WRITTEN = 1
_BLANK_LINE = 2
_HEADER = ("edition", *IMPORTS)
_SHORT = frozenset(("const", "const_from", "alias", "record"))
"""Declarations that may be without a blank line between them if each takes one line."""


def lay_out(sheet: Sheet, items: list[Item]) -> str:
    """The text of a whole file, with `\\n` as line breaks.

    The last token of the sheet is the end of the file.
    """
    writer = _Writer(sheet)
    before: Item | None = None
    for item in items:
        writer.begin_line(item.start, 0, _count_blank_lines(sheet, before, item))
        writer.item(item, 0)
        before = item
    writer.comments(len(sheet.texts) - 1, 0, _AS_WRITTEN)
    return "".join(writer.out).lstrip("\n") + "\n"


def _count_blank_lines(sheet: Sheet, before: Item | None, item: Item) -> int:
    """Return the policy for blank lines between two declarations: none, as written, or one."""
    if before is None:
        return _NO_BLANK_LINE
    if before.marginal or item.marginal:
        return _AS_WRITTEN
    if before.rule in _HEADER and item.rule in IMPORTS:
        return _AS_WRITTEN
    together = _is_short(sheet, before) and _is_short(sheet, item)
    return _AS_WRITTEN if together else _BLANK_LINE


def _is_short(sheet: Sheet, item: Item) -> bool:
    if item.rule not in _SHORT or item.start < item.first:
        return False
    return "\n" not in item.raw if item.raw is not None else _one_line(sheet, item, 0) is not None


def _one_line(sheet: Sheet, item: Item, indent: int) -> str | None:
    """An item on one line, without its annotations; None if it does not fit there."""
    for body in item.bodies:
        if body.broken:
            return None
    return _render_on_one_line(sheet, item.first, item.past, indent)


def _render_on_one_line(sheet: Sheet, first: int, past: int, indent: int) -> str | None:
    """A range of tokens on one line; None if it cannot be on one or does not fit."""
    text = sheet.flat(first, past)
    fits = len(text) <= WIDTH - indent or sheet.stays_one_line(first, past)
    return text if fits and "\n" not in text else None


class _Writer:
    """Writes lines.

    Each begins with its line break, so that a comment can still follow the line before.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.out: list[str] = []

    def item(self, item: Item, indent: int) -> None:
        """Write an item on a line that is already indented."""
        if item.raw is not None:
            if item.marginal:
                self.out[-1] = self.out[-1].rstrip(" ")
            self.out.append(item.raw)
            return
        if item.start < item.first:
            self._write_annotations(item, indent)
        text = _one_line(self.sheet, item, indent)
        if text is not None:
            self.out.append(text)
            return
        first = item.first
        for body in self._find_broken_bodies(item, indent):
            self._write_tokens(first, body.open + 1, indent)
            policy = _NO_BLANK_LINE
            for each in body.items:
                self.begin_line(each.start, indent + INDENT, policy)
                self.item(each, indent + INDENT)
                policy = _AS_WRITTEN
            self.comments(body.close, indent + INDENT, policy)
            self.out.append("\n" + " " * indent)
            first = body.close
        self._write_tokens(first, item.past, indent)

    def _find_broken_bodies(self, item: Item, indent: int) -> Sequence[Body]:
        """Return the bodies to write on lines of their own, of an item that takes several lines.

        Any other stays on the line of its braces if all of that line fits.
        """
        if not any(body.broken for body in item.bodies):
            # No second formatting may find other bodies to break than this one.
            broken = [body for body in item.bodies if body.items]
            for body in broken:
                body.broken = True
            return broken or item.bodies
        first, flat = item.first, list[Body]()
        for each in (*item.bodies, None):
            if each is not None and not each.broken:
                flat += [each] if each.items else []
                continue
            past = item.past if each is None else each.open + 1
            if flat and _render_on_one_line(self.sheet, first, past, indent) is None:
                for body in flat:
                    body.broken = True
            first, flat = (past if each is None else each.close), []
        return [body for body in item.bodies if body.broken]

    def _write_annotations(self, item: Item, indent: int) -> None:
        """Writes the annotations of an item on lines of their own, and begins the next line."""
        kinds = self.sheet.kinds
        begin = item.start
        while begin < item.first:
            past = begin + 2
            if kinds[past] == LPAR:
                past = self.sheet.closing_bracket_of(past) + 1
            self._write_tokens(begin, past, indent)
            self.begin_line(past, indent, _NO_BLANK_LINE)
            begin = past

    def _write_tokens(self, first: int, past: int, indent: int) -> None:
        text = _render_on_one_line(self.sheet, first, past, indent)
        self.out.append(
            render(wrap_range(self.sheet, first, past), indent) if text is None else text
        )

    def begin_line(self, at: int, indent: int, policy: int) -> None:
        """Writes the comments before a token, and begins its line."""
        blank = self.sheet.blanks[at]
        if "#" in blank:
            parted = self.comments(at, indent, policy)
        else:
            parted = policy == _BLANK_LINE or (policy == _AS_WRITTEN and blank.count("\n") > 1)
        self.out.append(("\n\n" if parted else "\n") + " " * indent)

    def comments(self, at: int, indent: int, policy: int) -> bool:
        """Write the comments before a token; returns whether a blank line follows them."""
        gap = Gap(self.sheet.blanks[at], at_start=at == 0)
        if gap.trailing is not None:
            self.out.append(f"  {gap.trailing}")
        due = policy == _BLANK_LINE and not (gap.parted or any(parted for parted, _ in gap.lines))
        for parted, comment in gap.lines:
            blank_line = due or (parted and policy != _NO_BLANK_LINE)
            self.out.append(("\n\n" if blank_line else "\n") + " " * indent + comment)
            due = False
            policy = _AS_WRITTEN
        return due or (gap.parted and policy != _NO_BLANK_LINE)


# Comments that tell the formatter what to leave: `# fmt: skip`, `# fmt: off`, `# fmt: on`.

_SKIP = "# fmt: skip"
_OFF = re.compile(r"\n[ \t\f]*# fmt: off[ \t\f]*(?=\n)")
_ON = re.compile(r"\n[ \t\f]*# fmt: on[ \t\f]*(?=\n|\Z)")


def heed_marks(sheet: Sheet, items: list[Item]) -> None:
    """Make raw items of parts to keep: single items, and all between two marks of one body."""
    skipped = [
        at - 2 if sheet.kinds[at - 1] == COMMA else at - 1
        for at, _ in sheet.commented
        if Gap(sheet.blanks[at]).trailing == _SKIP
    ]
    skipped = sorted(skipped + sheet.fixed)
    pending = [(items, len(sheet.words) - 1)]
    while pending:
        body, closing = pending.pop()
        _keep_between(sheet, body, closing)
        for item in body:
            if item.raw is not None:
                continue
            inner = [each for each in item.bodies if each.items]
            marks = _count_within(skipped, item.start, item.past)
            deeper = sum(
                _count_within(skipped, each.start, each.past)
                for body in inner
                for each in body.items
            )
            if marks > deeper:
                item.raw = sheet.raw(item.start, item.past)
            else:
                pending += [(each.items, each.close) for each in inner]


def _count_within(places: list[int], first: int, past: int) -> int:
    """How many of the sorted `places` lie in a range."""
    return bisect_left(places, past) - bisect_left(places, first)


def _keep_between(sheet: Sheet, items: list[Item], closing: int) -> None:
    """Makes one raw item of those from `# fmt: off` to `# fmt: on` or to the end of the body."""
    kept: list[Item] = []
    number = 0
    while number < len(items):
        item = items[number]
        off = _find_mark(_OFF, sheet, item.start)
        if off is None or _find_mark(_ON, sheet, item.start, off.end()) is not None:
            kept.append(item)
            number += 1
            continue
        number += 1
        on = None
        while number < len(items) and on is None:
            on = _find_mark(_ON, sheet, items[number].start)
            number += on is None
        behind = items[number].start if number < len(items) else closing
        on = on or _find_mark(_ON, sheet, closing)
        raw = Item("kept", item.start, items[number - 1].past)
        raw.marginal = True
        raw.raw = sheet.source[off.end() + 1 : on.start() if on else sheet.starts[closing]]
        if on is None:
            raw.raw = raw.raw.rstrip()
        sheet.blanks[behind] = sheet.source[on.start() : sheet.starts[behind]] if on else ""
        sheet.blanks[item.start] = sheet.source[_blank_start(sheet, item.start) : off.end()]
        kept.append(raw)
    items[:] = kept


def _find_mark(
    mark: re.Pattern[str], sheet: Sheet, at: int, begin: int = 0
) -> re.Match[str] | None:
    """A mark on a line of its own before a token, not before the offset `begin`."""
    return mark.search(sheet.source, max(begin, _blank_start(sheet, at)), sheet.starts[at])


def _blank_start(sheet: Sheet, at: int) -> int:
    """Where the spaces and comments before a token begin."""
    return sheet.starts[at] - len(sheet.blanks[at])
