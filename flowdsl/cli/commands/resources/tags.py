"""`flowdsl tags`: the tags of workflows and their groups."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Mapping, Sequence

from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import by_id, error_for_unknown_name

from ...runtime.command_line.options import add_options
from ...views.table import Column, id_column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    add_words,
    change_each,
    delete_action,
    new_key,
    order_action,
    skip_step,
)
from .frame.resource import Filter, ResourceCommand, row_of
from .frame.session import ResourceSession


def _tag_row(tag: Tag, groups: Mapping[str, str]) -> Row:
    return {**row_of(tag), "group": groups.get(tag.group_id or "")}


async def _group_names_by_id(session: ResourceSession) -> Mapping[str, str]:
    return {each.id: each.name for each in await session.client.tag_groups.list()}


async def _list_tag_rows(
    session: ResourceSession, *, include_archived: bool = False, group_id: str | None = None
) -> Sequence[Row]:
    groups = await _group_names_by_id(session)
    tags = await session.client.tags.list(include_archived=include_archived)
    rows = [_tag_row(each, groups) for each in tags if group_id in (None, each.group_id)]
    return sorted(rows, key=lambda row: (row["group"] or "", row["name"], row["id"]))


async def _tag_with_workflows(session: ResourceSession, tag: Tag) -> Row:
    # Only the list contains the number of workflows with a tag.
    every = await session.client.tags.list(include_archived=True)
    listed = next((each for each in every if each.id == tag.id), tag)
    return _tag_row(listed, await _group_names_by_id(session))


async def _group_id(session: ResourceSession, word: str) -> str:
    groups = await _group_names_by_id(session)
    for identifier, name in groups.items():
        if word in (identifier, name):
            return identifier
    raise error_for_unknown_name(word, "tag group", groups.values())


async def _tag_details(session: ResourceSession, tag: Tag) -> Row:
    return _tag_row(tag, await _group_names_by_id(session))


TAG = Objects(
    "tag",
    "TAG",
    lambda client: client.tags,
    _tag_details,
    list_command="flowdsl tags list",
    rows=lambda session: session.client.tags.list(include_archived=True),
)


def _archive_action(name: str, archives: bool, help: str) -> ResourceAction:
    async def plan(session: ResourceSession, arguments: Namespace) -> Steps:
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

    return ResourceAction(name, help, lambda parser: add_words(parser, "TAG"), plan)


def _declare_workflows(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "tag=TAG  its id, or its name")
    add_options(parser, "words=WORKFLOW+  addresses, ids or titles of workflows")


async def _plan_add(session: ResourceSession, arguments: Namespace) -> Steps:
    """Make one request for all workflows that do not have the tag yet."""
    client = session.client
    tag = await TAG.find_one(session, arguments.tag)
    named = dict.fromkeys([await session.find_workflow(word) for word in arguments.words])
    wanted = [each for each in named if not await _has_tag(session, each, tag)]
    about = f"{format_count(len(named), 'workflow')} with tag {TAG.label(tag)}"
    if not wanted:
        return [skip_step(about, await _tag_details(session, tag), "already")]

    async def send() -> Ended:
        await client.workflows.add_tags_to_many(wanted, [tag.id], idempotency_key=new_key())
        return await _tag_details(session, tag), about

    return [ActionStep(about, send)]


async def _plan_remove(session: ResourceSession, arguments: Namespace) -> Steps:
    client = session.client
    tag = await TAG.find_one(session, arguments.tag)
    steps: dict[str, ActionStep] = {}
    for word in arguments.words:
        workflow = await session.find_workflow(word)
        about = f"workflow {make_printable(word)} without tag {TAG.label(tag)}"

        async def send(workflow: str = workflow, about: str = about) -> Ended:
            await client.workflows.remove_tag(workflow, tag.id, idempotency_key=new_key())
            return await _tag_details(session, tag), about

        if await _has_tag(session, workflow, tag):
            steps[workflow] = ActionStep(about, send)
        else:
            steps[workflow] = skip_step(about, await _tag_details(session, tag), "already")
    return list(steps.values())


async def _has_tag(session: ResourceSession, workflow: str, tag: Tag) -> bool:
    tags = await by_id(session.client.workflows.tags, workflow, "workflow")
    return any(each.id == tag.id for each in tags)


TAGS = ResourceCommand(
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
    read=_list_tag_rows,
    whole=_tag_with_workflows,
    filters=(
        Filter("--archived", "include_archived", "archived ones as well"),
        Filter("--group", "group_id", "those of a group", "GROUP", meaning=_group_id),
    ),
    actions=(
        ResourceAction("add", "give workflows a tag", _declare_workflows, _plan_add),
        ResourceAction("remove", "take a tag off workflows", _declare_workflows, _plan_remove),
        _archive_action(
            "archive", True, "keep a tag where it is, and give it to no other workflow"
        ),
        _archive_action("unarchive", False, "let workflows get a tag again"),
        order_action(TAG),
        delete_action(
            TAG,
            lost="every workflow loses it",
            help="delete a tag, which all workflows lose",
        ),
    ),
)

configure, run = TAGS.configure, TAGS.run
