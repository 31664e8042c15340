"""`flowdsl tag-groups`: groups of tags; a workflow has at most one tag of each group."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.tag import TagGroup
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import by_id, by_name
from flowdsl.semantics.declarations.wire import is_uuid

from ...views.table import Column, id_column
from .frame.actions import Objects, Row, delete_action, new_key, order_action
from .frame.resource import Resource, fields_of
from .frame.session import Session

FIELDS = ("id", "name", "description", "emoji", "color", "order", "created_at", "updated_at")


async def _list_group_rows(session: Session) -> Sequence[Row]:
    rows = [fields_of(each, *FIELDS) for each in await session.client.tag_groups.list()]
    return sorted(rows, key=lambda row: (row["order"] or 0, row["name"], row["id"]))


async def _find_tag_group(session: Session, word: str) -> TagGroup:
    groups = session.client.tag_groups
    if is_uuid(word):
        return await by_id(groups.get, word, "tag group")
    rows = await groups.list()
    return by_name(rows, word, "tag group", lambda each: each.name, lambda each: each.id)


async def _group_with_tags(session: Session, group: TagGroup) -> Row:
    tags = await session.client.tags.list(include_archived=True)
    names = [fields_of(each, "id", "name") for each in tags if each.group_id == group.id]
    return {**fields_of(group, *FIELDS), "tags": names}


async def _group_details(_session: Session, group: TagGroup) -> Row:
    return fields_of(group, *FIELDS)


async def _delete_group(session: Session, group: TagGroup) -> bool:
    return await session.client.tag_groups.delete(group.id, idempotency_key=new_key())


async def _reorder_groups(session: Session, ids: Sequence[str]) -> None:
    await session.client.tag_groups.reorder(ids, idempotency_key=new_key())


async def _list_groups(session: Session) -> Sequence[TagGroup]:
    return await session.client.tag_groups.list()


TAG_GROUP = Objects(
    "tag group",
    "GROUP",
    _find_tag_group,
    _group_details,
    lambda group: f"{make_printable(group.name)} ({group.id})",
    "flowdsl tag-groups list",
)
TAG_GROUPS = Resource(
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
        order_action(TAG_GROUP, _list_groups, _reorder_groups),
        delete_action(
            TAG_GROUP,
            _delete_group,
            lost="its tags stay, without a group",
            help="delete a group; its tags stay",
        ),
    ),
)

configure, run = TAG_GROUPS.configure, TAG_GROUPS.run
