"""`/v1/workflow-tag-groups`: sets of tags of which a workflow has at most one.

Also the order that a user gives to tags and to their groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Row, Table, bindparam, delete, func, insert, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.resources.changes import sent_changes
from flowdsl.emulator.resources.filters import listed
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import tag_groups
from flowdsl.emulator.wire.models import (
    ReorderRequest,
    WorkflowTagGroupCreate,
    WorkflowTagGroupResponse,
    WorkflowTagGroupUpdate,
)

router = APIRouter(
    prefix="/v1/workflow-tag-groups", tags=["Workflow Tag Groups"], route_class=StoreRoute
)

_ALL = (
    select(tag_groups)
    .where(tag_groups.c.organization_id == bindparam("own"))
    .order_by(tag_groups.c.position)
)


@router.get("")
async def list_tag_groups(transaction: Current) -> list[WorkflowTagGroupResponse]:
    """The groups a list shows, in their order."""
    return all_groups(transaction, *listed(transaction, tag_groups.c.created_at))


@router.post("", status_code=201)
async def create_tag_group(
    transaction: Current, body: WorkflowTagGroupCreate
) -> WorkflowTagGroupResponse:
    """A new group at the end of the order; 400 where the name is taken."""
    _refuse_taken_name(transaction, body.name, None)
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(tag_groups).values(
            id=identifier,
            organization_id=transaction.organization_id,
            position=next_position(transaction, tag_groups),
            created_at=transaction.now,
            updated_at=transaction.now,
            **body.model_dump(mode="json"),
        )
    )
    return get_group(transaction, UUID(identifier))


@router.put("/reorder", status_code=204)
async def reorder_tag_groups(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named groups first, in this order."""
    reorder(transaction, tag_groups, "tag group", body.ids)


@router.get("/{group_id}")
async def get_tag_group(transaction: Current, group_id: UUID) -> WorkflowTagGroupResponse:
    """One group; 404 where the organisation has none of this id."""
    return get_group(transaction, group_id)


@router.patch("/{group_id}")
async def update_tag_group(
    transaction: Current, group_id: UUID, body: WorkflowTagGroupUpdate
) -> WorkflowTagGroupResponse:
    """The group with the keys sent changed."""
    changes = sent_changes(body, required=("name",))
    get_group(transaction, group_id)
    if "name" in changes:
        _refuse_taken_name(transaction, changes["name"], group_id)
    transaction.connection.execute(
        update(tag_groups)
        .where(tag_groups.c.id == str(group_id))
        .values(updated_at=transaction.now, **changes)
    )
    return get_group(transaction, group_id)


@router.delete("/{group_id}", status_code=204)
async def delete_tag_group(transaction: Current, group_id: UUID) -> None:
    """Removes the group; its tags stay, without a group."""
    get_group(transaction, group_id)
    transaction.connection.execute(delete(tag_groups).where(tag_groups.c.id == str(group_id)))


def all_groups(
    transaction: Transaction, *conditions: ColumnElement[bool]
) -> list[WorkflowTagGroupResponse]:
    """The organisation's groups in their order."""
    asked = _ALL.where(*conditions) if conditions else _ALL
    rows = transaction.connection.execute(asked, {"own": transaction.organization_id})
    return [_group_reply(row) for row in rows]


def get_group(transaction: Transaction, group_id: UUID) -> WorkflowTagGroupResponse:
    """One group; 404 where the organisation has none of this id."""
    row = transaction.connection.execute(
        select(tag_groups).where(
            tag_groups.c.id == str(group_id),
            tag_groups.c.organization_id == transaction.organization_id,
        )
    ).one_or_none()
    if row is None:
        raise not_found("tag group", group_id)
    return _group_reply(row)


def _group_reply(row: Row[Any]) -> WorkflowTagGroupResponse:
    return WorkflowTagGroupResponse(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        emoji=row.emoji,
        color=row.color,
        order=row.position,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _refuse_taken_name(transaction: Transaction, name: str, own_id: UUID | None) -> None:
    taken_by = transaction.connection.scalar(
        select(tag_groups.c.id).where(
            tag_groups.c.organization_id == transaction.organization_id,
            tag_groups.c.name == name,
        )
    )
    if taken_by is not None and taken_by != str(own_id):
        raise refused(f"a tag group named `{name}` exists already")


def next_position(transaction: Transaction, table: Table) -> int:
    """The position after the organisation's last row; 0 for the first."""
    last = transaction.connection.scalar(
        select(func.max(table.c.position)).where(
            table.c.organization_id == transaction.organization_id
        )
    )
    return 0 if last is None else int(last) + 1


def reorder(transaction: Transaction, table: Table, kind: str, ids: Sequence[UUID]) -> None:
    """Puts the rows `ids` first, in this order; the others follow in their old order.

    404 for an id the organisation does not have (assumption `partial-reorder`).
    """
    known = list(
        transaction.connection.scalars(
            select(table.c.id)
            .where(table.c.organization_id == transaction.organization_id)
            .order_by(table.c.position)
        )
    )
    wanted = list(dict.fromkeys(str(identifier) for identifier in ids))
    for identifier in wanted:
        if identifier not in known:
            raise not_found(kind, identifier)
    chosen = set(wanted)
    wanted += [identifier for identifier in known if identifier not in chosen]
    for position, identifier in enumerate(wanted):
        transaction.connection.execute(
            update(table).where(table.c.id == identifier).values(position=position)
        )
