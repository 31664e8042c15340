"""Source maps of what is deployed, kept beside state: a run can be traced to its lines after the source has moved on."""

from __future__ import annotations

import asyncio
import json

from flowdsl.codegen.artifacts import WorkflowArtifact
from flowdsl.deploy.job import Job
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.plan import Plan
from flowdsl.deploy.resource import address_of
from flowdsl.state.document import Source

AT_ONCE = 16
"""Objects that are put at the same time."""


def object_name(source_map: str) -> str:
    """The name beside state of the source map of a payload with this fingerprint."""
    return f"source-maps/{source_map}.json"


async def keep_source_maps(job: Job, plan: Plan) -> None:
    """Put the source map of every workflow whose payload state does not know yet; raises `StateError`."""
    artifacts = {address_of(workflow.NAME, each.name): each for each in job.bundle.workflows}
    missing = {
        change.desired.source_map: artifacts[change.address]
        for change in plan.changes
        if change.desired is not None
        and change.desired.source_map is not None
        and (change.prior is None or change.prior.source_map != change.desired.source_map)
    }
    slots = asyncio.Semaphore(AT_ONCE)

    async def keep(name: str, artifact: WorkflowArtifact) -> None:
        async with slots:
            await asyncio.to_thread(job.store.put, name, _document(artifact, job.source))

    await asyncio.gather(*(keep(object_name(name), each) for name, each in missing.items()))


def _document(artifact: WorkflowArtifact, source: Source | None) -> bytes:
    content = {
        "commit": None if source is None else source.commit,
        "dirty": None if source is None else source.dirty,
        **artifact.source_map.to_json(),
    }
    return (json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n").encode()
