"""Run rows: reading one, listing, and finding the ones that have ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, String, and_, func, or_, type_coerce

from flowdsl.emulator.resources.included import (
    included,
    machines_named,
    workflows_named,
)
from flowdsl.emulator.resources.rows import Resource, conditions_of, include_names
from flowdsl.emulator.runs.views import (
    ALL_FIELDS,
    LIVE,
    activity_of,
    columns_for,
    run_replies,
    state_of,
)
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import runs
from flowdsl.emulator.wire.models import (
    IncludedResource,
    RunField,
    RunListSortMode,
    RunResponse,
    RunStatus,
)
from flowdsl.emulator.wire.values import Paging

RUNS = Resource(
    kind="run",
    table=runs,
    reply=RunResponse,
    order=(runs.c.created_at.desc(), runs.c.position.desc(), runs.c.id),
    kept_on_null=("status",),
)


class RunFilter(Paging):
    """The conditions on the runs of a list, and the `fields` to include (default: every field).

    `activity` sorts by the latest change of state, newest first (assumption `activity-order`).
    """

    workflow_id: UUID | None = None
    machine_id: UUID | None = None
    session_id: UUID | None = None
    status: RunStatus | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    sort_mode: RunListSortMode = RunListSortMode.ACTIVITY
    search: str | None = None
    deep_search: bool = False
    fields: list[RunField] | None = None
    include: str | None = None


def get_run(transaction: Transaction, run_id: UUID | str) -> RunResponse:
    """Return one run with all its fields; 404 if the organisation has none with this id."""
    return run_replies(transaction, [RUNS.row(transaction, run_id)])[0]


def find_runs(transaction: Transaction, wanted: RunFilter) -> tuple[list[RunResponse], int]:
    """Return one page, and the number of all runs that match."""
    now = transaction.now
    conditions = conditions_of(runs, wanted, without=("status",))
    if wanted.status is not None:
        conditions.append(state_of(now) == wanted.status.value)
    if wanted.search:
        conditions.append(
            _condition_for_needle(transaction, wanted.search, deep=wanted.deep_search)
        )
    order = RUNS.order
    if wanted.sort_mode is RunListSortMode.ACTIVITY:
        order = (activity_of(now).desc(), *order)
    shown = ALL_FIELDS if wanted.fields is None else wanted.fields
    rows, total = RUNS.page(
        transaction, wanted, *conditions, order=order, columns=columns_for(shown)
    )
    return run_replies(transaction, rows, shown), total


def resources_to_include(
    transaction: Transaction, replies: Sequence[RunResponse], include: str | None
) -> list[IncludedResource] | None:
    """Return the workflows, machines and pools that `include` names; None if it names nothing."""
    names = include_names(include)
    if not names & {"workflow", "machine", "machine.pools"}:
        return None
    found: list[IncludedResource] = []
    if "workflow" in names:
        ids = [reply.workflow_id for reply in replies]
        found += included("workflow", workflows_named(transaction, ids))
    if names & {"machine", "machine.pools"}:
        ids = [reply.machine_id for reply in replies if reply.machine_id is not None]
        machines = machines_named(transaction, ids)
        if "machine" in names:
            found += included("machine", machines)
        if "machine.pools" in names:
            found += included("pool", (pool for row in machines for pool in row.pools or ()))
    return found


def find_ended_runs(transaction: Transaction, *, since: str, until: str) -> Sequence[Row[Any]]:
    """Return the organisation's runs that ended after `since` and up to `until`, in order."""
    ends = [status.value for status in RunStatus if status not in LIVE]
    rows = RUNS.rows(
        transaction,
        runs.c.ends_at > since,
        runs.c.ends_at <= min(until, transaction.now),
        or_(runs.c.status.is_(None), runs.c.status.in_(ends)),
    )
    return sorted(rows, key=lambda row: (row.ends_at, row.created_at, row.position))


def _condition_for_needle(
    transaction: Transaction, needle: str, *, deep: bool
) -> ColumnElement[bool]:
    """Match rows with `needle` in id, alias, inputs, outputs or error, ignoring case.

    Outputs and errors are searched in ended runs; `deep` adds the history of started runs.
    """
    columns = runs.c
    folded = needle.casefold()
    # JSON stores strings in their escaped form.
    escaped = json.dumps(needle, ensure_ascii=False)[1:-1].casefold()

    def inside(column: Column[Any], text: str) -> ColumnElement[bool]:
        return func.instr(func.casefold(type_coerce(column, String)), text) > 0

    state = state_of(transaction.now)
    over = state.not_in([status.value for status in LIVE])
    alternatives = [
        func.instr(columns.id, folded) > 0,
        func.instr(func.casefold(columns.session_alias), folded) > 0,
        inside(columns.input_values, escaped),
        and_(over, or_(inside(columns.output_data, escaped), inside(columns.error, escaped))),
    ]
    if deep:
        alternatives.append(
            and_(
                state != RunStatus.SCHEDULING.value,
                inside(columns.run_message_history, escaped),
            )
        )
    return or_(*alternatives)
