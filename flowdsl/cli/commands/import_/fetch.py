"""Workflows of a service: which ones a command line means, each read whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound, printable
from flowdsl.deploy.workers import for_each
from flowdsl.diagnostics.suggest import closest, listed
from flowdsl.source.record import Record

from ...runtime.exit_codes import CONFLICT
from ...runtime.failure import CommandError

AT_ONCE = 8
"""The number of requests at the same time."""


class Selection(Record):
    """The workflows of these ids, or those with all of these tags, or, when both are empty, all."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


async def fetch(
    client: CyberdeskClient, selection: Selection, environment: str
) -> list[dict[str, Any]]:
    """The replies for the workflows of a selection, each with its checks and tags.

    Raises `CommandError` when one of them does not exist, and when there are none.
    """
    if selection.ids:
        return await _by_id(client, selection.ids, environment)
    rows = await client.workflows.list_all(include=("tags",))
    if selection.tags:
        wanted = set(selection.tags)
        rows = [row for row in rows if wanted <= {tag.name for tag in row.tags or ()}]
    if not rows:
        raise await _none(client, selection.tags, environment)
    replies = await _read(client, [row.id for row in rows])
    # One that was deleted since it was listed is left out.
    return [reply for reply in replies if reply is not None]


async def _by_id(
    client: CyberdeskClient, ids: Sequence[str], environment: str
) -> list[dict[str, Any]]:
    replies = await _read(client, ids)
    missing = [each for each, reply in zip(ids, replies, strict=True) if reply is None]
    if missing:
        raise CommandError(
            f"the organisation of `{environment}` has no workflow with the id {listed(missing)}",
            CONFLICT,
        )
    return [reply for reply in replies if reply is not None]


async def _none(client: CyberdeskClient, tags: Sequence[str], environment: str) -> CommandError:
    if not tags:
        return CommandError(f"the organisation of `{environment}` has no workflow", CONFLICT)
    existing = [printable(tag.name) for tag in await client.tags.list(include_archived=True)]
    unknown = [tag for tag in tags if tag not in existing]
    if not unknown:
        every = "all of the tags" if len(tags) > 1 else "the tag"
        return CommandError(
            f"no workflow in the organisation of `{environment}` carries {every} {listed(tags)}",
            CONFLICT,
        )
    nearest = closest(unknown[0], existing)
    if nearest is not None:
        known = f"a tag named `{nearest}` exists"
    else:
        known = f"there are {listed(existing)}" if existing else "it has no tags"
    return CommandError(
        f"the organisation of `{environment}` has no tag `{unknown[0]}`; {known}", CONFLICT
    )


async def _read(client: CyberdeskClient, ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The reply for each id; None where there is no such workflow."""
    replies: dict[str, dict[str, Any]] = {}

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        try:
            replies[workflow_id] = (await own.workflows.get(workflow_id)).as_sent()
        except NotFound:
            return

    await for_each(client, dict.fromkeys(ids), read, concurrency=AT_ONCE)
    return [replies.get(each) for each in ids]
