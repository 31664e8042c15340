"""Run rows: reading one, listing, and the ones that have ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, String, and_, func, or_, select, type_coerce

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.filters import find_page, within
from flowdsl.emulator.resources.included import (
    include_names,
    included,
    machines_named,
    workflows_named,
)
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
    RunResponseWithIncludes,
    RunStatus,
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a run must meet; None asks for nothing. Time bounds are inclusive."""

    workflow_id: UUID | None = None
    machine_id: UUID | None = None
    session_id: UUID | None = None
    status: RunStatus | None = None
    search: str | None = None
    deep_search: bool = False
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


def run_row(transaction: Transaction, run_id: UUID | str) -> Row[Any]:
    """One row; 404 where the organisation has none of this id."""
    row = transaction.connection.execute(
        select(runs).where(
            runs.c.id == str(run_id),
            runs.c.organization_id == transaction.organization_id,
        )
    ).one_or_none()
    if row is None:
        raise not_found("run", run_id)
    return row


def get_run(transaction: Transaction, run_id: UUID | str) -> RunResponse:
    """One run with all its fields; 404 where the organisation has none of this id."""
    return run_replies(transaction, [run_row(transaction, run_id)])[0]


def get_run_with_includes(
    transaction: Transaction, run_id: UUID, include: str | None
) -> RunResponseWithIncludes:
    """One run and the related rows that `include` names."""
    reply = get_run(transaction, run_id)
    return RunResponseWithIncludes(
        **dict(reply), included=included_of_runs(transaction, [reply], include)
    )


def find_runs(
    transaction: Transaction,
    wanted: RunFilter,
    *,
    sort_mode: RunListSortMode,
    fields: Collection[RunField] | None,
    skip: int,
    limit: int,
) -> tuple[list[RunResponse], int]:
    """One page and the number of all that match; `fields` None fills every field.

    `activity` puts the run first whose state changed last (assumption `activity-order`).
    """
    columns = runs.c
    newest: tuple[ColumnElement[Any], ...] = (
        columns.created_at.desc(),
        columns.position.desc(),
        columns.id,
    )
    if sort_mode is RunListSortMode.ACTIVITY:
        newest = (activity_of(transaction.now).desc(), *newest)
    shown = ALL_FIELDS if fields is None else fields
    rows, total = find_page(
        transaction,
        runs,
        _conditions(transaction, wanted),
        newest,
        skip=skip,
        limit=limit,
        columns=columns_for(shown),
    )
    return run_replies(transaction, rows, shown), total


def included_of_runs(
    transaction: Transaction, replies: Sequence[RunResponse], include: str | None
) -> list[IncludedResource] | None:
    """The workflows, machines and pools of machines that `include` names; None for nothing."""
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


def ended_runs(transaction: Transaction, *, since: str, until: str) -> Sequence[Row[Any]]:
    """The organisation's runs that came to their end after `since` and up to `until`, in order."""
    ends = [status.value for status in RunStatus if status not in LIVE]
    return transaction.connection.execute(
        select(runs)
        .where(
            runs.c.organization_id == transaction.organization_id,
            runs.c.ends_at > since,
            runs.c.ends_at <= min(until, transaction.now),
            or_(runs.c.status.is_(None), runs.c.status.in_(ends)),
        )
        .order_by(runs.c.ends_at, runs.c.created_at, runs.c.position)
    ).all()


def _conditions(transaction: Transaction, wanted: RunFilter) -> list[ColumnElement[bool]]:
    columns = runs.c
    conditions = within(columns.created_at, wanted.created_at_from, wanted.created_at_to)
    for column, identifier in (
        (columns.workflow_id, wanted.workflow_id),
        (columns.machine_id, wanted.machine_id),
        (columns.session_id, wanted.session_id),
    ):
        if identifier is not None:
            conditions.append(column == str(identifier))
    if wanted.status is not None:
        conditions.append(state_of(transaction.now) == wanted.status.value)
    if wanted.search:
        conditions.append(_holds(transaction, wanted.search, deep=wanted.deep_search))
    return conditions


def _holds(transaction: Transaction, needle: str, *, deep: bool) -> ColumnElement[bool]:
    """Rows with `needle` in id, alias, inputs or what has come out, upper and lower case alike.

    What lies in the future is not searched; `deep` searches the history of started runs too.
    """
    columns = runs.c
    folded = needle.casefold()
    # Inside JSON a text stands with its escapes.
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
