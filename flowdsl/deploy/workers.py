"""Concurrent work on many items, by a few workers that each have connections of their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from flowdsl.cyberdesk.client import CyberdeskClient

Item = TypeVar("Item")


async def for_each(
    client: CyberdeskClient,
    items: Iterable[Item],
    work: Callable[[CyberdeskClient, Item], Awaitable[None]],
    *,
    concurrency: int,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Item]:
    """Do `work` on every item, at most `concurrency` at a time.

    Returns the items that were not started because of `stopped`. The first exception ends the other
    workers and is raised.
    """
    waiting = deque(items)

    async def run() -> None:
        async with client.make_worker() as own:
            while waiting and not stopped():
                await work(own, waiting.popleft())

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(waiting))):
                group.create_task(run())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return list(waiting)
