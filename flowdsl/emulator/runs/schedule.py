"""Which machine a run gets and when its states begin.

A machine serves one run at a time, and a session keeps its machine between its runs. Only a write
can change the schedule, so the times of all waiting runs are known at any moment; a run that waits
for something without a known time has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, bindparam, func, or_, select, update

from flowdsl.emulator.clock import UNKNOWN, time_after
from flowdsl.emulator.resources.machines import (
    MACHINES,
    existing_pools,
    free_machine,
    machine_candidates,
    reservation_of,
    reserve_machine,
)
from flowdsl.emulator.runs.rows import RUNS
from flowdsl.emulator.runs.run_plans import decide_run_plan
from flowdsl.emulator.simulation.plans import RUNNING_MS
from flowdsl.emulator.simulation.variables import find_references
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments, runs, trajectories
from flowdsl.emulator.wire.models import MachineStatus

_BATCH = 10_000
"""How many ids one statement contains; SQLite accepts no more than 32,766."""

SCHEDULING_MS = 200
"""How long a run is shown as waiting even if its machine is free."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the states of one run begin and when it releases its machine; None is never."""

    starts_at: str | None = None
    checks_at: str | None = None
    ends_at: str | None = None
    frees_at: str | None = None


_NEVER = Times()

_QUEUED: tuple[Column[Any], ...] = (
    runs.c.id,
    runs.c.machine_id,
    runs.c.queued_at,
    runs.c.position,
    runs.c.session_id,
    runs.c.is_priority,
    runs.c.release_session_after,
    runs.c.running_ms,
    runs.c.checking_ms,
    runs.c.held,
)
"""The columns from which the schedule is computed, without the long histories."""


class MachinePlacement:
    """Chooses machines for new runs of the same pools, always the one that is free first."""

    def __init__(self, transaction: Transaction, pool_ids: Sequence[str]) -> None:
        self._free_at: dict[str, str] = {}
        candidates = machine_candidates(transaction, pool_ids)
        if not candidates:
            # The first run of an organisation without machines creates one.
            made = free_machine(transaction, pool_ids)
            candidates = [] if made is None else [made]
        for row in candidates:
            if reservation_of(transaction, row) is not None and row.reserved_until is None:
                continue
            blocked, busy_until = _load_of(transaction, row.id)
            if not blocked:
                self._free_at[row.id] = max(busy_until, row.reserved_until or "")

    def next(self) -> str | None:
        """Return a machine and count it as busy for one run; None if none is known to be free."""
        if not self._free_at:
            return None
        machine_id = min(self._free_at, key=lambda item: self._free_at[item])
        self._free_at[machine_id] = time_after(self._free_at[machine_id], RUNNING_MS)
        return machine_id


def place_run(transaction: Transaction, pool_ids: Sequence[str]) -> str | None:
    """Return the machine in all these pools that is free first; None if none is known to be."""
    return MachinePlacement(transaction, pool_ids).next()


def queue_run(transaction: Transaction, run_id: str) -> None:
    """Schedule a new waiting run after those that wait for the same machine."""
    (row,) = RUNS.rows(transaction, runs.c.id == run_id, columns=_QUEUED)
    if row.machine_id is None or row.held == "scheduling":
        _set_times(transaction, [(row, _NEVER)])
        return
    machine = MACHINES.row(transaction, row.machine_id)
    blocked, busy_until = _load_of(transaction, row.machine_id, excluding=row.id)
    is_simple = (
        row.session_id is None
        and not row.is_priority
        and _takes_runs(machine)
        and not blocked
        and _find_owning_session(transaction, machine) == (None, None)
        and not _sessions_wait(transaction, row.machine_id)
    )
    if is_simple:
        _set_times(transaction, [(row, _times_from(row, max(_ready_at(row), busy_until)))])
    else:
        reschedule(transaction, row.machine_id)


def reschedule(transaction: Transaction, machine_id: str) -> None:
    """Recompute the times of every run that waits for the machine.

    A session that holds the machine comes first, then priority, then age; the runs of a session
    keep their order and no other run comes between them.
    """
    machine = MACHINES.row(transaction, machine_id)
    waiting = [
        row for row in _find_waiting_runs(transaction, machine_id) if row.held != "scheduling"
    ]
    table: list[tuple[Row[Any], Times]] = []
    owner, release_at = _find_owning_session(transaction, machine)
    holder, holder_release = owner, release_at
    if not _takes_runs(machine):
        holder = None
    elif waiting:
        if owner is None:
            holder = _select_next_run(waiting, None).session_id
        free_at = _free_at(transaction, machine_id)
        while waiting:
            if owner is not None and all(row.session_id != owner for row in waiting):
                if release_at is None:
                    break
                free_at = None if free_at is None else max(free_at, release_at)
                owner, release_at = None, None
            row = _select_next_run(waiting, owner)
            waiting.remove(row)
            times = _NEVER
            if free_at is not None:
                times = _times_from(row, max(_ready_at(row), free_at))
            free_at = times.frees_at
            table.append((row, times))
            if row.session_id is not None:
                owner = row.session_id
                release_at = times.ends_at if row.release_session_after else None
                if owner == holder:
                    holder_release = release_at
    _set_times(transaction, [*table, *((row, _NEVER) for row in waiting)])
    if holder is not None:
        reserve_machine(transaction, machine_id, holder, until=holder_release)


def replan_waiting_runs(transaction: Transaction, machine_id: str | None = None) -> None:
    """Assign machines and times to waiting runs after a change that may have freed some.

    `machine_id` is a machine whose queue is recomputed in any case.
    """
    for waiting in dict.fromkeys([machine_id, *_waiting_machines(transaction)]):
        if waiting is not None:
            reschedule(transaction, waiting)
    for row in _homeless_runs(transaction):
        found = _machine_for(transaction, row)
        if found is None:
            continue
        RUNS.change(transaction, row.id, machine_id=found)
        decide_run_plan(transaction, row.id)
        queue_run(transaction, row.id)


def decide_readers(transaction: Transaction, source: Row[Any]) -> None:
    """Decide again the waiting runs of the session that read the outputs of `source`."""
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
        read = {found.alias for found in find_references(row.input_values or {})}
        if read & stale:
            decide_run_plan(transaction, row.id)
            if row.session_alias is not None:
                # Its own outputs may have changed.
                stale.add(row.session_alias)


def _waiting_machines(transaction: Transaction) -> list[str]:
    """Return the machines whose queues contain runs without a time."""
    waiting = (
        runs.c.machine_id.is_not(None),
        runs.c.frees_at.is_(None),
        runs.c.starts_at.is_(None),
        runs.c.status.is_(None),
    )
    rows = RUNS.rows(transaction, *waiting, columns=[runs.c.machine_id])
    return sorted({str(row.machine_id) for row in rows})


def _homeless_runs(transaction: Transaction) -> list[Row[Any]]:
    """Return the runs without a machine, by priority and then oldest first."""
    homeless = (
        runs.c.machine_id.is_(None),
        runs.c.starts_at.is_(None),
        runs.c.status.is_(None),
    )
    rows = RUNS.rows(transaction, *homeless)
    return sorted(rows, key=lambda row: (not row.is_priority, row.created_at, row.position))


def _machine_for(transaction: Transaction, row: Row[Any]) -> str | None:
    """Return the machine of the run's session, else one in its pools."""
    if row.session_id is not None:
        in_session = (runs.c.session_id == row.session_id, runs.c.machine_id.is_not(None))
        held = RUNS.rows(transaction, *in_session, columns=[runs.c.machine_id])
        if held:
            return str(held[0].machine_id)
    pool_ids = row.pool_ids or []
    # No machine is in a pool that was deleted.
    is_possible = existing_pools(transaction, pool_ids) == pool_ids
    return place_run(transaction, pool_ids) if is_possible else None


def _find_waiting_runs(transaction: Transaction, machine_id: str) -> Sequence[Row[Any]]:
    return transaction.connection.execute(
        select(*_QUEUED)
        .where(
            runs.c.machine_id == machine_id,
            runs.c.status.is_(None),
            or_(runs.c.starts_at.is_(None), runs.c.starts_at > transaction.now),
        )
        .order_by(runs.c.is_priority.desc(), runs.c.queued_at, runs.c.position)
    ).all()


def _takes_runs(machine: Row[Any]) -> bool:
    """Whether runs can begin on the machine (assumption `unavailable-waits`)."""
    return bool(machine.status == MachineStatus.CONNECTED and machine.is_available)


def _sessions_wait(transaction: Transaction, machine_id: str) -> bool:
    found = transaction.connection.scalar(
        select(runs.c.id)
        .where(
            runs.c.machine_id == machine_id,
            runs.c.frees_at > transaction.now,
            runs.c.session_id.is_not(None),
        )
        .limit(1)
    )
    return found is not None


def _load_of(
    transaction: Transaction, machine_id: str, *, excluding: str | None = None
) -> tuple[bool, str]:
    """Return whether a run of the machine has no known end, and until when the others occupy it."""
    others = (runs.c.machine_id == machine_id, runs.c.id != (excluding or ""))
    blocked = transaction.connection.scalar(
        select(func.count()).select_from(runs).where(*others, runs.c.frees_at.is_(None))
    )
    latest = transaction.connection.scalar(select(func.max(runs.c.frees_at)).where(*others))
    return bool(blocked), max(latest or "", transaction.now)


def _free_at(transaction: Transaction, machine_id: str) -> str | None:
    """Return when the current run of the machine releases it; None for never."""
    started = transaction.connection.scalars(
        select(runs.c.frees_at).where(
            runs.c.machine_id == machine_id,
            runs.c.starts_at <= transaction.now,
            or_(runs.c.frees_at.is_(None), runs.c.frees_at > transaction.now),
        )
    ).all()
    if any(moment is None for moment in started):
        return None
    return max([transaction.now, *(str(moment) for moment in started)])


def _find_owning_session(
    transaction: Transaction, machine: Row[Any]
) -> tuple[str | None, str | None]:
    """Return the session that holds the machine now, and when it releases it if that is known."""
    reserved = reservation_of(transaction, machine)
    if reserved is not None or machine.reserved_session_id is None:
        return reserved, machine.reserved_until if reserved is not None else None
    # The reservation has expired; the next session may have begun since.
    last = transaction.connection.execute(
        select(runs.c.session_id, runs.c.release_session_after, runs.c.ends_at)
        .where(
            runs.c.machine_id == machine.id,
            runs.c.starts_at <= transaction.now,
            runs.c.starts_at >= machine.reserved_until,
        )
        .order_by(runs.c.starts_at.desc(), runs.c.position.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.session_id is None:
        return None, None
    if last.release_session_after and last.ends_at is not None:
        return (last.session_id, last.ends_at) if last.ends_at > transaction.now else (None, None)
    return last.session_id, None


def _select_next_run(waiting: Sequence[Row[Any]], owner: str | None) -> Row[Any]:
    """Return the next run of `waiting`, which is in order of priority and age."""
    session_id = waiting[0].session_id if owner is None else owner
    if session_id is None:
        return waiting[0]
    mates = (row for row in waiting if row.session_id == session_id)
    return min(mates, key=lambda row: (row.queued_at, row.position))


def _ready_at(row: Row[Any]) -> str:
    return time_after(row.queued_at, SCHEDULING_MS)


def _times_from(row: Row[Any], starts_at: str) -> Times:
    if row.held == "running":
        return Times(starts_at)
    worked_at = time_after(starts_at, row.running_ms)
    if row.checking_ms is None:
        return Times(starts_at, None, worked_at, worked_at)
    ends_at = None if row.held == "running_checks" else time_after(worked_at, row.checking_ms)
    # A session keeps its machine until the checks are over.
    frees_at = worked_at if row.session_id is None else ends_at
    return Times(starts_at, worked_at, ends_at, frees_at)


def _set_times(transaction: Transaction, table: Sequence[tuple[Row[Any], Times]]) -> None:
    if not table:
        return
    transaction.connection.execute(
        update(runs).where(runs.c.id == bindparam("run")),
        [
            {
                "run": row.id,
                "starts_at": times.starts_at,
                "checks_at": times.checks_at,
                "ends_at": times.ends_at,
                # A run that a scenario holds as waiting is not part of the queue.
                "frees_at": row.queued_at if row.held == "scheduling" else times.frees_at,
            }
            for row, times in table
        ],
    )
    transaction.connection.execute(
        update(trajectories).where(
            trajectories.c.run_id == bindparam("run"), trajectories.c.created_at > transaction.now
        ),
        [
            {"run": row.id, "created_at": end, "updated_at": end}
            for row, times in table
            for end in (times.ends_at or UNKNOWN,)
        ],
    )
    starts = {row.id: times.starts_at for row, times in table}
    columns = run_attachments.c
    files: list[Any] = []
    run_ids = list(starts)
    for first in range(0, len(run_ids), _BATCH):
        found = transaction.connection.execute(
            select(columns.id, columns.run_id, columns.at_ms).where(
                columns.run_id.in_(run_ids[first : first + _BATCH]), columns.at_ms.is_not(None)
            )
        )
        files.extend(found)
    if not files:
        return
    transaction.connection.execute(
        update(run_attachments).where(columns.id == bindparam("file")),
        [
            {
                "file": file.id,
                "created_at": (
                    UNKNOWN
                    if (started := starts[file.run_id]) is None
                    else time_after(started, file.at_ms)
                ),
            }
            for file in files
        ],
    )
