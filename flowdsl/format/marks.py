"""Comments that tell the formatter what to leave: `# fmt: skip`, `# fmt: off`, `# fmt: on`."""

from __future__ import annotations

import re
from bisect import bisect_left

from .gaps import Gap
from .sheet import COMMA, Sheet
from .tree import Item

_SKIP = "# fmt: skip"
_OFF = re.compile(r"\n[ \t\f]*# fmt: off[ \t\f]*(?=\n)")
_ON = re.compile(r"\n[ \t\f]*# fmt: on[ \t\f]*(?=\n|\Z)")


def heed_marks(sheet: Sheet, items: list[Item]) -> None:
    """Makes raw items of what is to stay: single items, and all between two marks of one body."""
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
            marks = _within(skipped, item.start, item.past)
            deeper = sum(
                _within(skipped, each.start, each.past) for body in inner for each in body.items
            )
            if marks > deeper:
                item.raw = sheet.raw(item.start, item.past)
            else:
                pending += [(each.items, each.close) for each in inner]


def _within(places: list[int], first: int, past: int) -> int:
    """How many of the sorted `places` lie in a range."""
    return bisect_left(places, past) - bisect_left(places, first)


def _keep_between(sheet: Sheet, items: list[Item], closing: int) -> None:
    """Makes one raw item of those from `# fmt: off` to `# fmt: on` or to the end of the body."""
    kept: list[Item] = []
    number = 0
    while number < len(items):
        item = items[number]
        off = _mark(_OFF, sheet, item.start)
        if off is None or _mark(_ON, sheet, item.start, off.end()) is not None:
            kept.append(item)
            number += 1
            continue
        number += 1
        on = None
        while number < len(items) and on is None:
            on = _mark(_ON, sheet, items[number].start)
            number += on is None
        behind = items[number].start if number < len(items) else closing
        on = on or _mark(_ON, sheet, closing)
        raw = Item("kept", item.start, items[number - 1].past)
        raw.marginal = True
        raw.raw = sheet.source[off.end() + 1 : on.start() if on else sheet.starts[closing]]
        if on is None:
            raw.raw = raw.raw.rstrip()
        sheet.blanks[behind] = sheet.source[on.start() : sheet.starts[behind]] if on else ""
        sheet.blanks[item.start] = sheet.source[_begin(sheet, item.start) : off.end()]
        kept.append(raw)
    items[:] = kept


def _mark(mark: re.Pattern[str], sheet: Sheet, at: int, begin: int = 0) -> re.Match[str] | None:
    """A mark on a line of its own in front of a token, not before the offset `begin`."""
    return mark.search(sheet.source, max(begin, _begin(sheet, at)), sheet.starts[at])


def _begin(sheet: Sheet, at: int) -> int:
    """Where the spaces and comments in front of a token begin."""
    return sheet.starts[at] - len(sheet.blanks[at])
