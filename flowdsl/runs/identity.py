"""Recognises a run that was created by a request without a reply. Pure.

A run has no field for a mark of ours, so it is recognised by its requested values and by its
creation time: after the newest run that existed before the request was sent.
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
"""The fields that identify a run, besides workflow, machine and creation time."""


def content_of(body: Mapping[str, Any]) -> str:
    """Return the identifying content of a body of `POST /v1/runs` or `/bulk`."""
    return _canonical_request_text(
        body.get("workflow_id"),
        body.get("input_values"),
        body.get("sensitive_input_values"),
        body.get("session_alias"),
        body.get("is_priority"),
    )


def content_of_run(run: Run) -> str:
    """Return the same content for a run that the service lists."""
    return _canonical_request_text(
        run.workflow_id,
        run.input_values,
        run.sensitive_input_aliases,
        run.session_alias,
        run.is_priority,
    )


def may_be_of(run: Run, body: Mapping[str, Any]) -> bool:
    """Whether the request may have created the run: equal content in the same place."""
    machine, session = body.get("machine_id"), body.get("session_id")
    model, models = body.get("main_agent_model_id"), run.model_metadata or {}
    return (
        content_of_run(run) == content_of(body)
        and (session is None or run.session_id == session)
        and (session is not None or machine is None or run.machine_id == machine)
        and (model is None or models.get("main_agent_model_id") in (None, model))
    )


def newer_than(runs: Sequence[Run], newest: Run | None, known: Collection[str]) -> list[Run]:
    """Return the runs, oldest first, that were created after `newest` and are not in `known`."""
    floor = read_moment(newest.created_at if newest is not None else None)
    matching = [
        run
        for run in runs
        if run.id not in known
        and (newest is None or run.id != newest.id)
        and (floor is None or (made := read_moment(run.created_at)) is None or made > floor)
    ]
    return matching[::-1]


def _canonical_request_text(
    workflow: Any, inputs: Any, secrets: Any, alias: str | None, priority: bool | None
) -> str:
    # Fields that were not sent may be returned as null, and of secrets only the names are returned.
    return render_canonical_json(
        [workflow, inputs or {}, sorted(secrets or ()), alias, bool(priority)]
    )
