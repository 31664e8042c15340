"""`flowdsl tags`: the tags of workflows and their groups."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.runs.lookup import NoSuchName, by_name, unknown
from flowdsl.semantics.declarations.wire import is_uuid

from ...runtime.console import Console
from .listing import Filter, Resource, Row, fields_of
from .listing import configure as configure_resource
from .listing import run as run_resource
from .session import Session
from .table import Column, id_column


def _row(tag: Tag, groups: Mapping[str, str]) -> Row:
    return {
        **fields_of(tag, "id", "name", "description", "emoji", "color", "group_id"),
        "group": groups.get(tag.group_id or ""),
        **fields_of(tag, "workflow_count", "is_archived", "order", "created_at", "updated_at"),
    }


async def _groups(session: Session) -> Mapping[str, str]:
    return {each.id: each.name for each in await session.client.tag_groups.list()}


async def _read(
    session: Session, *, include_archived: bool = False, group_id: str | None = None
) -> Sequence[Row]:
    groups = await _groups(session)
    found = await session.client.tags.list(include_archived=include_archived)
    rows = [_row(each, groups) for each in found if group_id in (None, each.group_id)]
    return sorted(rows, key=lambda row: (row["group"] or "", row["name"], row["id"]))


async def _find(session: Session, word: str) -> Row:
    # Only the list says how many workflows have a tag.
    every = await session.client.tags.list(include_archived=True)
    if is_uuid(word):
        found = [each for each in every if each.id == word.lower()]
        if not found:
            raise NoSuchName(f"there is no tag `{word}` in this organisation")
        tag = found[0]
    else:
        tag = by_name(every, word, "tag", lambda each: each.name, lambda each: each.id)
    return _row(tag, await _groups(session))


async def _group_id(session: Session, word: str) -> str:
    groups = await _groups(session)
    for identifier, name in groups.items():
        if word in (identifier, name):
            return identifier
    raise unknown(word, "tag group", groups.values())


TAGS = Resource(
    word="tags",
    kind="tag",
    subject="TAG",
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("GROUP", "group"),
        Column("WORKFLOWS", "workflow_count"),
        Column("ARCHIVED", "is_archived"),
        Column("COLOR", "color", width=16),
        Column("DESCRIPTION", "description"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter("--archived", "include_archived", "archived ones as well"),
        Filter("--group", "group_id", "those of a group", "GROUP", meaning=_group_id),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_resource(TAGS, parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    return run_resource(TAGS, arguments, console)
