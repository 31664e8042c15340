"""The source maps of what is deployed, kept beside state.

With them a run can be traced to its lines after the source has changed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice

from flowdsl.codegen.artifacts import WorkflowArtifact
from flowdsl.config.address import workflow_address
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.planning.plan import Change, Plan
from flowdsl.state.document import Source

FIRST = 50
"""Source maps that are put before anything is sent: a store that refuses objects refuses these."""


def object_name(source_map: str) -> str:
    """The name beside state of the source map with this fingerprint."""
    return f"source-maps/{source_map}.json"


@asynccontextmanager
async def keeping_source_maps(job: Job, plan: Plan, journal: Journal) -> AsyncIterator[None]:
    """Put the source maps of the prompts that state does not name yet; raises `StateError`.

    When there are many, most are put while the block runs. Until all are kept, `journal` stores
    nothing of what the block has written.
    """
    written = _missing(job, (change for change in plan.changes if change.writes))
    first = _missing(job, (change for change in plan.changes if not change.writes))
    first |= islice(written.items(), FIRST)
    rest = dict(islice(written.items(), FIRST, None))
    if first:
        await asyncio.to_thread(job.store.put, first)
    if not rest:
        yield
        return
    keeping = asyncio.create_task(asyncio.to_thread(job.store.put, rest))
    journal.wait_for(keeping)
    try:
        yield
    finally:
        await asyncio.wait({keeping})
        if not keeping.cancelled():
            keeping.exception()


def _missing(job: Job, changes: Iterable[Change]) -> dict[str, bytes]:
    """The objects of `changes` that state does not name yet, by name."""
    artifacts = {workflow_address(each.name): each for each in job.bundle.workflows}
    return {
        object_name(change.desired.source_map): _document(artifacts[change.address], job.source)
        for change in changes
        if change.desired is not None
        and change.desired.source_map is not None
        and (change.prior is None or change.prior.source_map != change.desired.source_map)
    }


def _document(artifact: WorkflowArtifact, source: Source | None) -> bytes:
    content = {
        "commit": None if source is None else source.commit,
        "dirty": None if source is None else source.dirty,
        **artifact.source_map.to_json(),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
    # The name of a file may hold lone surrogates, which become escapes of JSON.
    return text.encode(errors="backslashreplace")
