"""Knowing a run again that was made by a request without a reply. Pure.

The service has no field for a mark of ours on a run, so a run is known by what it was asked for and
by when it was made: after the newest run that was there before the request was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.models.run import Run, RunField
from flowdsl.deploy.resources.policy import render_canonical_json
from flowdsl.source.moments import read_moment

IDENTIFYING: tuple[RunField, ...] = (
    "input_values",
    "sensitive_input_aliases",
    "session_id",
    "session_alias",
    "pool_ids",
    "is_priority",
    "model_metadata",
)
"""What of a run is read to know it again, beside workflow, machine and the time of its creation."""


def content_of(body: Mapping[str, Any]) -> str:
    """What tells the runs of a request from other runs: of the body of `POST /v1/runs` or
    `/bulk`.
    """
    return _canonical_request_text(
        body.get("workflow_id"),
        body.get("input_values"),
        body.get("sensitive_input_values"),
        body.get("session_alias"),
        body.get("is_priority"),
    )


def content_of_run(run: Run) -> str:
    """The same of a run that the service lists."""
    return _canonical_request_text(
        run.workflow_id,
        run.input_values,
        run.sensitive_input_aliases,
        run.session_alias,
        run.is_priority,
    )


def may_be_of(run: Run, body: Mapping[str, Any]) -> bool:
    """Whether the run may have come of the request: it asks for the same, in the same place."""
    machine, session = body.get("machine_id"), body.get("session_id")
    model, told = body.get("main_agent_model_id"), run.model_metadata or {}
    return (
        content_of_run(run) == content_of(body)
        and (session is None or run.session_id == session)
        and (session is not None or machine is None or run.machine_id == machine)
        and (model is None or told.get("main_agent_model_id") in (None, model))
    )


def newer_than(runs: Sequence[Run], newest: Run | None, known: Collection[str]) -> list[Run]:
    """The runs, oldest first, that were made after `newest` and are not `known` yet."""
    floor = read_moment(newest.created_at if newest is not None else None)
    found = [
        run
        for run in runs
        if run.id not in known
        and (newest is None or run.id != newest.id)
        and (floor is None or (made := read_moment(run.created_at)) is None or made > floor)
    ]
    return found[::-1]


def _canonical_request_text(
    workflow: Any, inputs: Any, secrets: Any, alias: str | None, priority: bool | None
) -> str:
    # What was not sent may come back as null, and of secrets only the names come back.
    return render_canonical_json(
        [workflow, inputs or {}, sorted(secrets or ()), alias, bool(priority)]
    )
