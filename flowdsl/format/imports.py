"""Sorts imports by path, then by form, within each run without blank lines.

Comments move with the imports that they stand before or behind.
"""

from __future__ import annotations

import re

from .gaps import Gap, split_trailing
from .sheet import Sheet
from .tree import IMPORTS, Item

_LAST_BLANK_LINE = re.compile(r"(?s).*\n[ \t\f]*(?=\n)")


def sort_imports(sheet: Sheet, items: list[Item]) -> None:
    """Sort every run of imports among the items of a file."""
    first = 0
    while first < len(items):
        past = first + 1
        if _may_move(sheet, items[first]):
            while past < len(items) and _goes_on(sheet, items[past]):
                past += 1
            _sort(sheet, items, first, past)
        first = past


def _may_move(sheet: Sheet, item: Item) -> bool:
    return item.rule in IMPORTS and item.raw is None and "# fmt:" not in sheet.blanks[item.start]


def _goes_on(sheet: Sheet, item: Item) -> bool:
    """Whether an import belongs to the run of the one before it."""
    gap = Gap(sheet.blanks[item.start])
    parted = gap.parted or any(parted for parted, _ in gap.lines)
    return not parted and _may_move(sheet, item)


def _sort(sheet: Sheet, items: list[Item], first: int, past: int) -> None:
    run = items[first:past]
    order = sorted(range(len(run)), key=lambda number: _key(sheet, run[number]))
    if order == list(range(len(run))):
        return
    blanks = sheet.blanks
    behind = items[past].start if past < len(items) else len(sheet.words) - 1
    gaps = [split_trailing(blanks[at]) for at in (*(item.start for item in run), behind)]
    trailing, own = [gap[0] for gap in gaps], [gap[1] for gap in gaps]
    found = _LAST_BLANK_LINE.match(own[0])
    header = found.group() if found else ""
    own[0] = own[0][len(header) :]
    items[first:past] = [run[number] for number in order]
    before = trailing[0] + header
    for number in order:
        blanks[run[number].start] = before + _on_next_line(own[number])
        before = trailing[number + 1]
    blanks[behind] = before + own[-1]


def _on_next_line(blank: str) -> str:
    return blank if blank.startswith("\n") else "\n" + blank


def _key(sheet: Sheet, item: Item) -> tuple[str, int, str]:
    names = item.rule == "import_names"
    path = sheet.words[item.past - 1 if names else item.first + 1]
    return path, IMPORTS.index(item.rule), sheet.flat(item.first, item.past)
