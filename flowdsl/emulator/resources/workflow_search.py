"""The filters, the order and the pages of `GET /v1/workflows`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select

from flowdsl.emulator.errors import invalid
from flowdsl.emulator.resources.filters import contains, find_page, within
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
    order = (workflows.c.updated_at.desc(), workflows.c.id)
    conditions = _conditions(wanted)
    return find_page(transaction, workflows, conditions, order, skip=skip, limit=limit)


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


def _conditions(wanted: WorkflowFilter) -> list[ColumnElement[bool]]:
    conditions = contains(wanted.search, workflows.c.id, workflows.c.name)
    for tag_id in wanted.tag_ids:
        holders = select(workflow_tags.c.workflow_id).where(workflow_tags.c.tag_id == str(tag_id))
        conditions.append(workflows.c.id.in_(holders))
    conditions += within(workflows.c.created_at, wanted.created_at_from, wanted.created_at_to)
    conditions += within(workflows.c.updated_at, wanted.updated_at_from, wanted.updated_at_to)
    return conditions
