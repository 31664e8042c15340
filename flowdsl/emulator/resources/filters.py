"""The conditions and the pages that the paginated lists share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, func, or_, select

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.store import Transaction


def contains(
    needle: str | None, identifier: Column[Any], *texts: Column[Any]
) -> list[ColumnElement[bool]]:
    """Rows with `needle` in the id or in one of `texts`, upper and lower case alike."""
    if not needle:
        return []
    folded = needle.casefold()
    held = [func.instr(func.casefold(text), folded) > 0 for text in texts]
    return [or_(func.instr(identifier, folded) > 0, *held)]


def within(
    column: Column[Any], earliest: datetime | None, latest: datetime | None
) -> list[ColumnElement[bool]]:
    """Rows whose time is inside the bounds, both inclusive; None is no bound."""
    conditions = []
    if earliest is not None:
        conditions.append(column >= format_time(earliest))
    if latest is not None:
        conditions.append(column <= format_time(latest))
    return conditions


def listed(transaction: Transaction, made: Column[Any]) -> list[ColumnElement[bool]]:
    """Rows old enough to be in a list, by the time they were made at."""
    until = transaction.listed_until
    return [] if until is None else [made <= until]


def find_page(
    transaction: Transaction,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    *,
    skip: int,
    limit: int,
    columns: Sequence[Column[Any]] = (),
) -> tuple[list[Row[Any]], int]:
    """One page of the organisation's rows that meet all `conditions`, and the number of all.

    The rows hold `columns`, or every one.
    """
    made = table.c.created_at if "created_at" in table.c else table.c.connected_at
    organization = table.c.organization_id == transaction.organization_id
    own = (organization, *listed(transaction, made), *conditions)
    rows = transaction.connection.execute(
        select(*(columns or (table,))).where(*own).order_by(*order).offset(skip).limit(limit)
    ).all()
    if skip == 0 and len(rows) < limit:
        return list(rows), len(rows)
    total = transaction.connection.scalar(select(func.count()).select_from(table).where(*own))
    return list(rows), int(total or 0)
