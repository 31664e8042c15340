"""Tags and tag groups. Limits: the API reference of `create-tag` and `update-tag-group`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import ReadModel, UuidText, WriteModel

TagName = Annotated[str, Field(min_length=1, max_length=100)]
Description = Annotated[str, Field(max_length=500)]
Emoji = Annotated[str, Field(max_length=10)]
Color = Annotated[str, Field(max_length=20)]


class _LabelStyle(WriteModel):
    description: Description | None = None
    emoji: Emoji | None = None
    color: Color | None = None


class _LabelCreate(_LabelStyle):
    name: TagName


class _LabelPatch(_LabelStyle):
    name: TagName = ""


class _TagLabel(ReadModel):
    id: str
    name: str
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    order: int | None = None
    organization_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class TagGroupCreate(_LabelCreate):
    """The body of `POST /v1/workflow-tag-groups`."""


class TagGroupPatch(_LabelPatch):
    """The body of `PATCH /v1/workflow-tag-groups/{id}`: absent is unchanged, null clears."""


class TagGroup(_TagLabel):
    """A group of tags of which a workflow has at most one."""


class TagCreate(_LabelCreate):
    """The body of `POST /v1/workflow-tags`; tag names are unique in the organisation."""

    group_id: UuidText | None = None


class TagPatch(_LabelPatch):
    """The body of `PATCH /v1/workflow-tags/{id}`.

    A null `group_id` removes the tag from its group.
    """

    group_id: UuidText | None = None
    is_archived: bool = False


class Tag(_TagLabel):
    """A tag in a reply; only the list of all tags fills `workflow_count`."""

    group_id: str | None = None
    group: TagGroup | None = None
    is_archived: bool | None = None
    workflow_count: int | None = None
