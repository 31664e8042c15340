from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.cyberdesk.errors import ListingTooLong, UnstableListing
from flowdsl.cyberdesk.limits import MAX_LISTING_BYTES, MAX_PAGES, MAX_ROWS
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.cyberdesk.paging import MAX_WALKS, walk_all, walk_in_order
from tests.support.effort import examples

PAGE = 4


class Listing:
    """A list, newest first, that is edited between any two reads.

    `edits[n]` happen before read `n`.
    """

    def __init__(self, size: int, edits: list[list[tuple[str, int]]]) -> None:
        self.rows = [f"w{index}" for index in range(size)]
        self.edits = edits
        self.reads = 0
        self.ever_deleted: set[str] = set()

    def edit(self, verb: str, place: int) -> None:
        if verb == "create":
            self.rows.insert(0, f"new{self.reads}-{place}-{len(self.rows)}")
        elif self.rows:
            row = self.rows.pop(place % len(self.rows))
            if verb == "touch":
                self.rows.insert(0, row)
            else:
                self.ever_deleted.add(row)

    async def read(self, skip: int) -> ListPage[Workflow]:
        for verb, place in self.edits[self.reads] if self.reads < len(self.edits) else []:
            self.edit(verb, place)
        self.reads += 1
        return page(self.rows[skip : skip + PAGE], len(self.rows))


def page(rows: list[str], total: int) -> ListPage[Workflow]:
    items: list[Any] = [{"id": row, "main_prompt": "p", "updated_at": "t"} for row in rows]
    return ListPage[Workflow].model_validate({"items": items, "total": total})


EDIT = st.tuples(st.sampled_from(["touch", "create", "delete"]), st.integers(0, 30))
EDITS = st.lists(st.lists(EDIT, max_size=6), max_size=12)


@settings(max_examples=examples(400))
@given(size=st.integers(0, 20), edits=EDITS)
def test_no_row_that_existed_throughout_is_missed(
    size: int, edits: list[list[tuple[str, int]]]
) -> None:
    listing = Listing(size, edits)
    before = set(listing.rows)
    try:
        found = [row.id for row in asyncio.run(walk_all(listing.read, "workflows"))]
    except UnstableListing:
        return
    assert max(Counter(found).values(), default=1) == 1
    assert before - listing.ever_deleted <= set(found)


class Machines(Listing):
    """A list in which a new row comes last and a touched one keeps its place."""

    def edit(self, verb: str, place: int) -> None:
        if verb == "create":
            self.rows.append(f"new{self.reads}-{place}-{len(self.rows)}")
        elif verb == "delete":
            super().edit(verb, place)


@settings(max_examples=examples(400))
@given(size=st.integers(0, 20), edits=EDITS)
def test_the_order_of_other_lists_does_not_matter(
    size: int, edits: list[list[tuple[str, int]]]
) -> None:
    listing = Machines(size, edits)
    before = set(listing.rows)
    try:
        found = {row.id for row in asyncio.run(walk_all(listing.read, "machines"))}
    except UnstableListing:
        return
    assert before - listing.ever_deleted <= found


@pytest.mark.parametrize(
    ("kind", "edits"),
    [
        (Listing, [("delete", 0), ("touch", 6)]),
        (Machines, [("delete", 0), ("create", 0)]),
    ],
)
def test_edits_that_make_up_for_each_other_are_noticed(
    kind: type[Listing], edits: list[tuple[str, int]]
) -> None:
    listing = kind(8, [[], edits])
    found = {row.id for row in asyncio.run(walk_all(listing.read, "rows"))}
    assert {f"w{index}" for index in range(1, 8)} <= found


class Runs(Listing):
    """A list in which a touched row keeps its place."""

    def edit(self, verb: str, place: int) -> None:
        if verb != "touch":
            super().edit(verb, place)


@settings(max_examples=examples(400))
@given(
    size=st.integers(0, 40),
    edits=EDITS
    | st.lists(st.lists(st.just(("create", 0)), min_size=2, max_size=9), max_size=12)
    | st.lists(st.lists(st.just(("delete", 0)), min_size=2, max_size=9), max_size=12),
)
def test_runs_are_found_however_many_come_and_go(
    size: int, edits: list[list[tuple[str, int]]]
) -> None:
    listing = Runs(size, edits)
    before = set(listing.rows)
    found = [row.id for row in asyncio.run(walk_in_order(listing.read, "runs"))]
    assert max(Counter(found).values(), default=1) == 1
    assert before - listing.ever_deleted <= set(found)


def test_a_list_that_grows_all_the_time_is_read_in_order() -> None:
    listing = Runs(40, [[("create", 0), ("create", 1)]] * 99)
    found = {row.id for row in asyncio.run(walk_in_order(listing.read, "runs"))}
    assert {f"w{index}" for index in range(40)} <= found
    assert listing.reads < 45


def test_a_service_that_counts_wrong_does_not_keep_the_ordered_walk_busy() -> None:
    async def lying(skip: int) -> ListPage[Workflow]:
        return page([f"w{index}" for index in range(3)][skip : skip + PAGE], 99)

    async def short(skip: int) -> ListPage[Workflow]:
        return page([f"w{skip}"] if skip < 3 else [], 3)

    assert len(asyncio.run(walk_in_order(short, "runs"))) == 3
    reads = 0

    async def counted(skip: int) -> ListPage[Workflow]:
        nonlocal reads
        reads += 1
        return await lying(skip)

    assert len(asyncio.run(walk_in_order(counted, "runs"))) == 3
    assert reads < 200


def test_a_deletion_that_hides_a_row_behind_a_right_count_is_noticed() -> None:
    # w4 is pulled onto the page already read; four rows were seen of four that remain.
    listing = Listing(5, [[], [("delete", 0)]])
    assert {row.id for row in asyncio.run(walk_all(listing.read, "workflows"))} == {
        "w1",
        "w2",
        "w3",
        "w4",
    }
    assert listing.reads > 2


def test_a_touched_row_that_jumps_to_the_top_is_found() -> None:
    listing = Listing(8, [[], [("touch", 7)]])
    assert len(asyncio.run(walk_all(listing.read, "workflows"))) == 8


def test_a_quiet_list_is_read_once() -> None:
    for size, reads in ((0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2)):
        listing = Listing(size, [])
        assert len(asyncio.run(walk_all(listing.read, "workflows"))) == size
        assert listing.reads == reads


def test_a_list_that_never_rests_is_an_error() -> None:
    listing = Listing(8, [[("touch", 7)]] * 99)
    with pytest.raises(UnstableListing):
        asyncio.run(walk_all(listing.read, "workflows"))
    assert listing.reads == 2 * MAX_WALKS


def test_a_service_with_smaller_pages_or_a_wrong_total_does_not_loop() -> None:
    async def short(skip: int) -> ListPage[Workflow]:
        return page([f"w{skip}"] if skip < 3 else [], 3)

    async def lying(skip: int) -> ListPage[Workflow]:
        return page([f"w{skip}"] if skip < 3 else [], 9)

    assert len(asyncio.run(walk_all(short, "workflows"))) == 3
    with pytest.raises(UnstableListing):
        asyncio.run(walk_all(lying, "workflows"))


class Endless:
    """Pages without end: `row` names the rows from one place on, `total` is what each page says."""

    def __init__(self, row: Callable[[int], str], total: int, *, rows: int = 2, size: int = 0):
        self.row, self.total, self.rows, self.size = row, total, rows, size
        self.reads = 0

    async def read(self, skip: int) -> ListPage[Workflow]:
        self.reads += 1
        found = page([self.row(skip + place) for place in range(self.rows)], self.total)
        found.weigh(self.size)
        return found


WALKS = pytest.mark.parametrize("walk", [walk_all, walk_in_order])


@WALKS
@pytest.mark.parametrize(
    ("listing", "most", "what"),
    [
        (Endless(str, MAX_ROWS + 1), 1, f"{MAX_ROWS} rows"),
        (Endless(str, MAX_ROWS), MAX_PAGES + 1, f"{MAX_PAGES} pages"),
        (Endless(str, MAX_ROWS, rows=1), MAX_PAGES + 1, f"{MAX_PAGES} pages"),
        (Endless(str, MAX_ROWS, size=MAX_LISTING_BYTES // 2), 3, f"{MAX_LISTING_BYTES} bytes"),
    ],
    ids=["total", "pages", "single rows", "bytes"],
)
def test_a_list_without_end_is_left(walk: Any, listing: Endless, most: int, what: str) -> None:
    listing.reads = 0
    with pytest.raises(ListingTooLong, match=f"the list of workflows is too long.*{what}"):
        asyncio.run(walk(listing.read, "workflows"))
    assert listing.reads <= most


@WALKS
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_page_that_repeats_is_noticed_soon(walk: Any, rows: int) -> None:
    listing = Endless(lambda _place: "w1", MAX_ROWS, rows=rows)
    with pytest.raises(UnstableListing, match="the list of workflows"):
        asyncio.run(walk(listing.read, "workflows"))
    assert listing.reads < 100
