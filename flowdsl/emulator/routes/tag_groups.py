"""`/v1/workflow-tag-groups`: groups of tags that exclude each other."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.records.changes import sent_changes
from flowdsl.emulator.records.ordering import reorder
from flowdsl.emulator.records.tag_groups import (
    create_group,
    delete_group,
    get_group,
    list_groups,
    update_group,
)
from flowdsl.emulator.routing import Current, StoreRoute
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


@router.get("", name="list_tag_groups")
async def list_all(transaction: Current) -> list[WorkflowTagGroupResponse]:
    """The groups in their order."""
    return list_groups(transaction)


@router.post("", status_code=201, name="create_tag_group")
async def create(transaction: Current, body: WorkflowTagGroupCreate) -> WorkflowTagGroupResponse:
    """Makes a group."""
    return create_group(transaction, body.model_dump(mode="json"))


@router.put("/reorder", status_code=204)
async def reorder_tag_groups(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named groups first, in this order."""
    reorder(transaction, tag_groups, "tag group", body.ids)


@router.get("/{group_id}", name="get_tag_group")
async def get(transaction: Current, group_id: UUID) -> WorkflowTagGroupResponse:
    """One group."""
    return get_group(transaction, group_id)


@router.patch("/{group_id}", name="update_tag_group")
async def update(
    transaction: Current, group_id: UUID, body: WorkflowTagGroupUpdate
) -> WorkflowTagGroupResponse:
    """Changes the keys sent."""
    return update_group(transaction, group_id, sent_changes(body, required=("name",)))


@router.delete("/{group_id}", status_code=204, name="delete_tag_group")
async def delete(transaction: Current, group_id: UUID) -> None:
    """Deletes a group; its tags stay."""
    delete_group(transaction, group_id)
