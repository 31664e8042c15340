"""Reads the data of a trace from the service, from state and from the checkout.

Nothing is written.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.cyberdesk.models.run import Run
from flowdsl.source.files import FileSystem
from flowdsl.source.moments import read_moment
from flowdsl.state.document import StateDocument
from flowdsl.state.stores import StateStore
from flowdsl.tracing.maps import (
    FoundChecks,
    FoundMap,
    find_checks,
    find_deployed_addresses,
    find_map,
)
from flowdsl.tracing.reasons import Reasons
from flowdsl.tracing.sources import read_sources
from flowdsl.tracing.trace import (
    TASK_FAILED,
    Trace,
    history_of,
    make_trace,
    reasons_of_version,
)
from flowdsl.tracing.versions import PromptVersion, read_saved_prompts, version_of_run

MAX_PICTURES = 120
MAX_PICTURE_BYTES = 2 * 1024 * 1024
MAX_ALL_BYTES = 24 * 1024 * 1024
"""Maximum total size of the pictures of a page, before base64."""
MAX_ADDRESS = 2_000
AT_ONCE = 4
MAX_WORKFLOWS = 20
"""Maximum number of workflows that are read for the reasons in one list of runs."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """The local sources of a trace; `document` is None if nothing is deployed from here.

    `libraries` are the folders of the project's libraries by name.
    """

    document: StateDocument | None
    store: StateStore
    files: FileSystem
    root: str
    libraries: Mapping[str, str]


async def gather_trace(client: CyberdeskClient, run: Run, beside: Beside) -> Trace:
    """Return the trace of a run with its history; raises `CyberdeskError` and `StateError`."""
    history = history_of(run)
    notes: list[str] = []
    known = await _load_known_prompts(client, run.workflow_id, notes)
    started = read_moment(run.started_at) or read_moment(run.created_at)
    version = version_of_run(
        run.main_prompt, known, history.messages, run.input_values or {}, started
    )
    addresses: tuple[Address, ...] = ()
    source_map = FoundMap()
    document = beside.document
    if document is not None and run.workflow_id is not None:
        addresses = find_deployed_addresses(document, run.workflow_id)
    if document is not None and version is not None:
        source_map = await asyncio.to_thread(find_map, beside.store.get, addresses, version, known)
    where = beside.files, beside.root, beside.libraries, beside.store.get
    sources = await asyncio.to_thread(read_sources, source_map, *where)
    checks = FoundChecks()
    if document is not None:
        checks = await asyncio.to_thread(find_checks, beside.store.get, document, addresses, run)
    check_sources = await asyncio.to_thread(read_sources, checks.map, *where)
    notes += _note_prompt_origin(
        version, source_map, deployed=document is not None, ours=bool(addresses)
    )
    return make_trace(
        run,
        history,
        address=addresses[0] if addresses else None,
        version=version,
        source_map=source_map,
        sources=sources,
        checks=checks,
        check_sources=check_sources,
        notes=notes,
    )


async def gather_reasons(client: CyberdeskClient, runs: Iterable[Run]) -> dict[str, Reasons]:
    """Return the meaning of the reasons of failed tasks, by run id; raises nothing.

    Reads the workflows of these runs, `MAX_WORKFLOWS` at most. If a run is not in the result, or
    its prompt is not known for certain, the meaning of its reason is unknown.
    """
    by_workflow: dict[str, list[Run]] = {}
    for run in runs:
        if run.status == TASK_FAILED and run.error and run.workflow_id is not None:
            by_workflow.setdefault(run.workflow_id, []).append(run)
    slots = asyncio.Semaphore(AT_ONCE)

    async def known(workflow_id: str) -> list[PromptVersion]:
        async with slots:
            try:
                return await _load_known_prompts(client, workflow_id, [])
            except CyberdeskError:
                return []

    read = list(by_workflow)[:MAX_WORKFLOWS]
    found: dict[str, Reasons] = {}
    for workflow_id, prompts in zip(read, await asyncio.gather(*map(known, read)), strict=True):
        for run in by_workflow[workflow_id]:
            inputs = run.input_values or {}
            started = read_moment(run.started_at) or read_moment(run.created_at)
            messages = history_of(run).messages[:1]
            version = version_of_run(run.main_prompt, prompts, messages, inputs, started)
            found[run.id] = reasons_of_version(version, inputs)
    return found


async def _load_known_prompts(
    client: CyberdeskClient, workflow_id: str | None, notes: list[str]
) -> list[PromptVersion]:
    """Return the current and earlier prompts of the workflow, the oldest first."""
    if workflow_id is None:
        return []
    try:
        workflow = await client.workflows.get(workflow_id)
    except NotFound:
        notes.append("the workflow of the run no longer exists")
        return []
    saved = workflow.old_versions
    if not saved:
        # Whether a reply to a GET includes them is not documented; the separate list does.
        try:
            saved = list(await client.workflows.versions(workflow_id))
        except CyberdeskError as error:
            notes.append(f"earlier versions of the workflow cannot be read: {error}")
            saved = []
    current = PromptVersion(workflow.main_prompt, "live", read_moment(workflow.updated_at))
    return [*read_saved_prompts(saved), current]


_ORIGINS = {
    "run": "the run had a prompt of its own",
    "earlier": "the workflow was changed since; the run is laid over the prompt it had then",
    "told": "only the part of the prompt that the agent received is known",
}


def _note_prompt_origin(
    version: PromptVersion | None, source_map: FoundMap, *, deployed: bool, ours: bool
) -> list[str]:
    notes = []
    if version is None:
        notes.append("no prompt of the run is known, so nothing is placed")
    elif version.origin in _ORIGINS:
        notes.append(_ORIGINS[version.origin])
    if version is not None and version.certainty == "assumed" and version.origin == "live":
        notes.append("which prompt the run had is not known; the present one is assumed")
    if not deployed:
        notes.append("nothing is deployed from here, so there are no places in the source")
    elif not ours:
        notes.append(
            "the workflow is not deployed by this project, so there are no places in the source"
        )
    elif source_map.kind == "carried":
        notes.append(
            "this prompt was not deployed as it is; the lines that a deployed one has too keep "
            "their places"
        )
    elif source_map.kind == "none":
        notes.append("state has no source map of this prompt, so there are no places in the source")
    return notes


@dataclass(frozen=True, slots=True)
class Pictures:
    """Screenshots by their address in the history, each a media type and its bytes.

    Also the number of screenshots that were left out, and why.
    """

    found: Mapping[str, tuple[str, bytes]]
    left_out: Mapping[str, int]


async def read_pictures(client: CyberdeskClient, trace: Trace) -> Pictures:
    """Return as many screenshots of a trace as fit, those of the failure first."""
    wanted = _order_wanted_pictures(trace)
    left_out: dict[str, int] = {}
    if len(wanted) > MAX_PICTURES:
        left_out[f"more than {MAX_PICTURES}"] = len(wanted) - MAX_PICTURES
    found: dict[str, tuple[str, bytes]] = {}
    room = MAX_ALL_BYTES
    rest = wanted[:MAX_PICTURES]
    while rest:
        some, rest = rest[:AT_ONCE], rest[AT_ONCE:]
        for address, content in zip(
            some,
            await asyncio.gather(*(_download_picture(client, trace, each) for each in some)),
            strict=True,
        ):
            kind = None if content is None else media_type(content)
            if content is None or kind is None:
                reason = "not to be had, or no picture"
            elif len(content) > room:
                reason = f"beyond {MAX_ALL_BYTES // 1024**2} MB together"
            else:
                room -= len(content)
                found[address] = (kind, content)
                continue
            left_out[reason] = left_out.get(reason, 0) + 1
    return Pictures(found, left_out)


def media_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; None if a page does not show it.

    SVG is not shown, because it may contain scripts.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _SIGNATURES if content.startswith(mark)), None)


def _order_wanted_pictures(trace: Trace) -> Sequence[str]:
    order = list(trace.entries)
    if trace.failure is not None and trace.failure.entry is not None:
        order.insert(0, order[trace.failure.entry])
    return list(dict.fromkeys(picture for entry in order for picture in entry.pictures))


async def _download_picture(client: CyberdeskClient, trace: Trace, kept: str) -> bytes | None:
    if kept.startswith("data:"):
        encoded = kept.rpartition(",")[2].removeprefix("data:")
        if len(encoded) > MAX_PICTURE_BYTES * 4 // 3 + 4:
            return None
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
    if len(kept) > MAX_ADDRESS:
        return None
    try:
        return await client.runs.image(trace.run.id, kept, limit=MAX_PICTURE_BYTES)
    except CyberdeskError:
        # The screenshot is left out; the reason may contain the address that it is served from.
        return None
