"""`/v1/workflow-tags`: the organisation's tags."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.records.changes import sent_changes
from flowdsl.emulator.records.ordering import reorder
from flowdsl.emulator.records.tags import create_tag, delete_tag, get_tag, list_tags, update_tag
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.tables import tags
from flowdsl.emulator.wire.models import (
    ReorderRequest,
    WorkflowTagCreate,
    WorkflowTagResponse,
    WorkflowTagUpdate,
)

router = APIRouter(prefix="/v1/workflow-tags", tags=["Workflow Tags"], route_class=StoreRoute)


@router.get("", name="list_tags")
async def list_all(
    transaction: Current, include_archived: bool = False
) -> list[WorkflowTagResponse]:
    """The tags in their order; archived ones only when asked for."""
    return list_tags(transaction, include_archived=include_archived)


@router.post("", status_code=201, name="create_tag")
async def create(transaction: Current, body: WorkflowTagCreate) -> WorkflowTagResponse:
    """Makes a tag."""
    return create_tag(transaction, body.model_dump(mode="json"))


@router.put("/reorder", status_code=204)
async def reorder_tags(transaction: Current, body: ReorderRequest) -> None:
    """Puts the named tags first, in this order."""
    reorder(transaction, tags, "tag", body.ids)


@router.get("/{tag_id}", name="get_tag")
async def get(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """One tag."""
    return get_tag(transaction, tag_id)


@router.patch("/{tag_id}", name="update_tag")
async def update(
    transaction: Current, tag_id: UUID, body: WorkflowTagUpdate
) -> WorkflowTagResponse:
    """Changes the keys sent."""
    changes = sent_changes(body, required=("name",), keep_on_null=("is_archived",))
    return update_tag(transaction, tag_id, changes)


@router.delete("/{tag_id}", status_code=204, name="delete_tag")
async def delete(transaction: Current, tag_id: UUID) -> None:
    """Deletes a tag, on workflows too."""
    delete_tag(transaction, tag_id)


@router.post("/{tag_id}/archive")
async def archive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Hides a tag and keeps it where it is assigned."""
    return update_tag(transaction, tag_id, {"is_archived": True})


@router.post("/{tag_id}/unarchive")
async def unarchive_tag(transaction: Current, tag_id: UUID) -> WorkflowTagResponse:
    """Undoes `archive_tag`."""
    return update_tag(transaction, tag_id, {"is_archived": False})
