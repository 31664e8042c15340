"""Trajectories and screenshots of single runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.records.run_courses import RUN_IMAGES
from flowdsl.emulator.records.run_views import history_of, status_of
from flowdsl.emulator.records.runs import run_row
from flowdsl.emulator.records.trajectories import get_trajectory, insert_trajectory
from flowdsl.emulator.records.workflows import workflow_row
from flowdsl.emulator.simulation.course import DIMENSIONS
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories
from flowdsl.emulator.wire.runs import RunStatus
from flowdsl.emulator.wire.trajectories import TrajectoryResponse
from flowdsl.emulator.wire.values import OpenObject


def trajectory_of_run(transaction: Transaction, run_id: UUID) -> TrajectoryResponse:
    """The run's newest trajectory; 404 where none was made (assumption `trajectory-on-demand`)."""
    run = run_row(transaction, run_id)
    found = _newest(transaction, run)
    if found is None:
        raise not_found("trajectory of run", run_id)
    return get_trajectory(transaction, found)


def generate_trajectory(transaction: Transaction, run_id: UUID) -> TrajectoryResponse:
    """The run's trajectory as a generated one, unapproved when it is new.

    400 for a run that has not succeeded; a second call gives the first one's trajectory.
    """
    run = run_row(transaction, run_id)
    status = status_of(run, transaction.now)
    if status is not RunStatus.SUCCESS:
        raise refused(f"the run is {status}; only a successful run has a trajectory")
    found = _newest(transaction, run)
    if found is None:
        steps = _steps(history_of(run, transaction.now) or [])
        if not steps:
            raise refused("the run's history holds no step to record")
        found = insert_trajectory(
            transaction,
            run.workflow_id,
            run.id,
            name=workflow_row(transaction, run.workflow_id).name,
            data=steps,
            dimensions=DIMENSIONS,
            original_input_values=run.input_values,
            is_generated=True,
        )
    else:
        transaction.connection.execute(
            update(trajectories).where(trajectories.c.id == found).values(is_generated=True)
        )
    return get_trajectory(transaction, found)


def picture_path(transaction: Transaction, run_id: UUID, address: str) -> str:
    """The storage path of a screenshot; 404 where the run's history does not show it."""
    run = run_row(transaction, run_id)
    for message in history_of(run, transaction.now) or ():
        for block in _blocks(message):
            if block.get("image_url") == address and address.startswith(RUN_IMAGES):
                return address.removeprefix(RUN_IMAGES)
    raise not_found("run image", address)


def _newest(transaction: Transaction, run: Row[Any]) -> str | None:
    found: str | None = transaction.connection.scalar(
        select(trajectories.c.id)
        .where(trajectories.c.run_id == run.id)
        .order_by(trajectories.c.updated_at.desc(), trajectories.c.id)
        .limit(1)
    )
    return found


def _steps(history: list[OpenObject]) -> list[OpenObject]:
    """One step for each tool the run used."""
    return [
        {
            "func_name": block.get("tool_name"),
            "args": [],
            "kwargs": block.get("tool_input"),
            "pre_check_snapshot": None,
            "result": "done",
        }
        for message in history
        for block in _blocks(message)
        if block.get("type") == "tool_use"
    ]


def _blocks(message: OpenObject) -> list[dict[str, Any]]:
    content = message.get("content")
    return (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )
