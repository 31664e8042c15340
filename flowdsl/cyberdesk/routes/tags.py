"""The routes of tags and tag groups."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.tag import (
    Tag,
    TagCreate,
    TagGroup,
    TagGroupCreate,
    TagGroupPatch,
    TagPatch,
)
from flowdsl.cyberdesk.routes.resource import Create, Patch, Resource, Row


class _Ordered(Resource[Row, Create, Patch]):
    """The routes of resources whose order users define."""

    async def reorder(self, identifiers: Sequence[str], *, idempotency_key: str) -> None:
        """Put the objects into this order."""
        body = {"ids": list(identifiers)}
        reply = await self._sender.write("PUT", f"{self.path}/reorder", idempotency_key, body)
        reply.expect_no_content()


class Tags(_Ordered[Tag, TagCreate, TagPatch]):
    """The routes below `/v1/workflow-tags`, whose list is not paged.

    Deleting a tag removes it from every workflow.
    """

    path, row, patch = "/v1/workflow-tags", Tag, TagPatch

    async def list(self, *, include_archived: bool = False) -> Sequence[Tag]:
        """Return all tags, each with its `workflow_count`; archived ones only when requested."""
        params = {"include_archived": include_archived}
        return (await self._sender.get(self.path, params)).models(Tag)

    async def archive(self, tag_id: str, *, idempotency_key: str) -> Tag:
        """Archive the tag, which stays on its workflows and cannot be added to others."""
        return await self._write("POST", self._one(tag_id, "archive"), idempotency_key)

    async def unarchive(self, tag_id: str, *, idempotency_key: str) -> Tag:
        """Unarchive the tag, which can be added to workflows again."""
        return await self._write("POST", self._one(tag_id, "unarchive"), idempotency_key)


class TagGroups(_Ordered[TagGroup, TagGroupCreate, TagGroupPatch]):
    """The routes below `/v1/workflow-tag-groups`, whose list is not paged.

    Deleting a group leaves its tags without one.
    """

    path, row, patch = "/v1/workflow-tag-groups", TagGroup, TagGroupPatch

    async def list(self) -> Sequence[TagGroup]:
        """Return all groups."""
        return (await self._sender.get(self.path)).models(TagGroup)
