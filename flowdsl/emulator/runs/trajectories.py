"""Trajectory rows: what runs have recorded, and which of them replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from flowdsl.emulator.clock import UNKNOWN
from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.changes import sent_changes
from flowdsl.emulator.resources.filters import contains, find_page, within
from flowdsl.emulator.resources.workflows import workflow_row
from flowdsl.emulator.runs.rows import run_row
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories
from flowdsl.emulator.wire.models import TrajectoryCreate, TrajectoryResponse, TrajectoryUpdate
from flowdsl.emulator.wire.values import OpenObject

COPY_SUFFIX = " (Copy)"
NAME_LIMIT = 255

NEWEST_FIRST = (trajectories.c.updated_at.desc(), trajectories.c.id)


@dataclass(frozen=True, slots=True)
class TrajectoryFilter:
    """What a trajectory must meet; None asks for nothing. Time bounds are inclusive."""

    search: str | None = None
    workflow_id: UUID | None = None
    run_id: UUID | None = None
    is_approved: bool | None = None
    is_generated: bool | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    updated_at_from: datetime | None = None
    updated_at_to: datetime | None = None


def find_trajectories(
    transaction: Transaction, wanted: TrajectoryFilter, *, skip: int, limit: int
) -> tuple[list[TrajectoryResponse], int]:
    """One page (assumption `newest-trajectory-first`) and the number of all that match."""
    columns = trajectories.c
    conditions = [is_recorded(transaction)]
    conditions += contains(wanted.search, columns.id, columns.name, columns.description)
    conditions += within(columns.created_at, wanted.created_at_from, wanted.created_at_to)
    conditions += within(columns.updated_at, wanted.updated_at_from, wanted.updated_at_to)
    if wanted.workflow_id is not None:
        conditions.append(columns.workflow_id == str(wanted.workflow_id))
    if wanted.run_id is not None:
        conditions.append(columns.run_id == str(wanted.run_id))
    if wanted.is_approved is not None:
        conditions.append(columns.is_approved.is_(wanted.is_approved))
    if wanted.is_generated is not None:
        conditions.append(columns.is_generated.is_(wanted.is_generated))
    rows, total = find_page(
        transaction, trajectories, conditions, NEWEST_FIRST, skip=skip, limit=limit
    )
    return [_trajectory_reply(row) for row in rows], total


def get_trajectory(transaction: Transaction, trajectory_id: UUID | str) -> TrajectoryResponse:
    """One trajectory; 404 where the organisation has none of this id."""
    return _trajectory_reply(_trajectory_row(transaction, trajectory_id))


def latest_trajectory(transaction: Transaction, workflow_id: UUID) -> TrajectoryResponse:
    """The workflow's trajectory changed last; 404 where it has none.

    Not generated ones count too (assumption `latest-of-all`).
    """
    workflow = workflow_row(transaction, workflow_id)
    row = transaction.connection.execute(
        select(trajectories)
        .where(trajectories.c.workflow_id == workflow.id, is_recorded(transaction))
        .order_by(*NEWEST_FIRST)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise not_found("trajectory of workflow", workflow_id)
    return _trajectory_reply(row)


def approved_trajectories(
    transaction: Transaction, workflow_id: str, dimensions: Mapping[str, int]
) -> list[TrajectoryResponse]:
    """What a run of the workflow on a screen of this size may replay: the main one first."""
    rows = transaction.connection.execute(
        select(trajectories)
        .where(
            trajectories.c.workflow_id == workflow_id,
            trajectories.c.is_approved,
            is_recorded(transaction),
        )
        .order_by(trajectories.c.is_main.desc(), *NEWEST_FIRST)
    )
    return [_trajectory_reply(row) for row in rows if row.dimensions == dimensions]


def create_trajectory(transaction: Transaction, body: TrajectoryCreate) -> TrajectoryResponse:
    """A new trajectory, not generated and not main; 404 for an unknown workflow or run."""
    workflow = workflow_row(transaction, body.workflow_id)
    if body.run_id is not None:
        run_row(transaction, body.run_id)
    values = body.model_dump(mode="json", exclude={"workflow_id"})
    identifier = _insert_row(
        transaction,
        workflow_id=workflow.id,
        has_been_approved=body.is_approved,
        is_generated=False,
        **values,
    )
    return get_trajectory(transaction, identifier)


def is_recorded(transaction: Transaction) -> ColumnElement[bool]:
    """Holds for the rows that are there by now: that of a run comes with its end."""
    return trajectories.c.created_at <= transaction.now


def insert_recording(
    transaction: Transaction,
    workflow: Row[Any],
    run_id: str,
    *,
    data: Sequence[OpenObject],
    dimensions: Mapping[str, int],
    original_input_values: OpenObject | None,
    approved: bool,
) -> None:
    """Stores what a run is going to record; it appears when the run's times are known."""
    _insert_row(
        transaction,
        created_at=UNKNOWN,
        updated_at=UNKNOWN,
        workflow_id=workflow.id,
        run_id=run_id,
        name=workflow.name,
        description=None,
        trajectory_data=list(data),
        dimensions=dict(dimensions),
        original_input_values=original_input_values,
        is_approved=approved,
        has_been_approved=approved,
        is_generated=False,
    )


def drop_recording(transaction: Transaction, run_id: str) -> None:
    """Removes what the run was going to record; what it has recorded stays."""
    columns = trajectories.c
    transaction.connection.execute(
        delete(trajectories).where(columns.run_id == run_id, columns.created_at > transaction.now)
    )


def update_trajectory(
    transaction: Transaction, trajectory_id: UUID, body: TrajectoryUpdate
) -> TrajectoryResponse:
    """The trajectory with the keys sent changed.

    Null clears name and description and leaves the rest (assumption `null-never-null`). Approval
    leaves its mark for good, and a workflow has one main trajectory (assumption `one-main`).
    """
    row = _trajectory_row(transaction, trajectory_id)
    changes = sent_changes(body, keep_on_null=("trajectory_data", "is_approved", "is_main"))
    if changes.get("is_approved"):
        changes["has_been_approved"] = True
    if changes.get("is_main"):
        transaction.connection.execute(
            update(trajectories)
            .where(trajectories.c.workflow_id == row.workflow_id)
            .values(is_main=False)
        )
    transaction.connection.execute(
        update(trajectories)
        .where(trajectories.c.id == row.id)
        .values(updated_at=transaction.now, **changes)
    )
    return get_trajectory(transaction, trajectory_id)


def mark_generated(transaction: Transaction, trajectory_id: UUID | str) -> TrajectoryResponse:
    """The trajectory shown in lists from now on (assumption `generate-marks`)."""
    row = _trajectory_row(transaction, trajectory_id)
    transaction.connection.execute(
        update(trajectories).where(trajectories.c.id == row.id).values(is_generated=True)
    )
    return get_trajectory(transaction, trajectory_id)


def duplicate_trajectory(transaction: Transaction, trajectory_id: UUID) -> TrajectoryResponse:
    """An unapproved copy (assumption `trajectory-copy`)."""
    row = _trajectory_row(transaction, trajectory_id)
    name = ((row.name or "")[: NAME_LIMIT - len(COPY_SUFFIX)] + COPY_SUFFIX).strip()
    identifier = _insert_row(
        transaction,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
        name=name,
        description=row.description,
        trajectory_data=row.trajectory_data,
        dimensions=row.dimensions,
        original_input_values=row.original_input_values,
        is_approved=False,
        has_been_approved=False,
        is_generated=row.is_generated,
    )
    return get_trajectory(transaction, identifier)


def delete_trajectory(transaction: Transaction, trajectory_id: UUID) -> None:
    """Removes the trajectory; the run it was recorded from stays."""
    row = _trajectory_row(transaction, trajectory_id)
    transaction.connection.execute(delete(trajectories).where(trajectories.c.id == row.id))


def _insert_row(transaction: Transaction, **values: Any) -> str:
    identifier = transaction.new_id()
    made = {"created_at": transaction.now, "updated_at": transaction.now, "is_main": False}
    transaction.connection.execute(
        insert(trajectories).values(
            id=identifier, organization_id=transaction.organization_id, **made | values
        )
    )
    return identifier


def _trajectory_row(transaction: Transaction, trajectory_id: UUID | str) -> Row[Any]:
    row = transaction.connection.execute(
        select(trajectories).where(
            trajectories.c.id == str(trajectory_id),
            trajectories.c.organization_id == transaction.organization_id,
            is_recorded(transaction),
        )
    ).one_or_none()
    if row is None:
        raise not_found("trajectory", trajectory_id)
    return row


def _trajectory_reply(row: Row[Any]) -> TrajectoryResponse:
    return TrajectoryResponse(
        id=row.id,
        organization_id=row.organization_id,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
        name=row.name,
        description=row.description,
        trajectory_data=row.trajectory_data,
        dimensions=row.dimensions,
        original_input_values=row.original_input_values,
        is_approved=row.is_approved,
        has_been_approved=row.has_been_approved,
        is_generated=row.is_generated,
        is_main=row.is_main,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
