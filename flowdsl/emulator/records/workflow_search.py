"""The filters, the order and the pages of `GET /v1/workflows`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.errors import invalid
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import workflow_tags, workflows


@dataclass(frozen=True, slots=True)
class WorkflowFilter:
    """What a workflow must meet; None asks for nothing. Time bounds are inclusive."""

    search: str | None = None
    tag_ids: Sequence[UUID] = ()
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    updated_at_from: datetime | None = None
    updated_at_to: datetime | None = None


def find_workflows(
    transaction: Transaction, wanted: WorkflowFilter, *, skip: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """One page of rows, newest `updated_at` first, and the number of all that match."""
    conditions = _conditions(transaction.organization_id, wanted)
    total = transaction.connection.scalar(
        select(func.count()).select_from(workflows).where(*conditions)
    )
    rows = transaction.connection.execute(
        select(workflows)
        .where(*conditions)
        .order_by(workflows.c.updated_at.desc(), workflows.c.id)
        .offset(skip)
        .limit(limit)
    ).all()
    return list(rows), int(total or 0)


def parse_tag_ids(text: str | None) -> list[UUID]:
    """The ids of a comma-separated list; 422 for one that is not a UUID."""
    ids = []
    for item in (text or "").split(","):
        if item.strip():
            try:
                ids.append(UUID(item.strip()))
            except ValueError:
                raise invalid(
                    ("query", "tag_ids"), f"`{item.strip()}` is not a UUID", "uuid_parsing"
                ) from None
    return ids


def _conditions(organization_id: str, wanted: WorkflowFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [workflows.c.organization_id == organization_id]
    if wanted.search:
        needle = wanted.search.casefold()
        conditions.append(
            or_(
                func.instr(func.casefold(workflows.c.name), needle) > 0,
                func.instr(workflows.c.id, needle) > 0,
            )
        )
    for tag_id in wanted.tag_ids:
        holders = select(workflow_tags.c.workflow_id).where(workflow_tags.c.tag_id == str(tag_id))
        conditions.append(workflows.c.id.in_(holders))
    if wanted.created_at_from is not None:
        conditions.append(workflows.c.created_at >= _bound(wanted.created_at_from))
    if wanted.created_at_to is not None:
        conditions.append(workflows.c.created_at <= _bound(wanted.created_at_to))
    if wanted.updated_at_from is not None:
        conditions.append(workflows.c.updated_at >= _bound(wanted.updated_at_from))
    if wanted.updated_at_to is not None:
        conditions.append(workflows.c.updated_at <= _bound(wanted.updated_at_to))
    return conditions


def _bound(moment: datetime) -> str:
    try:
        return format_time(moment)
    except OverflowError:
        # A bound at the edge of the calendar leaves it when converted to UTC.
        return format_time(moment.replace(tzinfo=None))
