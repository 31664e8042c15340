"""Bodies of workflow tags and tag groups."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from flowdsl.emulator.wire.values import (
    Color,
    Description,
    Emoji,
    Name100,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)


class WorkflowTagGroupCreate(RequestModel):
    """A new tag group."""

    name: Name100
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None


class WorkflowTagGroupUpdate(RequestModel):
    """Absent keys stay, null clears."""

    name: Name100 | None = None
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None


class WorkflowTagGroupResponse(ReplyModel):
    """One tag group."""

    name: Name100
    id: ReplyId
    organization_id: str
    order: int
    created_at: ReplyTime
    updated_at: ReplyTime
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None


class WorkflowTagCreate(RequestModel):
    """A new tag."""

    name: Name100
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None
    group_id: UUID | None = None


class WorkflowTagUpdate(RequestModel):
    """Absent keys stay, null clears; null `group_id` ungroups."""

    name: Name100 | None = None
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None
    group_id: UUID | None = None
    is_archived: bool | None = None


class WorkflowTagResponse(ReplyModel):
    """One tag; `workflow_count` is filled in the list of tags only."""

    name: Name100
    id: ReplyId
    organization_id: str
    order: int
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    group_id: ReplyId | None = None
    is_archived: bool = False
    workflow_count: int | None = None
    group: WorkflowTagGroupResponse | None = None


class ReorderRequest(RequestModel):
    """Ids in the wanted order."""

    ids: list[UUID]


class AddTagsRequest(RequestModel):
    """Tags to add to one workflow."""

    tag_ids: Annotated[list[UUID], Field(min_length=1)]


class BulkAddTagsRequest(RequestModel):
    """Tags to add to several workflows."""

    workflow_ids: Annotated[list[UUID], Field(min_length=1)]
    tag_ids: Annotated[list[UUID], Field(min_length=1)]
