"""`/v1/workflow-tags` and `/v1/workflow-tag-groups`: tags, and which workflow has which.

A group is a set of tags of which a workflow has at most one. Users define the order of tags and
groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.resources.rows import Resource
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import tag_groups, tags, workflow_tags
from flowdsl.emulator.wire.models import (
    ReorderRequest,
    WorkflowTagCreate,
    WorkflowTagGroupCreate,
    WorkflowTagGroupResponse,
    WorkflowTagGroupUpdate,
    WorkflowTagResponse,
    WorkflowTagUpdate,
)

router = APIRouter(prefix="/v1/workflow-tags", tags=["Workflow Tags"], route_class=StoreRoute)
group_router = APIRouter(
    prefix="/v1/workflow-tag-groups", tags=["Workflow Tag Groups"], route_class=StoreRoute
)

TAGS = Resource(
    kind="tag",
    table=tags,
    reply=WorkflowTagResponse,
    order=(tags.c.position,),
    required=("name",),
    kept_on_null=("is_archived",),
)
GROUPS = Resource(
    kind="tag group",
    table=tag_groups,
    reply=WorkflowTagGroupResponse,
    order=(tag_groups.c.position,),
    required=("name",),
)

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
    columns = workflow_tags.c
    counted = select(columns.tag_id, func.count()).group_by(columns.tag_id)
    counts = {tag_id: int(count) for tag_id, count in transaction.connection.execute(counted)}
    conditions = [] if include_archived else [tags.c.is_archived.is_(False)]
    groups = _groups_by_id(transaction)
    return [
        _tag_reply(row, groups, workflow_count=counts.get(row.id, 0))
        for row in TAGS.rows(transaction, *conditions, is_list=True)
    ]


@router.post("", status_code=201)
async def create_tag(transaction: Current, body: WorkflowTagCreate) -> WorkflowTagResponse:
    """A new tag at the end of the order; 400 where the name is taken, 404 for an unknown group."""
    _refuse_taken_name(transaction, TAGS, body.name, None)
    if body.group_id is not None:
        GROUPS.row(transaction, body.group_id)
    position = _next_position(transaction, TAGS)
    values = body.model_dump(mode="json")
    identifier = TAGS.insert(transaction, position=position, is_archived=False, **values)
    return _read_tag(transaction, identifier)


@router.put("/reorder", status_code=204)
async def reorder_tags(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named tags first, in this order."""
    _reorder_rows(transaction, TAGS, body.ids)


@router.get("/{tag_id}")
async def get_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """One tag."""
    return _read_tag(transaction, tag_id)


@router.patch("/{tag_id}")
async def update_tag(
    transaction: Current, tag_id: UUID, body: WorkflowTagUpdate
) -> WorkflowTagResponse:
    """The tag with the keys sent changed.

    Workflows keep their tags when a tag moves into a group (assumption `regroup-keeps-tags`).
    """
    changes = TAGS.changes(transaction, body)
    TAGS.row(transaction, tag_id)
    if "name" in changes:
        _refuse_taken_name(transaction, TAGS, changes["name"], tag_id)
    if changes.get("group_id") is not None:
        GROUPS.row(transaction, changes["group_id"])
    TAGS.change(transaction, tag_id, **changes)
    return _read_tag(transaction, tag_id)


@router.delete("/{tag_id}", status_code=204)
async def delete_tag(transaction: Current, tag_id: UUID) -> None:
    """Removes the tag from every workflow and from the organisation."""
    TAGS.delete(transaction, tag_id)


@router.post("/{tag_id}/archive")
async def archive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Hides a tag and keeps it where it is assigned."""
    TAGS.change(transaction, tag_id, is_archived=True)
    return _read_tag(transaction, tag_id)


@router.post("/{tag_id}/unarchive")
async def unarchive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Undoes `archive_tag`."""
    TAGS.change(transaction, tag_id, is_archived=False)
    return _read_tag(transaction, tag_id)


@group_router.get("")
async def list_tag_groups(transaction: Current) -> list[WorkflowTagGroupResponse]:
    """The groups a list shows, in their order."""
    return [_group_reply(row) for row in GROUPS.rows(transaction, is_list=True)]


@group_router.post("", status_code=201)
async def create_tag_group(
    transaction: Current, body: WorkflowTagGroupCreate
) -> WorkflowTagGroupResponse:
    """A new group at the end of the order; 400 where the name is taken."""
    _refuse_taken_name(transaction, GROUPS, body.name, None)
    position = _next_position(transaction, GROUPS)
    identifier = GROUPS.insert(transaction, position=position, **body.model_dump(mode="json"))
    return _group_reply(GROUPS.row(transaction, identifier))


@group_router.put("/reorder", status_code=204)
async def reorder_tag_groups(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named groups first, in this order."""
    _reorder_rows(transaction, GROUPS, body.ids)


@group_router.get("/{group_id}")
async def get_tag_group(transaction: Current, group_id: UUID) -> WorkflowTagGroupResponse:
    """One group."""
    return _group_reply(GROUPS.row(transaction, group_id))


@group_router.patch("/{group_id}")
async def update_tag_group(
    transaction: Current, group_id: UUID, body: WorkflowTagGroupUpdate
) -> WorkflowTagGroupResponse:
    """The group with the keys sent changed."""
    changes = GROUPS.changes(transaction, body)
    GROUPS.row(transaction, group_id)
    if "name" in changes:
        _refuse_taken_name(transaction, GROUPS, changes["name"], group_id)
    GROUPS.change(transaction, group_id, **changes)
    return _group_reply(GROUPS.row(transaction, group_id))


@group_router.delete("/{group_id}", status_code=204)
async def delete_tag_group(transaction: Current, group_id: UUID) -> None:
    """Removes the group; its tags stay, without a group."""
    GROUPS.delete(transaction, group_id)


def tags_of_workflows(
    transaction: Transaction, workflow_ids: Sequence[str]
) -> dict[str, list[WorkflowTagResponse]]:
    """Return the tags of each workflow in tag order; an empty list for one without any."""
    groups = _groups_by_id(transaction)
    result: dict[str, list[WorkflowTagResponse]] = {item: [] for item in workflow_ids}
    for row in transaction.connection.execute(_OF_WORKFLOWS, {"ids": workflow_ids}):
        result[row.workflow_id].append(_tag_reply(row, groups))
    return result


def add_tags(transaction: Transaction, workflow_id: str, tag_ids: Iterable[UUID]) -> None:
    """Add tags to a workflow, in turn; each replaces any other tag of its group.

    404 for an unknown tag, 400 for an archived one that the workflow does not have yet.
    """
    for tag_id in tag_ids:
        row = TAGS.row(transaction, tag_id)
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
    """Remove one tag from a workflow; 404 if the workflow does not have it."""
    TAGS.row(transaction, tag_id)
    if not _has_tag(transaction, workflow_id, str(tag_id)):
        raise not_found("tag of this workflow", tag_id)
    transaction.connection.execute(
        delete(workflow_tags).where(
            workflow_tags.c.workflow_id == workflow_id, workflow_tags.c.tag_id == str(tag_id)
        )
    )


def copy_tags(transaction: Transaction, source_id: str, target_id: str) -> None:
    """Replace the target's tags by those of the source, including archived ones."""
    transaction.connection.execute(
        delete(workflow_tags).where(workflow_tags.c.workflow_id == target_id)
    )
    held = select(workflow_tags.c.tag_id).where(workflow_tags.c.workflow_id == source_id)
    for tag_id in transaction.connection.scalars(held).all():
        transaction.connection.execute(
            insert(workflow_tags).values(workflow_id=target_id, tag_id=tag_id)
        )


def _read_tag(transaction: Transaction, tag_id: UUID | str) -> WorkflowTagResponse:
    return _tag_reply(TAGS.row(transaction, tag_id), _groups_by_id(transaction))


def _has_tag(transaction: Transaction, workflow_id: str, tag_id: str) -> bool:
    count = transaction.connection.scalar(
        select(func.count())
        .select_from(workflow_tags)
        .where(workflow_tags.c.workflow_id == workflow_id, workflow_tags.c.tag_id == tag_id)
    )
    return bool(count)


def _groups_by_id(transaction: Transaction) -> dict[str, WorkflowTagGroupResponse]:
    return {row.id: _group_reply(row) for row in GROUPS.rows(transaction)}


def _group_reply(row: Row[Any]) -> WorkflowTagGroupResponse:
    return GROUPS.show(row, order=row.position)


def _tag_reply(
    row: Row[Any],
    groups: Mapping[str, WorkflowTagGroupResponse],
    workflow_count: int | None = None,
) -> WorkflowTagResponse:
    group = None if row.group_id is None else groups[row.group_id]
    return TAGS.show(row, group=group, order=row.position, workflow_count=workflow_count)


def _refuse_taken_name(
    transaction: Transaction, resource: Resource[Any], name: str, own_id: UUID | None
) -> None:
    others = resource.rows(transaction, resource.table.c.name == name)
    if any(row.id != str(own_id) for row in others):
        raise refused(f"a {resource.kind} named `{name}` exists already")


def _next_position(transaction: Transaction, resource: Resource[Any]) -> int:
    """Return the position after the organisation's last row; 0 for the first."""
    rows = resource.rows(transaction)
    return rows[-1].position + 1 if rows else 0


def _reorder_rows(transaction: Transaction, resource: Resource[Any], ids: Sequence[UUID]) -> None:
    """Move the rows `ids` to the front, in this order; the others follow in their previous order.

    404 for an id the organisation does not have (assumption `partial-reorder`).
    """
    table = resource.table
    known = [row.id for row in resource.rows(transaction)]
    wanted = list(dict.fromkeys(map(str, ids)))
    for identifier in wanted:
        if identifier not in known:
            raise not_found(resource.kind, identifier)
    for position, identifier in enumerate(dict.fromkeys([*wanted, *known])):
        transaction.connection.execute(
            update(table).where(table.c.id == identifier).values(position=position)
        )
