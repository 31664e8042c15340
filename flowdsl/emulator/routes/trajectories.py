"""`/v1/trajectories`: recordings of runs, and the latest one of a workflow."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.resources.included import included_workflows
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.trajectories import (
    TrajectoryFilter,
    create_trajectory,
    delete_trajectory,
    duplicate_trajectory,
    find_trajectories,
    get_trajectory,
    latest_trajectory,
    update_trajectory,
)
from flowdsl.emulator.wire.models import (
    PaginatedResponseWithIncludesTrajectoryResponse,
    TrajectoryCreate,
    TrajectoryResponse,
    TrajectoryResponseWithIncludes,
    TrajectoryUpdate,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/trajectories", tags=["Trajectories"], route_class=StoreRoute)

workflow_router = APIRouter(prefix="/v1/workflows", tags=["Trajectories"], route_class=StoreRoute)


@workflow_router.get("/{workflow_id}/latest-trajectory")
async def get_latest_trajectory_for_workflow(
    transaction: Current, workflow_id: UUID
) -> TrajectoryResponse:
    """The workflow's trajectory changed last."""
    return latest_trajectory(transaction, workflow_id)


@router.get("")
async def list_trajectories(
    transaction: Current,
    search: str | None = None,
    workflow_id: UUID | None = None,
    run_id: UUID | None = None,
    is_approved: bool | None = None,
    is_generated: bool | None = True,
    created_at_from: datetime | None = None,
    created_at_to: datetime | None = None,
    updated_at_from: datetime | None = None,
    updated_at_to: datetime | None = None,
    include: str | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseWithIncludesTrajectoryResponse:
    """One page, newest `updated_at` first; only generated ones unless asked otherwise."""
    wanted = TrajectoryFilter(
        search=search,
        workflow_id=workflow_id,
        run_id=run_id,
        is_approved=is_approved,
        is_generated=is_generated,
        created_at_from=created_at_from,
        created_at_to=created_at_to,
        updated_at_from=updated_at_from,
        updated_at_to=updated_at_to,
    )
    items, total = find_trajectories(transaction, wanted, skip=skip, limit=limit)
    related = included_workflows(transaction, items, include)
    return PaginatedResponseWithIncludesTrajectoryResponse(
        items=items, total=total, skip=skip, limit=limit, included=related
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
    reply = get_trajectory(transaction, trajectory_id)
    related = included_workflows(transaction, [reply], include)
    return TrajectoryResponseWithIncludes(**dict(reply), included=related)


@router.patch("/{trajectory_id}", name="update_trajectory")
async def update(
    transaction: Current, trajectory_id: UUID, body: TrajectoryUpdate
) -> TrajectoryResponse:
    """Changes the keys sent: approves, makes main, renames."""
    return update_trajectory(transaction, trajectory_id, body)


@router.delete("/{trajectory_id}", status_code=204, name="delete_trajectory")
async def delete(transaction: Current, trajectory_id: UUID) -> None:
    """Deletes a trajectory."""
    delete_trajectory(transaction, trajectory_id)


@router.post("/{trajectory_id}/duplicate", status_code=201, name="duplicate_trajectory")
async def duplicate(transaction: Current, trajectory_id: UUID) -> TrajectoryResponse:
    """Copies a trajectory; the copy is not approved."""
    return duplicate_trajectory(transaction, trajectory_id)
