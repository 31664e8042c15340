"""Reads a whole list, page by page, while others may edit it.

A page is requested by `skip` and `limit`, so a row that is created or deleted meanwhile moves all
rows after it. To detect that, adjacent pages share a row: the last row of a page is requested again
as the first row of the next. Example with pages of three rows, where `c` was deleted after the
first page:

    before   [a b c] d e       the next page is requested from `c`
    after     a b [d e]        it begins with `d`, so rows have moved
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from flowdsl.cyberdesk.errors import ListingTooLong, UnstableListing
from flowdsl.cyberdesk.limits import MAX_LISTING_BYTES, MAX_PAGES, MAX_ROWS

MAX_WALKS = 8
MAX_STEPS_BACK = 64
MAX_BARREN = 64
"""Consecutive pages without a new row."""


class _IdentifiedRow(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_IdentifiedRow)
R_co = TypeVar("R_co", bound=_IdentifiedRow, covariant=True)


class _ListedPage(Protocol[R_co]):
    @property
    def items(self) -> Sequence[R_co]: ...

    total: int

    @property
    def size(self) -> int: ...


class _Tally:
    """Counts how much of a listing of `kind` has been read."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._pages = 0
        self._bytes = 0

    def count(self, page: _ListedPage[_IdentifiedRow], rows: int) -> None:
        """Count a page, after which `rows` distinct rows are known; raises `ListingTooLong`."""
        self._pages += 1
        self._bytes += page.size
        for found, most, what in (
            (max(page.total, rows), MAX_ROWS, "rows"),
            (self._pages, MAX_PAGES, "pages"),
            (self._bytes, MAX_LISTING_BYTES, "bytes"),
        ):
            if found > most:
                raise ListingTooLong(
                    f"the list of {self._kind} is too long: it has more than {most} {what}"
                )


async def walk_all(read_page: Callable[[int], Awaitable[_ListedPage[R]]], kind: str) -> list[R]:
    """Return every row once, from `read_page(skip)`, of a list whose edited rows move to one end.

    A walk is valid when `total` stayed the same throughout, equals the number of distinct rows, and
    every page began with the last row of the previous one. Then as many rows were created as
    deleted and none moved across a page boundary, so no row that existed all along is missing. A
    row that was deleted during the walk may still be listed. Raises `UnstableListing`, whose
    message names `kind`, after `MAX_WALKS` invalid walks.
    """
    for _ in range(MAX_WALKS):
        found = await _walk_pages(read_page, _Tally(kind))
        if found is not None:
            return found
    raise UnstableListing(
        f"the list of {kind} changes while it is read, {MAX_WALKS} times in a row; try again in a "
        "quiet moment"
    )


async def _walk_pages(
    read_page: Callable[[int], Awaitable[_ListedPage[R]]], tally: _Tally
) -> list[R] | None:
    """Return the rows of one walk; None when the list changed during it."""
    found: dict[str, R] = {}
    total, shared, skip = None, None, 0
    while True:
        page = await read_page(skip)
        if total not in (None, page.total):
            return None
        total = page.total
        if shared is not None and (not page.items or page.items[0].id != shared):
            return None
        known = len(found)
        found.update((row.id, row) for row in page.items)
        tally.count(page, len(found))
        if len(found) - known != len(page.items) - (shared is not None):
            return None
        # The service may return fewer rows than requested: the next page starts where this one
        # ended.
        skip += len(page.items)
        if not page.items or skip >= total:
            return list(found.values()) if len(found) == total else None
        # A page of one row cannot be shared.
        shared = page.items[-1].id if len(page.items) > 1 else None
        skip -= shared is not None


async def walk_in_order(
    read_page: Callable[[int], Awaitable[_ListedPage[R]]], kind: str
) -> list[R]:
    """Return every row once, of a list in which rows keep their order and new ones are put first.

    New rows only move known ones down, so the walk continues. Deletions may move rows up past the
    shared row; then the walk steps back until it finds a known row. A row that existed all along is
    never missed; one that was created or deleted during the walk may or may not be included. Raises
    `UnstableListing`.
    """
    found: dict[str, R] = {}
    skip, steps_back, shares, barren = 0, 0, False, 0
    tally = _Tally(kind)
    while True:
        page = await read_page(skip)
        tally.count(page, len(found))
        if shares and not (page.items and page.items[0].id in found):
            steps_back += 1
            if steps_back > MAX_STEPS_BACK:
                raise UnstableListing(
                    f"the list of {kind} shrinks faster than it is read; try again in a quiet "
                    "moment"
                )
            skip = max(0, skip - 2**steps_back)
            shares = skip > 0
            continue
        before = len(found)
        found.update((row.id, row) for row in page.items)
        skip += len(page.items)
        if not page.items or skip >= page.total:
            return list(found.values())
        if len(found) > before:
            steps_back = barren = 0
        else:
            barren += 1
            if barren > MAX_BARREN:
                raise UnstableListing(
                    f"the list of {kind} gives the same rows over and over; try again in a quiet "
                    "moment"
                )
        # A page of one row cannot be shared.
        shares = len(page.items) > 1
        skip -= shares
