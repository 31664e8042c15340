"""`/v1/workflows/.../tags`: which workflow has which tag."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.records.tags import add_tags, remove_tag, tags_of_workflows
from flowdsl.emulator.records.workflows import workflow_row
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import AddTagsRequest, BulkAddTagsRequest, WorkflowTagResponse

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)


@router.post("/bulk/tags", status_code=204)
async def bulk_add_tags_to_workflows(transaction: Current, body: BulkAddTagsRequest) -> None:
    """Adds all the tags to all the workflows, or none."""
    for workflow_id in body.workflow_ids:
        row = workflow_row(transaction, workflow_id)
        add_tags(transaction, row.id, body.tag_ids)


@router.get("/{workflow_id}/tags")
async def get_workflow_tags(transaction: Current, workflow_id: UUID) -> list[WorkflowTagResponse]:
    """The tags of a workflow."""
    row = workflow_row(transaction, workflow_id)
    return tags_of_workflows(transaction, [row.id])[row.id]


@router.post("/{workflow_id}/tags")
async def add_tags_to_workflow(
    transaction: Current, workflow_id: UUID, body: AddTagsRequest
) -> list[WorkflowTagResponse]:
    """Adds tags and returns all the workflow has then."""
    row = workflow_row(transaction, workflow_id)
    add_tags(transaction, row.id, body.tag_ids)
    return tags_of_workflows(transaction, [row.id])[row.id]


@router.delete("/{workflow_id}/tags/{tag_id}", status_code=204)
async def remove_tag_from_workflow(transaction: Current, workflow_id: UUID, tag_id: UUID) -> None:
    """Takes one tag off a workflow."""
    row = workflow_row(transaction, workflow_id)
    remove_tag(transaction, row.id, tag_id)
