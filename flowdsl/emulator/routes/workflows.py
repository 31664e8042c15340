"""`/v1/workflows`: workflows, their history and which tag is on which."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.resources.included import include_names
from flowdsl.emulator.resources.tags import add_tags, remove_tag, tags_of_workflows
from flowdsl.emulator.resources.workflow_search import (
    WorkflowFilter,
    find_workflows,
    parse_tag_ids,
)
from flowdsl.emulator.resources.workflows import (
    Include,
    create_workflow,
    delete_workflow,
    duplicate_workflow,
    get_workflow,
    merge_workflow,
    update_workflow,
    workflow_replies,
    workflow_row,
    workflow_versions_of,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    AddTagsRequest,
    BulkAddTagsRequest,
    PaginatedResponseWithIncludesWorkflowResponse,
    WorkflowCreate,
    WorkflowDuplicateRequest,
    WorkflowMergeRequest,
    WorkflowResponse,
    WorkflowResponseWithIncludes,
    WorkflowTagResponse,
    WorkflowUpdate,
)
from flowdsl.emulator.wire.values import Limit, OpenObject, Skip

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)


@router.get("")
async def list_workflows(
    transaction: Current,
    search: str | None = None,
    created_at_from: datetime | None = None,
    created_at_to: datetime | None = None,
    updated_at_from: datetime | None = None,
    updated_at_to: datetime | None = None,
    tag_ids: str | None = None,
    include_tags: bool = False,
    include: str | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseWithIncludesWorkflowResponse:
    """One page, newest `updated_at` first; `include` wins over `include_tags`."""
    wanted = WorkflowFilter(
        search=search,
        tag_ids=parse_tag_ids(tag_ids),
        created_at_from=created_at_from,
        created_at_to=created_at_to,
        updated_at_from=updated_at_from,
        updated_at_to=updated_at_to,
    )
    rows, total = find_workflows(transaction, wanted, skip=skip, limit=limit)
    legacy = "tags" if include_tags else None
    tokens = include_names(legacy if include is None else include)
    # A page carries no history (assumption `list-without-history`).
    shown = Include("tags" in tokens, "post_run_checks" in tokens, old_versions=False)
    items = workflow_replies(transaction, rows, shown)
    return PaginatedResponseWithIncludesWorkflowResponse(
        items=items, total=total, skip=skip, limit=limit
    )


@router.post("", status_code=201, name="create_workflow")
async def create(transaction: Current, body: WorkflowCreate) -> WorkflowResponse:
    """Makes a workflow; only `main_prompt` is required."""
    return create_workflow(transaction, body)


@router.get("/{workflow_id}", name="get_workflow")
async def get(
    transaction: Current, workflow_id: UUID, include: str | None = None
) -> WorkflowResponseWithIncludes:
    """One workflow; without `include`, with its tags and checks."""
    tokens = include_names("tags,post_run_checks" if include is None else include)
    shown = Include("tags" in tokens, "post_run_checks" in tokens)
    reply = get_workflow(transaction, workflow_id, shown)
    return WorkflowResponseWithIncludes(**dict(reply))


@router.patch("/{workflow_id}", name="update_workflow")
async def update(transaction: Current, workflow_id: UUID, body: WorkflowUpdate) -> WorkflowResponse:
    """Changes the keys sent and keeps the earlier state as a version."""
    return update_workflow(transaction, workflow_id, body)


@router.delete("/{workflow_id}", status_code=204, name="delete_workflow")
async def delete(transaction: Current, workflow_id: UUID) -> None:
    """Deletes the workflow with everything that belongs to it."""
    delete_workflow(transaction, workflow_id)


@router.get("/{workflow_id}/versions")
async def get_workflow_versions(transaction: Current, workflow_id: UUID) -> list[OpenObject]:
    """The earlier states of a workflow."""
    return workflow_versions_of(transaction, workflow_id)


@router.post("/{workflow_id}/duplicate", status_code=201, name="duplicate_workflow")
async def duplicate(
    transaction: Current, workflow_id: UUID, body: WorkflowDuplicateRequest | None = None
) -> WorkflowResponse:
    """Copies a workflow, with its generated trajectories when asked."""
    with_trajectories = body is not None and body.include_trajectories
    return duplicate_workflow(transaction, workflow_id, with_trajectories=with_trajectories)


@router.post("/{workflow_id}/merge", name="merge_workflow")
async def merge(
    transaction: Current, workflow_id: UUID, body: WorkflowMergeRequest
) -> WorkflowResponse:
    """Puts this workflow's content into the target and deletes this one."""
    return merge_workflow(
        transaction,
        workflow_id,
        body.target_workflow_id,
        with_trajectories=body.copy_trajectories,
    )


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
