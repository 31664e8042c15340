"""Trajectories: recordings of runs, which later runs replay."""

from __future__ import annotations

from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.runs.filters import normalise_moment
from flowdsl.runs.names import by_id, by_name
from flowdsl.semantics.declarations.wire import is_uuid


async def list_trajectories(
    client: CyberdeskClient,
    *,
    generated: bool | None = None,
    workflow_id: str | None = None,
    run_id: str | None = None,
    approved: bool | None = None,
    search: str | None = None,
    since: str | None = None,
    until: str | None = None,
    updated_since: str | None = None,
    updated_until: str | None = None,
) -> list[Trajectory]:
    """Return the recordings that match, newest first; raises `NoSuchName` for an invalid time.

    Times are ISO 8601.
    """
    times = {
        "created_at_from": since,
        "created_at_to": until,
        "updated_at_from": updated_since,
        "updated_at_to": updated_until,
    }
    filters: dict[str, Any] = {
        name: normalise_moment(text) for name, text in times.items() if text is not None
    }
    filters |= {"workflow_id": workflow_id, "run_id": run_id, "is_approved": approved}
    recordings = await _list_matching_recordings(client, generated, search=search, **filters)
    return sorted(recordings, key=lambda row: (row.created_at or "", row.id), reverse=True)


async def find_trajectory(client: CyberdeskClient, word: str) -> Trajectory:
    """Return the recording with an id or a name; raises `NoSuchName`.

    Its steps may be missing if it was found in a list.
    """
    if is_uuid(word):
        return await by_id(client.trajectories.get, word, "trajectory")
    recordings = await _list_matching_recordings(client, search=word)
    if not any(each.name == word for each in recordings):
        recordings = await _list_matching_recordings(client)
    return by_name(recordings, word, "trajectory", lambda each: each.name, _describe_recording)


async def one_trajectory(client: CyberdeskClient, word: str) -> Trajectory:
    """Return the recording with an id or a name, with its steps; raises `NoSuchName`."""
    one = await find_trajectory(client, word)
    return one if one.trajectory_data is not None else await client.trajectories.get(one.id)


async def _list_matching_recordings(
    client: CyberdeskClient, generated: bool | None = None, **filters: Any
) -> list[Trajectory]:
    """Return the recordings that match, from one request each for generated ones and others."""
    recordings: dict[str, Trajectory] = {}
    for kind in (True, False):
        if generated in (None, kind):
            rows = await client.trajectories.list_all(is_generated=kind, **filters)
            recordings.update((row.id, row) for row in rows)
    return list(recordings.values())


def _describe_recording(trajectory: Trajectory) -> str:
    approved = "approved" if trajectory.is_approved else "not approved"
    created = trajectory.created_at or ""
    return f"{trajectory.id}  of workflow {trajectory.workflow_id}  {approved}  {created}".rstrip()
