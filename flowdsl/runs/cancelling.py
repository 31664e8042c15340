"""Ending runs that go on."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run
from flowdsl.state.held import Runtime


async def cancelled(
    client: CyberdeskClient, runs: Iterable[Run], runtime: Runtime
) -> tuple[list[Run], list[str]]:
    """The runs that were cancelled, and why others were not."""
    ended: list[Run] = []
    failures: list[str] = []
    for run in runs:
        try:
            ended.append(await client.runs.cancel(run.id, idempotency_key=runtime.new_id()))
        except CyberdeskError as error:
            failures.append(f"run {run.id} is not cancelled: {error}")
    return ended, failures
