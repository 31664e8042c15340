"""Tag groups: sets of tags of which a workflow has at most one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.records.filters import listed
from flowdsl.emulator.records.ordering import next_position
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import tag_groups
from flowdsl.emulator.wire.models import WorkflowTagGroupResponse


def group_reply(row: Row[Any]) -> WorkflowTagGroupResponse:
    """The reply of one row of `tag_groups`."""
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


def list_groups(transaction: Transaction) -> list[WorkflowTagGroupResponse]:
    """The groups a list shows, in their order."""
    return all_groups(transaction, *listed(transaction, tag_groups.c.created_at))


def all_groups(
    transaction: Transaction, *conditions: ColumnElement[bool]
) -> list[WorkflowTagGroupResponse]:
    """The organisation's groups in their order."""
    rows = transaction.connection.execute(
        select(tag_groups)
        .where(tag_groups.c.organization_id == transaction.organization_id, *conditions)
        .order_by(tag_groups.c.position)
    )
    return [group_reply(row) for row in rows]


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
    return group_reply(row)


def create_group(transaction: Transaction, values: Mapping[str, Any]) -> WorkflowTagGroupResponse:
    """A new group at the end of the order; 400 where the name is taken."""
    _refuse_taken_name(transaction, values["name"], None)
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(tag_groups).values(
            id=identifier,
            organization_id=transaction.organization_id,
            position=next_position(transaction, tag_groups),
            created_at=transaction.now,
            updated_at=transaction.now,
            **values,
        )
    )
    return get_group(transaction, UUID(identifier))


def update_group(
    transaction: Transaction, group_id: UUID, changes: Mapping[str, Any]
) -> WorkflowTagGroupResponse:
    """The group with `changes` made to it."""
    get_group(transaction, group_id)
    if "name" in changes:
        _refuse_taken_name(transaction, changes["name"], group_id)
    transaction.connection.execute(
        update(tag_groups)
        .where(tag_groups.c.id == str(group_id))
        .values(updated_at=transaction.now, **changes)
    )
    return get_group(transaction, group_id)


def delete_group(transaction: Transaction, group_id: UUID) -> None:
    """Removes the group; its tags stay, without a group."""
    get_group(transaction, group_id)
    transaction.connection.execute(delete(tag_groups).where(tag_groups.c.id == str(group_id)))


def _refuse_taken_name(transaction: Transaction, name: str, own_id: UUID | None) -> None:
    taken_by = transaction.connection.scalar(
        select(tag_groups.c.id).where(
            tag_groups.c.organization_id == transaction.organization_id,
            tag_groups.c.name == name,
        )
    )
    if taken_by is not None and taken_by != str(own_id):
        raise refused(f"a tag group named `{name}` exists already")
