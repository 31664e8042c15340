"""The reading of every tracked workflow by its id.

A list would not do: edits can push rows out of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.workers import for_each


async def read_tracked(
    client: CyberdeskClient, ids: Iterable[str], *, concurrency: int
) -> dict[str, Live]:
    """The workflows with these ids that exist, by id; raises `CyberdeskError`."""
    found: dict[str, Live] = {}

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        try:
            found[workflow_id] = await workflow.read(own, workflow_id)
        except NotFound:
            return

    await for_each(client, sorted(set(ids)), read, concurrency=concurrency)
    return found
