"""What a run shows now: its state, computed from the clock, and the fields of that state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, case, func, select

from flowdsl.emulator.clock import time_after
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments, runs
from flowdsl.emulator.wire.models import (
    AttachmentType,
    PostRunCheckStatus,
    RunField,
    RunResponse,
    RunStatus,
)
from flowdsl.emulator.wire.values import OpenObject

LIVE = frozenset({RunStatus.SCHEDULING, RunStatus.RUNNING, RunStatus.RUNNING_CHECKS})
"""The states of a run that has not ended."""

ALL_FIELDS = frozenset(RunField)

_PLAIN = frozenset(
    {
        RunField.ORGANIZATION_ID,
        RunField.IS_PRIORITY,
        RunField.INPUT_VALUES,
        RunField.MAIN_PROMPT,
        RunField.MODEL_METADATA,
        RunField.POOL_IDS,
        RunField.SENSITIVE_INPUT_ALIASES,
        RunField.SESSION_ID,
        RunField.SESSION_ALIAS,
        RunField.RELEASE_SESSION_AFTER,
    }
)
"""The fields that show their column unchanged."""

_COLUMN = {RunField.STARTED_AT: "starts_at", RunField.ENDED_AT: "ends_at"}
"""The columns whose name differs from that of their field."""

_LONG = {
    RunField.RUN_MESSAGE_HISTORY: ("run_message_history", "message_ms"),
    RunField.POST_RUN_CHECKS: ("post_run_checks",),
    RunField.OUTPUT_DATA: ("output_data",),
}
"""The columns that are only read if their field is requested."""

_ATTACHMENT_FIELDS = frozenset({RunField.INPUT_ATTACHMENT_IDS, RunField.OUTPUT_ATTACHMENT_IDS})


def state_of(now: str) -> ColumnElement[str]:
    """Return an SQL expression for the state of a row at `now`."""
    columns = runs.c
    return case(
        (columns.status.is_not(None), columns.status),
        (columns.ends_at <= now, columns.outcome),
        (columns.checks_at <= now, RunStatus.RUNNING_CHECKS.value),
        (columns.starts_at <= now, RunStatus.RUNNING.value),
        else_=RunStatus.SCHEDULING.value,
    )


def activity_of(now: str) -> ColumnElement[str]:
    """Return an SQL expression for the time of the latest change of state, as of `now`."""
    columns = runs.c
    moments = [
        case((moment <= now, moment), else_="")
        for moment in (columns.starts_at, columns.checks_at, columns.ends_at)
    ]
    return func.max(columns.queued_at, *moments)


def status_of(row: Row[Any], now: str) -> RunStatus:
    """Return the state of a row that has been read."""
    if row.status is not None:
        return RunStatus(row.status)
    if _has_reached(row.ends_at, now):
        return RunStatus(row.outcome)
    if _has_reached(row.checks_at, now):
        return RunStatus.RUNNING_CHECKS
    return RunStatus.RUNNING if _has_reached(row.starts_at, now) else RunStatus.SCHEDULING


def columns_for(fields: Collection[RunField]) -> list[Column[Any]]:
    """Return the columns that `run_replies` needs to fill `fields`."""
    left = {name for field, names in _LONG.items() if field not in fields for name in names}
    return [column for column in runs.c if column.name not in left]


def run_replies(
    transaction: Transaction,
    rows: Sequence[Row[Any]],
    fields: Collection[RunField] = ALL_FIELDS,
) -> list[RunResponse]:
    """Return the replies for `rows`, in order; fields not in `fields` are null."""
    wanted = frozenset(fields)
    attached = (
        _attachment_ids(transaction, [row.id for row in rows])
        if wanted & _ATTACHMENT_FIELDS
        else {}
    )
    return [_render_run(row, transaction.now, wanted, attached.get(row.id, {})) for row in rows]


def history_of(row: Row[Any], now: str) -> list[OpenObject] | None:
    """Return the messages written so far, each with its time."""
    history: list[OpenObject] | None = row.run_message_history
    if history is None or row.message_ms is None:
        return history
    if not _has_reached(row.starts_at, now):
        return []
    end = now if row.ends_at is None else min(now, row.ends_at)
    shown: list[OpenObject] = []
    for message, milliseconds in zip(history, row.message_ms, strict=True):
        moment = time_after(row.starts_at, milliseconds)
        if moment <= end:
            shown.append({**message, "timestamp": moment})
    return shown


def _render_run(
    row: Row[Any],
    now: str,
    fields: frozenset[RunField],
    attached: Mapping[str, list[str]],
) -> RunResponse:
    status = status_of(row, now)
    values: dict[str, Any] = {name.value: getattr(row, name) for name in fields & _PLAIN}
    if RunField.INPUT_ATTACHMENT_IDS in fields:
        values["input_attachment_ids"] = attached.get(AttachmentType.INPUT, [])
    if RunField.OUTPUT_ATTACHMENT_IDS in fields:
        patched = row.output_attachment_ids
        values["output_attachment_ids"] = (
            attached.get(AttachmentType.OUTPUT, []) if patched is None else patched
        )
    if RunField.RUN_MESSAGE_HISTORY in fields:
        values["run_message_history"] = history_of(row, now)
    if RunField.POST_RUN_CHECKS in fields:
        values["post_run_checks"] = _checks_shown(row, status)
    taken_over, ended = row.status is not None, status not in LIVE
    worked = ended or status is RunStatus.RUNNING_CHECKS
    for name, is_shown in (
        (RunField.ERROR, ended),
        (RunField.USAGE_METADATA, ended),
        (RunField.OUTPUT_DATA, worked),
        (RunField.STARTED_AT, _has_reached(row.starts_at, now)),
        (RunField.ENDED_AT, _has_reached(row.ends_at, now)),
    ):
        if name in fields and (taken_over or is_shown):
            values[name.value] = getattr(row, _COLUMN.get(name, name.value))
    return RunResponse(
        id=row.id,
        workflow_id=row.workflow_id,
        machine_id=row.machine_id,
        status=status,
        created_at=row.created_at,
        **values,
    )


def _checks_shown(row: Row[Any], status: RunStatus) -> list[dict[str, Any]] | None:
    """Return the check snapshots: with results after the checks, before that with progress."""
    snapshots: list[dict[str, Any]] | None = row.post_run_checks
    if snapshots is None or row.status is not None:
        return snapshots
    if status not in LIVE:
        times = {"started_at": row.checks_at, "ended_at": row.ends_at}
        return [
            item if item["status"] == PostRunCheckStatus.CANCELLED else {**item, **times}
            for item in snapshots
        ]
    begun = status is RunStatus.RUNNING_CHECKS
    unfinished = {
        "status": PostRunCheckStatus.RUNNING if begun else PostRunCheckStatus.PENDING,
        "started_at": row.checks_at if begun else None,
        "error_message": None,
        "messages": None,
        "matched_filenames": None,
    }
    return [{**item, **unfinished} for item in snapshots]


def _attachment_ids(
    transaction: Transaction, run_ids: Iterable[str]
) -> dict[str, dict[str, list[str]]]:
    """Return the ids of existing attachments by run and type, in order."""
    columns = run_attachments.c
    found: dict[str, dict[str, list[str]]] = {}
    for row in transaction.connection.execute(
        select(columns.id, columns.run_id, columns.attachment_type)
        .where(columns.run_id.in_(list(run_ids)), columns.created_at <= transaction.now)
        .order_by(columns.created_at, columns.position)
    ):
        found.setdefault(row.run_id, {}).setdefault(row.attachment_type, []).append(row.id)
    return found


def _has_reached(moment: str | None, now: str) -> bool:
    return moment is not None and moment <= now
