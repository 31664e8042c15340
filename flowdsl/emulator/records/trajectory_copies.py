"""Trajectories that travel with a workflow when it is duplicated or merged."""

from __future__ import annotations

from sqlalchemy import insert, select

from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories


def copy_trajectories(transaction: Transaction, source_id: str, target_id: str) -> None:
    """Copies the generated trajectories of one workflow to another, oldest first.

    They keep their approval and stop being main (assumption `copied-trajectories`).
    """
    rows = transaction.connection.execute(
        select(trajectories)
        .where(trajectories.c.workflow_id == source_id, trajectories.c.is_generated)
        .order_by(trajectories.c.created_at, trajectories.c.id)
    ).all()
    for row in rows:
        values = {
            **row._mapping,
            "id": transaction.new_id(),
            "workflow_id": target_id,
            "run_id": None,
            "is_main": False,
            "created_at": transaction.now,
            "updated_at": transaction.now,
        }
        transaction.connection.execute(insert(trajectories).values(values))
