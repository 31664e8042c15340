"""Trajectories and screenshots of single runs."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.runs.rows import run_row
from flowdsl.emulator.runs.run_plans import RUN_IMAGES, blocks_of
from flowdsl.emulator.runs.trajectories import (
    NEWEST_FIRST,
    get_trajectory,
    is_recorded,
    mark_generated,
)
from flowdsl.emulator.runs.views import history_of, status_of
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories
from flowdsl.emulator.wire.models import RunStatus, TrajectoryResponse


def trajectory_of_run(transaction: Transaction, run_id: UUID) -> TrajectoryResponse:
    """The run's newest trajectory; 404 where it recorded none (assumption `recorded-success`)."""
    run = run_row(transaction, run_id)
    found = transaction.connection.scalar(
        select(trajectories.c.id)
        .where(trajectories.c.run_id == run.id, is_recorded(transaction))
        .order_by(*NEWEST_FIRST)
        .limit(1)
    )
    if found is None:
        raise not_found("trajectory of run", run_id)
    return get_trajectory(transaction, found)


def generate_trajectory(transaction: Transaction, run_id: UUID) -> TrajectoryResponse:
    """The run's newest trajectory, marked as generated from now on.

    400 for a run that has not succeeded; a second call changes nothing.
    """
    status = status_of(run_row(transaction, run_id), transaction.now)
    if status is not RunStatus.SUCCESS:
        raise refused(f"the run is {status}; only a successful run has a trajectory")
    found = trajectory_of_run(transaction, run_id)
    return mark_generated(transaction, found.id)


def picture_path(transaction: Transaction, run_id: UUID, address: str) -> str:
    """The storage path of a screenshot; 404 where the run's history does not show it."""
    run = run_row(transaction, run_id)
    for message in history_of(run, transaction.now) or ():
        for block in blocks_of(message):
            if block.get("image_url") == address and address.startswith(RUN_IMAGES):
                return address.removeprefix(RUN_IMAGES)
    raise not_found("run image", address)
