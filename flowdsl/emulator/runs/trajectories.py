"""`/v1/trajectories`: the recordings of runs, and which of them are replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement, Row, delete, update

from flowdsl.emulator.clock import UNKNOWN
from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.resources.included import workflows_to_include
from flowdsl.emulator.resources.rows import Resource, conditions_for_needle, conditions_of
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.rows import RUNS
from flowdsl.emulator.runs.views import status_of
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories
from flowdsl.emulator.wire.models import (
    PaginatedResponseWithIncludesTrajectoryResponse,
    RunStatus,
    TrajectoryCreate,
    TrajectoryResponse,
    TrajectoryResponseWithIncludes,
    TrajectoryUpdate,
)
from flowdsl.emulator.wire.values import OpenObject, Paging

COPY_SUFFIX = " (Copy)"
NAME_LIMIT = 255

router = APIRouter(prefix="/v1/trajectories", tags=["Trajectories"], route_class=StoreRoute)
workflow_router = APIRouter(prefix="/v1/workflows", tags=["Trajectories"], route_class=StoreRoute)
run_router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"], route_class=StoreRoute)

TRAJECTORIES = Resource(
    kind="trajectory",
    table=trajectories,
    reply=TrajectoryResponse,
    order=(trajectories.c.updated_at.desc(), trajectories.c.id),
    kept_on_null=("trajectory_data", "is_approved", "is_main"),
)
"""Trajectories, newest first (assumption `newest-trajectory-first`).

A run's trajectory appears when the run ends. Null clears name and description only (assumption
`null-never-null`).
"""


class TrajectoryFilter(Paging):
    """The conditions on the trajectories of a list, and what to include."""

    search: str | None = None
    workflow_id: UUID | None = None
    run_id: UUID | None = None
    is_approved: bool | None = None
    is_generated: bool | None = True
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    updated_at_from: datetime | None = None
    updated_at_to: datetime | None = None
    include: str | None = None


@workflow_router.get("/{workflow_id}/latest-trajectory")
async def get_latest_trajectory_for_workflow(
    transaction: Current, workflow_id: UUID
) -> TrajectoryResponse:
    """The workflow's trajectory changed last; 404 where it has none.

    Not generated ones count too (assumption `latest-of-all`).
    """
    workflow = WORKFLOWS.row(transaction, workflow_id)
    return _find_newest(
        transaction, trajectories.c.workflow_id == workflow.id, "workflow", workflow_id
    )


@router.get("")
async def list_trajectories(
    transaction: Current, wanted: Annotated[TrajectoryFilter, Query()]
) -> PaginatedResponseWithIncludesTrajectoryResponse:
    """One page, newest `updated_at` first; only generated ones unless asked otherwise."""
    columns = trajectories.c
    conditions = conditions_of(trajectories, wanted)
    conditions += conditions_for_needle(
        wanted.search, columns.id, columns.name, columns.description
    )
    rows, total = TRAJECTORIES.page(transaction, wanted, *conditions)
    items = [TRAJECTORIES.show(row) for row in rows]
    included = workflows_to_include(transaction, items, wanted.include)
    return PaginatedResponseWithIncludesTrajectoryResponse.of(
        wanted, items, total, included=included
    )


@router.post("", status_code=201, name="create_trajectory")
async def create(transaction: Current, body: TrajectoryCreate) -> TrajectoryResponse:
    """Makes a trajectory."""
    return create_trajectory(transaction, body)


@router.get("/{trajectory_id}", name="get_trajectory")
async def get(
    transaction: Current, trajectory_id: UUID, include: str | None = None
) -> TrajectoryResponseWithIncludes:
    """One trajectory."""
    reply = TRAJECTORIES.get(transaction, trajectory_id)
    related = workflows_to_include(transaction, [reply], include)
    return TrajectoryResponseWithIncludes(**dict(reply), included=related)


@router.patch("/{trajectory_id}", name="update_trajectory")
async def update_one(
    transaction: Current, trajectory_id: UUID, body: TrajectoryUpdate
) -> TrajectoryResponse:
    """Changes the keys sent: approves, makes main, renames."""
    return update_trajectory(transaction, trajectory_id, body)


@router.delete("/{trajectory_id}", status_code=204)
async def delete_trajectory(transaction: Current, trajectory_id: UUID) -> None:
    """Deletes a trajectory; the run it was recorded from stays."""
    TRAJECTORIES.delete(transaction, trajectory_id)


@router.post("/{trajectory_id}/duplicate", status_code=201)
async def duplicate_trajectory(transaction: Current, trajectory_id: UUID) -> TrajectoryResponse:
    """Copies a trajectory; the copy is not approved (assumption `trajectory-copy`)."""
    row = TRAJECTORIES.row(transaction, trajectory_id)
    values = {
        **row._mapping,
        "id": transaction.new_id(),
        "name": ((row.name or "")[: NAME_LIMIT - len(COPY_SUFFIX)] + COPY_SUFFIX).strip(),
        "created_at": transaction.now,
        "updated_at": transaction.now,
        "is_approved": False,
        "has_been_approved": False,
        "is_main": False,
    }
    return TRAJECTORIES.get(transaction, TRAJECTORIES.insert(transaction, **values))


@run_router.get("/trajectory")
async def get_run_trajectory(transaction: Current, run_id: UUID) -> TrajectoryResponse:
    """The run's newest trajectory; 404 where it recorded none (assumption `recorded-success`)."""
    run = RUNS.row(transaction, run_id)
    return _find_newest(transaction, trajectories.c.run_id == run.id, "run", run_id)


@run_router.post("/generate-trajectory")
async def generate_run_trajectory(transaction: Current, run_id: UUID) -> TrajectoryResponse:
    """The run's newest trajectory, marked as generated from now on, which has to be approved.

    400 for a run that has not succeeded; a second call changes nothing.
    """
    status = status_of(RUNS.row(transaction, run_id), transaction.now)
    if status is not RunStatus.SUCCESS:
        raise refused(f"the run is {status}; only a successful run has a trajectory")
    found = _find_newest(transaction, trajectories.c.run_id == str(run_id), "run", run_id)
    return mark_generated(transaction, found.id)


def find_approved_trajectories(
    transaction: Transaction, workflow_id: str, dimensions: Mapping[str, int]
) -> list[TrajectoryResponse]:
    """Return the trajectories that a run on a screen of this size may replay, main one first."""
    of_workflow = trajectories.c.workflow_id == workflow_id
    rows = TRAJECTORIES.rows(transaction, of_workflow, trajectories.c.is_approved)
    approved = [TRAJECTORIES.show(row) for row in rows if row.dimensions == dimensions]
    return sorted(approved, key=lambda trajectory: not trajectory.is_main)


def create_trajectory(transaction: Transaction, body: TrajectoryCreate) -> TrajectoryResponse:
    """Create a trajectory, not generated and not main; 404 for an unknown workflow or run."""
    WORKFLOWS.row(transaction, body.workflow_id)
    if body.run_id is not None:
        RUNS.row(transaction, body.run_id)
    identifier = TRAJECTORIES.insert(
        transaction,
        has_been_approved=body.is_approved,
        is_generated=False,
        is_main=False,
        **body.model_dump(mode="json"),
    )
    return TRAJECTORIES.get(transaction, identifier)


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
    """Store what a run will record; it appears when the run's times are known."""
    TRAJECTORIES.insert(
        transaction,
        created_at=UNKNOWN,
        updated_at=UNKNOWN,
        workflow_id=workflow.id,
        run_id=run_id,
        name=workflow.name,
        trajectory_data=list(data),
        dimensions=dict(dimensions),
        original_input_values=original_input_values,
        is_approved=approved,
        has_been_approved=approved,
        is_generated=False,
        is_main=False,
    )


def drop_recording(transaction: Transaction, run_id: str) -> None:
    """Delete the recording that the run has not completed yet; a completed one stays."""
    columns = trajectories.c
    transaction.connection.execute(
        delete(trajectories).where(columns.run_id == run_id, columns.created_at > transaction.now)
    )


def update_trajectory(
    transaction: Transaction, trajectory_id: UUID, body: TrajectoryUpdate
) -> TrajectoryResponse:
    """Change the keys sent.

    The approval time is never removed, and a workflow has one main trajectory (assumption
    `one-main`).
    """
    row = TRAJECTORIES.row(transaction, trajectory_id)
    changes = TRAJECTORIES.changes(transaction, body)
    if changes.get("is_approved"):
        changes["has_been_approved"] = True
    if changes.get("is_main"):
        transaction.connection.execute(
            update(trajectories)
            .where(trajectories.c.workflow_id == row.workflow_id)
            .values(is_main=False)
        )
    TRAJECTORIES.change(transaction, row.id, **changes)
    return TRAJECTORIES.get(transaction, trajectory_id)


def mark_generated(transaction: Transaction, trajectory_id: UUID | str) -> TrajectoryResponse:
    """Mark a trajectory as generated, so that lists show it (assumption `generate-marks`)."""
    row = TRAJECTORIES.row(transaction, trajectory_id)
    TRAJECTORIES.change(transaction, row.id, is_generated=True, updated_at=row.updated_at)
    return TRAJECTORIES.get(transaction, trajectory_id)


def _find_newest(
    transaction: Transaction, condition: ColumnElement[bool], owner: str, owner_id: UUID
) -> TrajectoryResponse:
    rows = TRAJECTORIES.rows(transaction, condition)
    if not rows:
        raise not_found(f"trajectory of {owner}", owner_id)
    return TRAJECTORIES.show(rows[0])
