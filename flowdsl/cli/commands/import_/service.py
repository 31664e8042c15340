"""Workflows of a service: resolves the ones a command line selects, and reads each in full."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowdsl.config.address import WORKFLOW, Address, workflow_address
from flowdsl.config.load import load_project
from flowdsl.config.project import Environment, Project
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.ownership.identity import group_marked_workflows, stop_for_lost_state
from flowdsl.deploy.resources.mark import Mark, mark_in
from flowdsl.deploy.target import target_of
from flowdsl.deploy.workers import for_each
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.source.record import Record
from flowdsl.state.document import StateDocument, refuse_moved

from ...runtime.console import CommandError
from ...runtime.engine.deployment import open_state_of, refuse_other_organization
from ...runtime.exit_codes import CONFLICT, STATE
from ...runtime.rewrites import append_lines

AT_ONCE = 8
"""The maximum number of parallel requests."""


class WorkflowSelection(Record):
    """Workflows with these ids, or with all of these tags; all workflows if both are empty."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


async def fetch_workflows(
    client: CyberdeskClient, selection: WorkflowSelection, environment: str
) -> list[dict[str, Any]]:
    """Fetch the selected workflows, each with its checks and tags.

    Raises `CommandError` when one of them does not exist, and when there are none.
    """
    if selection.ids:
        return await _by_id(client, selection.ids, environment)
    rows = await client.workflows.list_all(include=("tags",))
    if selection.tags:
        wanted = set(selection.tags)
        rows = [row for row in rows if wanted <= {tag.name for tag in row.tags or ()}]
    if not rows:
        raise await _no_workflow_error(client, selection.tags, environment)
    replies = await _read_replies(client, [row.id for row in rows])
    # A workflow that was deleted after it was listed is left out.
    return [reply for reply in replies if reply is not None]


async def _by_id(
    client: CyberdeskClient, ids: Sequence[str], environment: str
) -> list[dict[str, Any]]:
    replies = await _read_replies(client, ids)
    missing = [each for each, reply in zip(ids, replies, strict=True) if reply is None]
    if missing:
        raise CommandError(
            f"the organisation of `{environment}` has no workflow with the id "
            f"{join_names(missing)}",
            CONFLICT,
        )
    return [reply for reply in replies if reply is not None]


async def _no_workflow_error(
    client: CyberdeskClient, tags: Sequence[str], environment: str
) -> CommandError:
    if not tags:
        return CommandError(f"the organisation of `{environment}` has no workflow", CONFLICT)
    existing = [make_printable(tag.name) for tag in await client.tags.list(include_archived=True)]
    unknown = [tag for tag in tags if tag not in existing]
    if not unknown:
        every = "all of the tags" if len(tags) > 1 else "the tag"
        return CommandError(
            f"no workflow in the organisation of `{environment}` carries {every} "
            f"{join_names(tags)}",
            CONFLICT,
        )
    nearest = find_closest_name(unknown[0], existing)
    if nearest is not None:
        known = f"a tag named `{nearest}` exists"
    else:
        known = f"there are {join_names(existing)}" if existing else "it has no tags"
    return CommandError(
        f"the organisation of `{environment}` has no tag `{unknown[0]}`; {known}", CONFLICT
    )


async def _read_replies(client: CyberdeskClient, ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The reply for each id; None where there is no such workflow."""
    replies: dict[str, dict[str, Any]] = {}

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        try:
            replies[workflow_id] = (await own.workflows.get(workflow_id)).as_sent()
        except NotFound:
            return

    await for_each(client, dict.fromkeys(ids), read, concurrency=AT_ONCE)
    return [replies.get(each) for each in ids]


class Owned(Record):
    """The workflows that a project already has in one environment.

    - `addresses`: by workflow id, from `[[adopt]]` and state.
    - `organization`: the organisation of the workflows; None if neither environment nor state has
      it.
    - `state`, `where`: the state document, if there is one, and the address of its store.
    """

    project: Project
    environment: Environment
    addresses: dict[str, Address]
    organization: str | None
    state: StateDocument | None
    where: str

    def names(self) -> set[str]:
        """The names of its workflows, including those that were removed from the source."""
        return {each.name for each in self.addresses.values() if each.kind == WORKFLOW}

    def check_organization(self, reply: Mapping[str, Any]) -> None:
        """Raise `CommandError` for a workflow of another organisation."""
        organization = reply.get("organization_id")
        refuse_other_organization(organization, self.organization, self.environment.name)

    def address(self, reply: Mapping[str, Any]) -> Address | None:
        """The address of a workflow of the service if the project already has it; else None."""
        return self.addresses.get(str(reply["id"]).lower())

    def unknown(self, replies: Iterable[Mapping[str, Any]]) -> dict[str, Mark]:
        """The marks, by id, of workflows that this project deployed but that it no longer tracks.

        Workflows that a `[[removed]]` entry forgets on purpose are left out.
        """
        own = (self.project.id, self.environment.name)
        forgotten = {entry.address for entry in self.project.removed if entry.mode == "forget"}
        marks: dict[str, Mark] = {}
        for reply in replies:
            mark = mark_in(reply.get("input_schema"))
            if mark is None or (mark.project, mark.environment) != own:
                continue
            if self.address(reply) is None and mark.address not in forgotten:
                marks[str(reply["id"])] = mark
        return marks

    def lost(self, unknown: Mapping[str, Mark], rows: Sequence[Workflow]) -> dict[str, Mark]:
        """Those of `unknown` that are not copies, so they are missing from the state.

        A workflow that was duplicated in the dashboard has the mark of its original. `rows` are all
        workflows of the organisation. Raises `CommandError` if there is no state: then it is lost
        as a whole.
        """
        if self.state is None:
            raise self._error_for_lost_state(rows)
        tracked = {resource.id for resource in self.state.resources.values()}
        known = {
            mark
            for row in rows
            if (mark := mark_in(row.input_schema)) is not None
            and (row.id in tracked or self.addresses.get(row.id) == mark.address)
        }
        return {
            workflow_id: mark
            for workflow_id, mark in unknown.items()
            if mark not in known and not self._is_outlived(mark)
        }

    def _is_outlived(self, mark: Mark) -> bool:
        """Whether the workflow was recreated since, so that this is a copy of an earlier one."""
        last = None if self.state is None else self.state.resources.get(mark.address)
        return last is not None and mark.generation < last.generation

    def _error_for_lost_state(self, rows: Sequence[Workflow]) -> CommandError:
        assert self.project.id is not None
        api_base = self.environment.api.rstrip("/")
        target = target_of(self.project, self.project.id, self.environment, api_base=api_base)
        marked = group_marked_workflows(
            [row for row in rows if row.id not in self.addresses], target
        )
        left = {each: found for each, found in marked.items() if each not in target.forgotten}
        return CommandError(
            "; ".join(stop_for_lost_state(target, self.where, left).messages), STATE
        )

    def owner(self, reply: Mapping[str, Any]) -> str | None:
        """Describe the other project and environment that deployed a workflow.

        None if it is this one, or if it is not known.
        """
        mark = mark_in(reply.get("input_schema"))
        own = (self.project.id, self.environment.name)
        if mark is None or (mark.project, mark.environment) == own:
            return None
        return f"`{make_printable(mark.project)}`, environment `{make_printable(mark.environment)}`"


def read_owned_workflows(project: Project, environment: Environment, root: str) -> Owned:
    """Read which workflows the project at `root` has in an environment.

    Raises `StateError` when its state cannot be read.
    """
    addresses = {
        each.id.lower(): each.address for each in project.adopt if each.env == environment.name
    }
    organization = environment.organization
    document, where = None, ""
    if project.id is not None:
        store = open_state_of(environment, root, project.id)
        where, versioned = store.url, store.load()
        if versioned is not None:
            document = versioned.document
            refuse_moved(document, where)
    if document is not None:
        resources = document.resources
        addresses |= {resource.id.lower(): address for address, resource in resources.items()}
        organization = organization or document.organization_id
    return Owned(project, environment, addresses, organization, document, where)


def append_adoptions(content: bytes, environment: str, ids: Mapping[str, str]) -> bytes | None:
    """Append an `[[adopt]]` entry for each workflow to `flowdsl.toml`.

    `ids` maps names of workflows in source to ids of the service. Returns None when the file cannot
    hold such entries.
    """
    lines = []
    for name, workflow_id in sorted(ids.items()):
        entry = {"env": environment, "address": workflow_address(name), "id": workflow_id}
        lines += [
            "",
            "[[adopt]]",
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()),
        ]
    grown = append_lines(content, [line.encode() for line in lines])
    # TOML does not allow an array of tables after `adopt = [...]`.
    project = load_project(grown.decode("utf-8-sig"), PROJECT_FILE, Sink())
    return None if project is None else grown
