"""`/v1/workflow-tags`: tags, and which workflow has which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.resources.changes import sent_changes
from flowdsl.emulator.resources.filters import listed
from flowdsl.emulator.resources.tag_groups import all_groups, get_group, next_position, reorder
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import tags, workflow_tags
from flowdsl.emulator.wire.models import (
    ReorderRequest,
    WorkflowTagCreate,
    WorkflowTagGroupResponse,
    WorkflowTagResponse,
    WorkflowTagUpdate,
)

router = APIRouter(prefix="/v1/workflow-tags", tags=["Workflow Tags"], route_class=StoreRoute)

_OWN = select(tags).where(tags.c.organization_id == bindparam("own")).order_by(tags.c.position)
_OF_WORKFLOWS = (
    select(workflow_tags.c.workflow_id, tags)
    .join_from(workflow_tags, tags)
    .where(workflow_tags.c.workflow_id.in_(bindparam("ids", expanding=True)))
    .order_by(tags.c.position)
)


@router.get("")
async def list_tags(
    transaction: Current, include_archived: bool = False
) -> list[WorkflowTagResponse]:
    """The tags in their order, each with its `workflow_count`; archived ones only when asked."""
    counts = {
        row.tag_id: int(row.workflow_count)
        for row in transaction.connection.execute(
            select(workflow_tags.c.tag_id, func.count().label("workflow_count")).group_by(
                workflow_tags.c.tag_id
            )
        )
    }
    conditions = listed(transaction, tags.c.created_at)
    if not include_archived:
        conditions.append(tags.c.is_archived.is_(False))
    groups = _groups_by_id(transaction)
    return [
        _tag_reply(row, groups, workflow_count=counts.get(row.id, 0))
        for row in _own_tags(transaction, *conditions)
    ]


@router.post("", status_code=201)
async def create_tag(transaction: Current, body: WorkflowTagCreate) -> WorkflowTagResponse:
    """A new tag at the end of the order; 400 where the name is taken, 404 for an unknown group."""
    _refuse_taken_name(transaction, body.name, None)
    if body.group_id is not None:
        get_group(transaction, body.group_id)
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(tags).values(
            id=identifier,
            organization_id=transaction.organization_id,
            position=next_position(transaction, tags),
            is_archived=False,
            created_at=transaction.now,
            updated_at=transaction.now,
            **body.model_dump(mode="json"),
        )
    )
    return _read_tag(transaction, identifier)


@router.put("/reorder", status_code=204)
async def reorder_tags(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named tags first, in this order."""
    reorder(transaction, tags, "tag", body.ids)


@router.get("/{tag_id}")
async def get_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """One tag; 404 where the organisation has none of this id."""
    return _read_tag(transaction, tag_id)


@router.patch("/{tag_id}")
async def update_tag(
    transaction: Current, tag_id: UUID, body: WorkflowTagUpdate
) -> WorkflowTagResponse:
    """The tag with the keys sent changed."""
    changes = sent_changes(body, required=("name",), keep_on_null=("is_archived",))
    return _change_tag(transaction, tag_id, changes)


@router.delete("/{tag_id}", status_code=204)
async def delete_tag(transaction: Current, tag_id: UUID) -> None:
    """Removes the tag from every workflow and from the organisation."""
    _tag_row(transaction, tag_id)
    transaction.connection.execute(delete(tags).where(tags.c.id == str(tag_id)))


@router.post("/{tag_id}/archive")
async def archive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Hides a tag and keeps it where it is assigned."""
    return _change_tag(transaction, tag_id, {"is_archived": True})


@router.post("/{tag_id}/unarchive")
async def unarchive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Undoes `archive_tag`."""
    return _change_tag(transaction, tag_id, {"is_archived": False})


def tags_of_workflows(
    transaction: Transaction, workflow_ids: Sequence[str]
) -> dict[str, list[WorkflowTagResponse]]:
    """The tags of each workflow in tag order; an empty list for one without any."""
    groups = _groups_by_id(transaction)
    result: dict[str, list[WorkflowTagResponse]] = {item: [] for item in workflow_ids}
    for row in transaction.connection.execute(_OF_WORKFLOWS, {"ids": workflow_ids}):
        result[row.workflow_id].append(_tag_reply(row, groups))
    return result


def add_tags(transaction: Transaction, workflow_id: str, tag_ids: Iterable[UUID]) -> None:
    """Adds tags to a workflow, one after the other; each drops the other tag of its group.

    404 for an unknown tag, 400 for an archived one the workflow does not have yet.
    """
    for tag_id in tag_ids:
        row = _tag_row(transaction, tag_id)
        if _has_tag(transaction, workflow_id, row.id):
            continue
        if row.is_archived:
            raise refused(f"tag `{row.name}` is archived; unarchive it to assign it")
        if row.group_id is not None:
            rivals = select(tags.c.id).where(tags.c.group_id == row.group_id)
            transaction.connection.execute(
                delete(workflow_tags).where(
                    workflow_tags.c.workflow_id == workflow_id,
                    workflow_tags.c.tag_id.in_(rivals),
                )
            )
        transaction.connection.execute(
            insert(workflow_tags).values(workflow_id=workflow_id, tag_id=row.id)
        )


def remove_tag(transaction: Transaction, workflow_id: str, tag_id: UUID) -> None:
    """Takes one tag off a workflow; 404 where the workflow does not have it."""
    _tag_row(transaction, tag_id)
    if not _has_tag(transaction, workflow_id, str(tag_id)):
        raise not_found("tag of this workflow", tag_id)
    transaction.connection.execute(
        delete(workflow_tags).where(
            workflow_tags.c.workflow_id == workflow_id, workflow_tags.c.tag_id == str(tag_id)
        )
    )


def copy_tags(transaction: Transaction, source_id: str, target_id: str) -> None:
    """Makes the target's tags those of the source, archived ones included."""
    transaction.connection.execute(
        delete(workflow_tags).where(workflow_tags.c.workflow_id == target_id)
    )
    held = select(workflow_tags.c.tag_id).where(workflow_tags.c.workflow_id == source_id)
    for tag_id in transaction.connection.scalars(held).all():
        transaction.connection.execute(
            insert(workflow_tags).values(workflow_id=target_id, tag_id=tag_id)
        )


def _change_tag(
    transaction: Transaction, tag_id: UUID, changes: Mapping[str, Any]
) -> WorkflowTagResponse:
    """The tag with `changes` made to it.

    Workflows keep their tags when a tag moves into a group (assumption `regroup-keeps-tags`).
    """
    _tag_row(transaction, tag_id)
    if "name" in changes:
        _refuse_taken_name(transaction, changes["name"], tag_id)
    if changes.get("group_id") is not None:
        get_group(transaction, UUID(changes["group_id"]))
    transaction.connection.execute(
        update(tags).where(tags.c.id == str(tag_id)).values(updated_at=transaction.now, **changes)
    )
    return _read_tag(transaction, tag_id)


def _own_tags(transaction: Transaction, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    asked = _OWN.where(*conditions) if conditions else _OWN
    return transaction.connection.execute(asked, {"own": transaction.organization_id}).all()


def _tag_row(transaction: Transaction, tag_id: UUID | str) -> Row[Any]:
    rows = _own_tags(transaction, tags.c.id == str(tag_id))
    if not rows:
        raise not_found("tag", tag_id)
    return rows[0]


def _read_tag(transaction: Transaction, tag_id: UUID | str) -> WorkflowTagResponse:
    return _tag_reply(_tag_row(transaction, tag_id), _groups_by_id(transaction))


def _has_tag(transaction: Transaction, workflow_id: str, tag_id: str) -> bool:
    found = transaction.connection.scalar(
        select(func.count())
        .select_from(workflow_tags)
        .where(workflow_tags.c.workflow_id == workflow_id, workflow_tags.c.tag_id == tag_id)
    )
    return bool(found)


def _groups_by_id(transaction: Transaction) -> dict[str, WorkflowTagGroupResponse]:
    return {group.id: group for group in all_groups(transaction)}


def _tag_reply(
    row: Row[Any],
    groups: Mapping[str, WorkflowTagGroupResponse],
    workflow_count: int | None = None,
) -> WorkflowTagResponse:
    return WorkflowTagResponse(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        emoji=row.emoji,
        color=row.color,
        group_id=row.group_id,
        group=None if row.group_id is None else groups[row.group_id],
        is_archived=row.is_archived,
        order=row.position,
        workflow_count=workflow_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _refuse_taken_name(transaction: Transaction, name: str, own_id: UUID | None) -> None:
    taken_by = transaction.connection.scalar(
        select(tags.c.id).where(
            tags.c.organization_id == transaction.organization_id, tags.c.name == name
        )
    )
    if taken_by is not None and taken_by != str(own_id):
        raise refused(f"a tag named `{name}` exists already")
