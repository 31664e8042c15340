"""`flowdsl tags`: the tags of workflows and their groups."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.runs.names import by_id, by_name, unknown
from flowdsl.semantics.declarations.wire import is_uuid

from ...views.table import Column, id_column
from .frame.actions import (
    Action,
    Ended,
    Objects,
    Row,
    Step,
    add_words,
    change_each,
    deletion,
    new_key,
    ordering,
)
from .frame.resource import Filter, Resource, fields_of
from .frame.session import Session


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


async def _whole(session: Session, tag: Tag) -> Row:
    # Only the list says how many workflows have a tag.
    every = await session.client.tags.list(include_archived=True)
    found = next((each for each in every if each.id == tag.id), tag)
    return _row(found, await _groups(session))


async def _group_id(session: Session, word: str) -> str:
    groups = await _groups(session)
    for identifier, name in groups.items():
        if word in (identifier, name):
            return identifier
    raise unknown(word, "tag group", groups.values())


async def _tag(session: Session, word: str) -> Tag:
    tags = session.client.tags
    if is_uuid(word):
        return await by_id(tags.get, word, "tag")
    every = await tags.list(include_archived=True)
    return by_name(every, word, "tag", lambda each: each.name, lambda each: each.id)


def _label(tag: Tag) -> str:
    return f"{printable(tag.name)} ({tag.id})"


async def _shown(session: Session, tag: Tag) -> Row:
    return _row(tag, await _groups(session))


TAG = Objects("tag", "TAG", _tag, _shown, _label, "flowdsl tags list")


async def _every(session: Session) -> Sequence[Tag]:
    return await session.client.tags.list(include_archived=True)


async def _order(session: Session, ids: Sequence[str]) -> None:
    await session.client.tags.reorder(ids, idempotency_key=new_key())


async def _delete(session: Session, tag: Tag) -> bool:
    return await session.client.tags.delete(tag.id, idempotency_key=new_key())


def _archiving(name: str, archives: bool, help: str) -> Action:
    """`archive` or `unarchive`."""

    async def plan(session: Session, arguments: argparse.Namespace) -> Sequence[Step]:
        tags = session.client.tags
        change = tags.archive if archives else tags.unarchive
        return await change_each(
            session,
            TAG,
            arguments.words,
            lambda tag: bool(tag.is_archived) is archives,
            lambda tag: change(tag.id, idempotency_key=new_key()),
            "archived" if archives else "not archived",
        )

    return Action(name, help, lambda parser: add_words(parser, "TAG"), plan)


def _declare_workflows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tag", metavar="TAG", help="its id, or its name")
    parser.add_argument(
        "words", nargs="+", metavar="WORKFLOW", help="addresses, ids or titles of workflows"
    )


async def _plan_add(session: Session, arguments: argparse.Namespace) -> Sequence[Step]:
    """One request for all workflows that do not have the tag yet."""
    client = session.client
    tag = await _tag(session, arguments.tag)
    named = dict.fromkeys([await session.find_workflow(word) for word in arguments.words])
    wanted = [each for each in named if not await _has(session, each, tag)]
    about = f"{counted(len(named), 'workflow')} with tag {_label(tag)}"
    if not wanted:
        return [Step(about, ended=(await _shown(session, tag), f"{about} already"))]

    async def send() -> Ended:
        await client.workflows.add_tags_to_many(wanted, [tag.id], idempotency_key=new_key())
        return await _shown(session, tag), about

    return [Step(about, send)]


async def _plan_remove(session: Session, arguments: argparse.Namespace) -> Sequence[Step]:
    client = session.client
    tag = await _tag(session, arguments.tag)
    steps: dict[str, Step] = {}
    for word in arguments.words:
        workflow = await session.find_workflow(word)
        about = f"workflow {printable(word)} without tag {_label(tag)}"

        async def send(workflow: str = workflow, about: str = about) -> Ended:
            await client.workflows.remove_tag(workflow, tag.id, idempotency_key=new_key())
            return await _shown(session, tag), about

        if await _has(session, workflow, tag):
            steps[workflow] = Step(about, send)
        else:
            ended = await _shown(session, tag), f"{about} already"
            steps[workflow] = Step(about, ended=ended)
    return list(steps.values())


async def _has(session: Session, workflow: str, tag: Tag) -> bool:
    tags = await by_id(session.client.workflows.tags, workflow, "workflow")
    return any(each.id == tag.id for each in tags)


TAGS = Resource(
    word="tags",
    objects=TAG,
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
    whole=_whole,
    filters=(
        Filter("--archived", "include_archived", "archived ones as well"),
        Filter("--group", "group_id", "those of a group", "GROUP", meaning=_group_id),
    ),
    actions=(
        Action("add", "give workflows a tag", _declare_workflows, _plan_add),
        Action("remove", "take a tag off workflows", _declare_workflows, _plan_remove),
        _archiving("archive", True, "keep a tag where it is, and give it to no other workflow"),
        _archiving("unarchive", False, "let workflows get a tag again"),
        ordering(TAG, _every, _order),
        deletion(
            TAG,
            _delete,
            lost="every workflow loses it",
            help="delete a tag, which all workflows lose",
        ),
    ),
)

configure, run = TAGS.configure, TAGS.run
