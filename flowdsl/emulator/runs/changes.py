"""Changes to runs: reports of workers, cancelling, retrying, deleting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import JsonValue
from sqlalchemy import Row, delete, or_, update

from flowdsl.emulator.context import Rules
from flowdsl.emulator.errors import refused
from flowdsl.emulator.resources.machines import MACHINES, reserve_machine
from flowdsl.emulator.resources.rows import new_aliases
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.attachments import insert_attachment
from flowdsl.emulator.runs.requests import (
    NewRun,
    RunTarget,
    decode_files,
    find_target,
    refuse_inputs,
    refuse_references,
    session_target,
)
from flowdsl.emulator.runs.rows import RUNS, get_run
from flowdsl.emulator.runs.run_plans import decide_run_plan
from flowdsl.emulator.runs.schedule import (
    decide_readers,
    place_run,
    queue_run,
    replan_waiting_runs,
    reschedule,
)
from flowdsl.emulator.runs.trajectories import drop_recording
from flowdsl.emulator.runs.views import LIVE, run_replies, status_of
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments, runs
from flowdsl.emulator.wire.models import (
    AttachmentType,
    PostRunCheckStatus,
    RunResponse,
    RunRetry,
    RunStatus,
    RunUpdate,
)

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=StoreRoute)
workflow_router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)


@router.patch("/{run_id}")
async def update_run(transaction: Current, run_id: UUID, body: RunUpdate) -> RunResponse:
    """The run with the keys sent changed.

    `release_session_after` alone changes nothing else. Any other key takes the run over: it stays
    where it is, apart from what was sent, and nothing happens by itself any more (assumption
    `worker-takes-over`). A run that has ended keeps its state: 400 for another one.
    """
    row = RUNS.row(transaction, run_id)
    changes = RUNS.changes(transaction, body)
    release = changes.pop("release_session_after", row.release_session_after)
    if release != row.release_session_after:
        RUNS.change(transaction, row.id, release_session_after=release)
    if changes:
        _take_over(transaction, row, changes)
        decide_readers(transaction, RUNS.row(transaction, run_id))
    if changes or release != row.release_session_after:
        _let_go(transaction, RUNS.row(transaction, run_id))
        replan_waiting_runs(transaction, row.machine_id)
    return get_run(transaction, run_id)


def cancel_runs_of_machine(transaction: Transaction, machine_id: str) -> None:
    """Cancel every live run of the machine and of the session that holds it."""
    session_id = MACHINES.row(transaction, machine_id).reserved_session_id
    columns = runs.c
    # No run has the empty string as its session.
    concerned = or_(columns.machine_id == machine_id, columns.session_id == (session_id or ""))
    for row in RUNS.rows(transaction, concerned)[::-1]:
        if status_of(row, transaction.now) in LIVE:
            _take_over(transaction, row, {"status": RunStatus.CANCELLED.value})


@workflow_router.delete("/{workflow_id}", status_code=204)
async def delete_workflow(transaction: Current, workflow_id: UUID) -> None:
    """Deletes the workflow with everything that belongs to it; runs that wait for its runs move up.

    There is no way back.
    """
    live = or_(runs.c.ends_at.is_(None), runs.c.ends_at > transaction.now)
    its_runs = runs.c.workflow_id == str(workflow_id)
    rows = RUNS.rows(transaction, its_runs, live, columns=[runs.c.machine_id])
    WORKFLOWS.delete(transaction, workflow_id)
    for machine_id in {row.machine_id for row in rows} - {None}:
        reschedule(transaction, machine_id)
    replan_waiting_runs(transaction)


@router.delete("/{run_id}", status_code=204)
async def delete_run(transaction: Current, run_id: UUID) -> None:
    """Removes the run with its attachments; runs that wait for its machine move up."""
    row = RUNS.row(transaction, run_id)
    was_live = status_of(row, transaction.now) in LIVE
    drop_recording(transaction, row.id)
    RUNS.delete(transaction, row.id)
    if was_live:
        decide_readers(transaction, row)
        if row.release_session_after:
            _release_machine(transaction, row)
        replan_waiting_runs(transaction, row.machine_id)


@router.post("/{run_id}/retry")
async def retry_run(
    transaction: Current, run_id: UUID, body: RunRetry, tally: Rules
) -> RunResponse:
    """The same run, waiting again, with nothing left of its earlier attempt; 400 while it is live.

    Secrets were dropped when they came, so only their names count on; `file_inputs` replaces all
    input files. Without `reuse_session` the run leaves its session.
    """
    row = RUNS.row(transaction, run_id)
    if status_of(row, transaction.now) in LIVE:
        raise refused("the run has not ended; only an ended run can be retried")
    workflow = WORKFLOWS.row(transaction, row.workflow_id)
    given: dict[str, JsonValue] | None = row.input_values
    secrets = row.sensitive_input_aliases
    if body.input_values is not None:
        given = body.input_values
    if body.sensitive_input_values is not None:
        secrets = new_aliases(transaction, dict.fromkeys(body.sensitive_input_values, ""))
    new = NewRun(
        workflow=workflow,
        target=_retry_target(transaction, row, body),
        input_values=given,
        secrets=tuple(secrets or ()),
        files=decode_files(body.file_inputs, ("body", "file_inputs")),
    )
    refuse_inputs(transaction, new, ("body", "input_values"), ("body", "sensitive_input_values"))
    if body.input_values is not None:
        refuse_references(transaction, new, ("body", "input_values"))
    _clear_attempt(transaction, row, drops_inputs=body.file_inputs is not None)
    for file in new.files:
        insert_attachment(transaction, row.id, file, AttachmentType.INPUT)
    effects = tally.effects(workflow.name, given or {})
    alias = row.session_alias if body.session_alias is None else body.session_alias
    release = row.release_session_after
    release = release if body.release_session_after is None else body.release_session_after
    RUNS.change(
        transaction,
        row.id,
        queued_at=transaction.now,
        attempt=row.attempt + 1,
        machine_id=new.target.machine_id or place_run(transaction, new.target.pool_ids),
        session_id=new.target.session_id,
        session_alias=alias,
        release_session_after=release,
        is_priority=row.is_priority if body.is_priority is None else body.is_priority,
        pool_ids=list(new.target.pool_ids) or None,
        input_values=given,
        sensitive_input_aliases=secrets,
        effects=effects.model_dump(mode="json", exclude_defaults=True) or None,
    )
    decide_run_plan(transaction, row.id)
    queue_run(transaction, row.id)
    decide_readers(transaction, RUNS.row(transaction, row.id))
    replan_waiting_runs(transaction, row.machine_id)
    return get_run(transaction, row.id)


def _take_over(transaction: Transaction, row: Row[Any], changes: dict[str, Any]) -> None:
    """Freeze what the run shows now, with `changes` applied."""
    now, changes = transaction.now, dict(changes)
    before = status_of(row, now)
    status = RunStatus(changes.pop("status", before))
    if before not in LIVE and status is not before:
        raise refused(f"the run has ended as {before}; retry it to run it again")
    ends_now = before in LIVE and status not in LIVE
    shown = run_replies(transaction, [row])[0].model_dump(mode="json")
    values: dict[str, Any] = {
        name: shown[name]
        for name in (
            "error",
            "output_data",
            "run_message_history",
            "usage_metadata",
            "post_run_checks",
        )
    }
    values["starts_at"] = shown["started_at"]
    values["ends_at"] = shown["ended_at"]
    if status is RunStatus.CANCELLED and ends_now:
        values["post_run_checks"] = [
            {**item, "status": PostRunCheckStatus.CANCELLED.value}
            for item in values["post_run_checks"] or ()
        ]
        values["usage_metadata"] = _usage_so_far(values["run_message_history"] or [])
    if status not in (RunStatus.SCHEDULING, RunStatus.CANCELLED):
        values["starts_at"] = values["starts_at"] or now
    if ends_now:
        values["ends_at"] = now
    for name, column in (("started_at", "starts_at"), ("ended_at", "ends_at")):
        if name in changes:
            values[column] = changes.pop(name)
    drop_recording(transaction, row.id)
    holds_machine = status in (RunStatus.RUNNING, RunStatus.RUNNING_CHECKS)
    columns = run_attachments.c
    transaction.connection.execute(
        delete(run_attachments).where(columns.run_id == row.id, columns.created_at > now)
    )
    transaction.connection.execute(
        update(run_attachments).where(columns.run_id == row.id).values(at_ms=None)
    )
    RUNS.change(
        transaction,
        row.id,
        status=status.value,
        message_ms=None,
        checks_at=None,
        frees_at=None if holds_machine else now,
        **{**values, **changes},
    )


def _usage_so_far(history: list[dict[str, Any]]) -> dict[str, JsonValue]:
    """Return the usage of a cancelled run: the steps it has done."""
    steps = {item.get("step_index") for item in history if item.get("step_index") is not None}
    return {
        "total_agentic_steps": len(steps),
        "total_cached_steps": 0,
        "total_agentic_steps_billed": len(steps),
        "total_cached_steps_billed": 0,
        "billing_outcome": RunStatus.CANCELLED.value,
    }


def _let_go(transaction: Transaction, row: Row[Any]) -> None:
    """Release the session's machine if the run has ended and `release_session_after` is set."""
    if row.release_session_after and status_of(row, transaction.now) not in LIVE:
        _release_machine(transaction, row)


def _release_machine(transaction: Transaction, row: Row[Any]) -> None:
    if row.machine_id is None or row.session_id is None:
        return
    if MACHINES.row(transaction, row.machine_id).reserved_session_id == row.session_id:
        reserve_machine(transaction, row.machine_id, None)


def _retry_target(transaction: Transaction, row: Row[Any], body: RunRetry) -> RunTarget:
    """Return the target of a retry; values of the request override those of the run."""
    if body.session_id is not None:
        return session_target(transaction, body.session_id)
    session_id: str | None = row.session_id
    if body.start_session:
        session_id = row.id
    elif body.reuse_session is False:
        session_id = None
    if session_id is not None and session_id == row.session_id:
        return RunTarget(session_id, row.machine_id, tuple(row.pool_ids or ()))
    if body.machine_id is None and body.pool_ids is None:
        return RunTarget(session_id, row.machine_id, tuple(row.pool_ids or ()))
    return replace(
        find_target(transaction, None, body.machine_id, body.pool_ids), session_id=session_id
    )


def _clear_attempt(transaction: Transaction, row: Row[Any], *, drops_inputs: bool) -> None:
    """Clear the earlier attempt; its outputs are deleted when the new run plan is decided."""
    columns = run_attachments.c
    if drops_inputs:
        transaction.connection.execute(
            delete(run_attachments).where(
                columns.run_id == row.id,
                columns.attachment_type == AttachmentType.INPUT.value,
            )
        )
    RUNS.change(
        transaction,
        row.id,
        status=None,
        starts_at=None,
        checks_at=None,
        ends_at=None,
        frees_at=transaction.now,
        output_attachment_ids=None,
    )
