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
from flowdsl.cyberdesk.transport import Sender, segment

_TAGS = "/v1/workflow-tags"
_GROUPS = "/v1/workflow-tag-groups"


class Tags:
    """The routes below `/v1/workflow-tags`, whose list has no pages."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self, *, include_archived: bool = False) -> Sequence[Tag]:
        """All tags, each with its `workflow_count`; archived ones only when asked for."""
        params = {"include_archived": include_archived}
        return (await self._sender.get(_TAGS, params)).models(Tag)

    async def get(self, tag_id: str) -> Tag:
        """One tag."""
        return (await self._sender.get(f"{_TAGS}/{segment(tag_id)}")).model(Tag)

    async def create(self, tag: TagCreate, *, idempotency_key: str) -> Tag:
        """The new tag."""
        body = tag.to_wire()
        reply = await self._sender.write("POST", _TAGS, idempotency_key, body, once=True)
        return reply.model(Tag)

    async def update(self, tag_id: str, patch: TagPatch, *, idempotency_key: str) -> Tag:
        """The tag after the change."""
        path = f"{_TAGS}/{segment(tag_id)}"
        reply = await self._sender.write("PATCH", path, idempotency_key, patch.to_wire())
        return reply.model(Tag)

    async def archive(self, tag_id: str, *, idempotency_key: str) -> Tag:
        """The tag, which stays on its workflows and can be given to no others."""
        path = f"{_TAGS}/{segment(tag_id)}/archive"
        return (await self._sender.write("POST", path, idempotency_key)).model(Tag)

    async def unarchive(self, tag_id: str, *, idempotency_key: str) -> Tag:
        """The tag, which may be given to workflows again."""
        path = f"{_TAGS}/{segment(tag_id)}/unarchive"
        return (await self._sender.write("POST", path, idempotency_key)).model(Tag)

    async def reorder(self, tag_ids: Sequence[str], *, idempotency_key: str) -> None:
        """Put the tags into this order."""
        path, body = f"{_TAGS}/reorder", {"ids": list(tag_ids)}
        (await self._sender.write("PUT", path, idempotency_key, body)).nothing()

    async def delete(self, tag_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, and taken off every workflow; False when it was already gone."""
        return await self._sender.delete(f"{_TAGS}/{segment(tag_id)}", idempotency_key)


class TagGroups:
    """The routes below `/v1/workflow-tag-groups`, whose list has no pages."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[TagGroup]:
        """All groups."""
        return (await self._sender.get(_GROUPS)).models(TagGroup)

    async def get(self, group_id: str) -> TagGroup:
        """One group."""
        return (await self._sender.get(f"{_GROUPS}/{segment(group_id)}")).model(TagGroup)

    async def reorder(self, group_ids: Sequence[str], *, idempotency_key: str) -> None:
        """Put the groups into this order."""
        path, body = f"{_GROUPS}/reorder", {"ids": list(group_ids)}
        (await self._sender.write("PUT", path, idempotency_key, body)).nothing()

    async def create(self, group: TagGroupCreate, *, idempotency_key: str) -> TagGroup:
        """The new group."""
        body = group.to_wire()
        reply = await self._sender.write("POST", _GROUPS, idempotency_key, body, once=True)
        return reply.model(TagGroup)

    async def update(
        self, group_id: str, patch: TagGroupPatch, *, idempotency_key: str
    ) -> TagGroup:
        """The group after the change."""
        path = f"{_GROUPS}/{segment(group_id)}"
        reply = await self._sender.write("PATCH", path, idempotency_key, patch.to_wire())
        return reply.model(TagGroup)

    async def delete(self, group_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, its tags left without a group; False when it was already gone."""
        return await self._sender.delete(f"{_GROUPS}/{segment(group_id)}", idempotency_key)
