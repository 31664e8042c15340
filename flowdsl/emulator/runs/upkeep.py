"""What follows for waiting runs when a machine or another run has changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from flowdsl.emulator.runs.rows import RUNS
from flowdsl.emulator.runs.run_plans import decide_run_plan
from flowdsl.emulator.runs.schedule import (
    homeless_runs,
    place_run,
    queue_run,
    reschedule,
    waiting_machines,
)
from flowdsl.emulator.simulation.references import references
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import runs


def replan(transaction: Transaction, machine_id: str | None = None) -> None:
    """Gives waiting runs machines and times where a change has made some free.

    `machine_id` is a machine whose queue has to be timed anew in any case.
    """
    for waiting in dict.fromkeys([machine_id, *waiting_machines(transaction)]):
        if waiting is not None:
            reschedule(transaction, waiting)
    for row in homeless_runs(transaction):
        found = _machine_for(transaction, row)
        if found is None:
            continue
        RUNS.change(transaction, row.id, machine_id=found)
        decide_run_plan(transaction, row.id)
        queue_run(transaction, row.id)


def decide_readers(transaction: Transaction, source: Row[Any]) -> None:
    """Decides anew the waiting runs of the session that read the outputs of `source`."""
    if source.session_id is None or source.session_alias is None:
        return
    waiting = RUNS.rows(
        transaction,
        runs.c.session_id == source.session_id,
        runs.c.status.is_(None),
        runs.c.starts_at.is_(None) | (runs.c.starts_at > transaction.now),
    )[::-1]
    stale = {source.session_alias}
    for row in waiting:
        read = {found.alias for found in references(row.input_values or {})}
        if read & stale:
            decide_run_plan(transaction, row.id)
            if row.session_alias is not None:
                # Its own outputs may be others now.
                stale.add(row.session_alias)


def _machine_for(transaction: Transaction, row: Row[Any]) -> str | None:
    """The machine of the run's session, else one in its pools."""
    if row.session_id is not None:
        in_session = (runs.c.session_id == row.session_id, runs.c.machine_id.is_not(None))
        held = RUNS.rows(transaction, *in_session, columns=[runs.c.machine_id])
        if held:
            return str(held[0].machine_id)
    return place_run(transaction, row.pool_ids or ())
