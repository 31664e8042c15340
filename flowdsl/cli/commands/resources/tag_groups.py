"""`flowdsl tag-groups`: groups of tags; a workflow has at most one tag of each group."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.tag import TagGroup

from ...views.table import Column, id_column
from .frame.actions import Objects, Row, delete_action, order_action
from .frame.resource import ResourceCommand, fields_of, row_of
from .frame.session import ResourceSession


async def _list_group_rows(session: ResourceSession) -> Sequence[Row]:
    rows = map(row_of, await session.client.tag_groups.list())
    return sorted(rows, key=lambda row: (row["order"] or 0, row["name"], row["id"]))


async def _group_with_tags(session: ResourceSession, group: TagGroup) -> Row:
    tags = await session.client.tags.list(include_archived=True)
    names = [fields_of(each, "id", "name") for each in tags if each.group_id == group.id]
    return {**row_of(group), "tags": names}


TAG_GROUP = Objects(
    "tag group",
    "GROUP",
    lambda client: client.tag_groups,
    lambda _session, group: row_of(group),
    list_command="flowdsl tag-groups list",
    rows=lambda session: session.client.tag_groups.list(),
)
TAG_GROUPS = ResourceCommand(
    word="tag_groups",
    objects=TAG_GROUP,
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("COLOR", "color", width=16),
        Column("DESCRIPTION", "description"),
    ),
    read=_list_group_rows,
    whole=_group_with_tags,
    actions=(
        order_action(TAG_GROUP),
        delete_action(
            TAG_GROUP,
            lost="its tags stay, without a group",
            help="delete a group; its tags stay",
        ),
    ),
)

configure, run = TAG_GROUPS.configure, TAG_GROUPS.run
