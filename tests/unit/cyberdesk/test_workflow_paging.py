from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cyberdesk.errors import UnstableListing
from flowdsl.cyberdesk.models.workflow import WorkflowPage
from flowdsl.cyberdesk.paging import MAX_WALKS, walk_all

PAGE = 4


class Listing:
    """A list, newest first, that is edited between any two reads: `edits[n]` happen before read `n`."""

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

    async def read(self, skip: int) -> WorkflowPage:
        for verb, place in self.edits[self.reads] if self.reads < len(self.edits) else []:
            self.edit(verb, place)
        self.reads += 1
        return page(self.rows[skip : skip + PAGE], len(self.rows))


def page(rows: list[str], total: int) -> WorkflowPage:
    items: list[Any] = [{"id": row, "main_prompt": "p", "updated_at": "t"} for row in rows]
    return WorkflowPage.model_validate({"items": items, "total": total})


EDIT = st.tuples(st.sampled_from(["touch", "create", "delete"]), st.integers(0, 30))


@given(size=st.integers(0, 14), edits=st.lists(st.lists(EDIT, max_size=2), max_size=6))
def test_no_row_that_existed_throughout_is_missed(
    size: int, edits: list[list[tuple[str, int]]]
) -> None:
    total_edits = sum(len(group) for group in edits)
    while total_edits >= PAGE:  # The promise holds for less than a page of writes.
        total_edits -= len(edits.pop())
    listing = Listing(size, edits)
    before = set(listing.rows)
    found = [row.id for row in asyncio.run(walk_all(listing.read))]
    assert max(Counter(found).values(), default=1) == 1
    assert before - listing.ever_deleted <= set(found)


def test_a_deletion_that_hides_a_row_behind_a_right_count_is_noticed() -> None:
    # w4 is pulled onto the page already read; four rows were seen of four that remain.
    listing = Listing(5, [[], [("delete", 0)]])
    assert {row.id for row in asyncio.run(walk_all(listing.read))} == {"w1", "w2", "w3", "w4"}
    assert listing.reads > 2


def test_a_touched_row_that_jumps_to_the_top_is_found() -> None:
    listing = Listing(8, [[], [("touch", 7)]])
    assert len(asyncio.run(walk_all(listing.read))) == 8


def test_a_quiet_list_is_read_once() -> None:
    for size, reads in ((0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2)):
        listing = Listing(size, [])
        assert len(asyncio.run(walk_all(listing.read))) == size
        assert listing.reads == reads


def test_a_list_that_never_rests_is_an_error() -> None:
    listing = Listing(8, [[("touch", 7)]] * 99)
    with pytest.raises(UnstableListing):
        asyncio.run(walk_all(listing.read))
    assert listing.reads == 2 * MAX_WALKS


def test_a_service_with_smaller_pages_or_a_wrong_total_does_not_loop() -> None:
    async def short(skip: int) -> WorkflowPage:
        return page([f"w{skip}"] if skip < 3 else [], 3)

    async def lying(skip: int) -> WorkflowPage:
        return page([f"w{skip}"] if skip < 3 else [], 9)

    assert len(asyncio.run(walk_all(short))) == 3
    with pytest.raises(UnstableListing):
        asyncio.run(walk_all(lying))
