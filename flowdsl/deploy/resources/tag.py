"""Tags and tag groups.

Names of tags are unique in an organisation, and so are those of groups, as far as this relies on
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.config.address import TAG, TAG_GROUP
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.tag import (
    Tag,
    TagCreate,
    TagGroup,
    TagGroupCreate,
    TagGroupPatch,
    TagPatch,
)
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.policy import FieldPolicy, Policies
from flowdsl.deploy.resources.resource import Live

_LABEL = Policies(
    {
        "description": FieldPolicy("null clears; null when absent"),
        "emoji": FieldPolicy("null clears; null when absent"),
        "color": FieldPolicy("null clears; null when absent"),
    }
)


class TagGroupKind:
    """`tag_group.<name>`."""

    name = TAG_GROUP
    policies = _LABEL

    def find(self, directory: Directory, name: str) -> list[Live]:
        return [_live(group, _LABEL) for group in directory.tag_groups if group.name == name]

    async def create(
        self, client: CyberdeskClient, name: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        body = TagGroupCreate.model_validate({"name": name, **values})
        await client.tag_groups.create(body, idempotency_key=key)

    async def update(
        self, client: CyberdeskClient, resource_id: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        body = TagGroupPatch.model_validate(values)
        await client.tag_groups.update(resource_id, body, idempotency_key=key)

    async def delete(self, client: CyberdeskClient, resource_id: str, *, key: str) -> None:
        await client.tag_groups.delete(resource_id, idempotency_key=key)


class TagKind:
    """`tag.<name>`."""

    name = TAG
    policies = Policies(
        {
            **_LABEL,
            "group_id": FieldPolicy("the id of the declared group; null ungroups"),
        }
    )

    def find(self, directory: Directory, name: str) -> list[Live]:
        return [_live(tag, self.policies) for tag in directory.tags if tag.name == name]

    async def create(
        self, client: CyberdeskClient, name: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        body = TagCreate.model_validate({"name": name, **values})
        await client.tags.create(body, idempotency_key=key)

    async def update(
        self, client: CyberdeskClient, resource_id: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        await client.tags.update(resource_id, TagPatch.model_validate(values), idempotency_key=key)

    async def delete(self, client: CyberdeskClient, resource_id: str, *, key: str) -> None:
        await client.tags.delete(resource_id, idempotency_key=key)


def _live(row: Tag | TagGroup, policies: Policies) -> Live:
    return Live(
        id=row.id,
        name=row.name,
        values={path: getattr(row, path) for path in policies},
        remote=row.as_sent(),
        organization_id=row.organization_id,
    )
