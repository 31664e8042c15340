"""Reading a whole list by pages while others edit it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from flowdsl.cyberdesk.errors import UnstableListing
from flowdsl.cyberdesk.models.workflow import Workflow, WorkflowPage

MAX_WALKS = 8


async def walk_all(read_page: Callable[[int], Awaitable[WorkflowPage]]) -> list[Workflow]:
    """Every workflow, once, from `read_page(skip)`; raises `UnstableListing` when no walk comes out whole.

    An edit moves a row to the top of the list and pushes another over a page edge; a deletion pulls one back over it. A
    walk counts only if `total` stayed the same throughout and equals the number of distinct rows. Then a row that existed
    all along can be missing only if a row made during the walk was seen below the first page, which takes a whole page
    of writes within one walk. A row deleted during the walk may still be listed.
    """
    for _ in range(MAX_WALKS):
        found: dict[str, Workflow] = {}
        totals: set[int] = set()
        skip = 0
        while True:
            page = await read_page(skip)
            totals.add(page.total)
            found.update((workflow.id, workflow) for workflow in page.items)
            # The service may give fewer rows than asked for, so the next page starts where this one really ended.
            skip += len(page.items)
            if not page.items or skip >= page.total:
                break
        if totals == {len(found)}:
            return list(found.values())
    raise UnstableListing(
        f"the list of workflows changes while it is read, {MAX_WALKS} times in a row; try again in a quiet moment"
    )
