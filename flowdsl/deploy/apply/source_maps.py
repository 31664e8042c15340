"""Stores the source maps of deployed workflows as objects next to the state document.

They let a run be traced to its source lines after the source has changed. The map of a prompt is
keyed by the prompt, and the map of the post-run checks by the checks, since each can change without
the other. The text of each mapped file is stored under its digest, which the maps contain.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from flowdsl.config.address import workflow_address
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.planning.desired import check_map_name
from flowdsl.deploy.planning.plan import Change, Plan
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.state.document import DeployedSource

FIRST = 50
"""Source maps stored before anything is sent, to find out early if the store refuses objects."""


def object_name(source_map: str) -> str:
    """Return the object name of the source map with this fingerprint."""
    return f"source-maps/{source_map}.json"


def source_name_for(digest: str) -> str:
    """Return the object name of the source file text with this digest."""
    return f"sources/{digest}.json"


@asynccontextmanager
async def keeping_source_maps(job: Job, plan: Plan, journal: Journal) -> AsyncIterator[None]:
    """Store the source maps that state does not know yet, with the text of their files.

    If there are many, most are stored while the block runs. Until all are stored, `journal` stores
    nothing that the block has written. Raises `StateError`.
    """
    written = _collect_missing_objects(job, (change for change in plan.changes if change.writes))
    first = _collect_missing_objects(job, (change for change in plan.changes if not change.writes))
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


def _collect_missing_objects(job: Job, changes: Iterable[Change]) -> dict[str, bytes]:
    """Return the objects of `changes` that state does not know yet, by name."""
    artifacts = {workflow_address(each.name): each for each in job.bundle.workflows}
    contents: dict[str, bytes] = {}
    for change in changes:
        desired, prior = change.desired, change.prior
        if desired is None or desired.source_map is None:
            continue
        mapped = artifacts[change.address].source_map.to_json()
        places = mapped.pop("checks")
        is_new = prior is None or prior.source_map != desired.source_map
        if is_new:
            contents |= _read_mapped_sources(job, mapped)
            contents[object_name(desired.source_map)] = _render_source_map(mapped, job.source)
        if not places:
            continue
        normal = normalise_value(
            workflow.POLICIES[workflow.CHECKS], desired.values[workflow.CHECKS]
        )
        checks = fingerprint(normal)
        if is_new or prior is None or prior.applied.get(workflow.CHECKS) != checks:
            mapped = {key: mapped[key] for key in ("format_version", "workflow", "files")}
            mapped["checks"] = [
                {**place, "type": check["type"], "sha256": fingerprint(check)}
                for place, check in zip(places, normal, strict=True)
            ]
            name = object_name(check_map_name(change.address, checks))
            contents |= _read_mapped_sources(job, mapped)
            contents[name] = _render_source_map(mapped, job.source)
    return contents


def _read_mapped_sources(job: Job, mapped: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the texts of the files of a map, by their object names."""
    digests = (each["sha256"] for each in mapped["files"].values())
    return {
        source_name_for(digest): _encode_json({"text": job.bundle.sources[digest]})
        for digest in digests
        if digest in job.bundle.sources
    }


def _render_source_map(mapped: Mapping[str, Any], source: DeployedSource | None) -> bytes:
    content = {
        "commit": None if source is None else source.commit,
        "dirty": None if source is None else source.dirty,
        **mapped,
    }
    return _encode_json(content)


def _encode_json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
    # A file name may hold lone surrogates, which become JSON escapes.
    return text.encode(errors="backslashreplace")
