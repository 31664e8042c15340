"""What a project has of a service already, and the `[[adopt]]` entries by which it takes more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowdsl.config.address import WORKFLOW, Address, workflow_address
from flowdsl.config.load import load_project
from flowdsl.config.project import Environment, Project
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.ownership.identity import lost_state, marked_in
from flowdsl.deploy.resources.mark import Mark, mark_in
from flowdsl.deploy.target import target_of
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.source.record import Record
from flowdsl.state.document import StateDocument, refuse_moved

from ...runtime.engine.deployment import open_state_of
from ...runtime.exit_codes import ACCESS, STATE
from ...runtime.failure import CommandError
from ...runtime.rewrites import continued


class Owned(Record):
    """What a project has in one environment.

    - `addresses`: by id of the service, from its adoptions and its state.
    - `organization`: where its workflows are; None where neither environment nor state tells.
    - `state`, `where`: the state document, if there is one, and the address of its store.
    """

    project: Project
    environment: Environment
    addresses: dict[str, Address]
    organization: str | None
    state: StateDocument | None
    where: str

    def names(self) -> set[str]:
        """The names of its workflows, also of those that have left the source."""
        return {each.name for each in self.addresses.values() if each.kind == WORKFLOW}

    def check_organization(self, reply: Mapping[str, Any]) -> None:
        """Raise `CommandError` for a workflow of another organisation."""
        found = reply.get("organization_id")
        if None not in (self.organization, found) and found != self.organization:
            raise CommandError(
                (
                    f"the API key belongs to the organisation `{printable(str(found))}`, and "
                    f"`{self.environment.name}` is deployed to `{self.organization}`; use a key "
                    "of that organisation"
                ),
                ACCESS,
            )

    def address(self, reply: Mapping[str, Any]) -> Address | None:
        """The address of a workflow of the service that the project has already; else None."""
        return self.addresses.get(str(reply["id"]).lower())

    def unknown(self, replies: Iterable[Mapping[str, Any]]) -> dict[str, Mark]:
        """The marks, by id, of workflows that this project deployed but does not know any more.

        Nothing in the project gives them an address or forgets them on purpose.
        """
        own = (self.project.id, self.environment.name)
        forgotten = {entry.address for entry in self.project.removed if entry.mode == "forget"}
        found: dict[str, Mark] = {}
        for reply in replies:
            mark = mark_in(reply.get("input_schema"))
            if mark is None or (mark.project, mark.environment) != own:
                continue
            if self.address(reply) is None and mark.address not in forgotten:
                found[str(reply["id"])] = mark
        return found

    def lost(self, unknown: Mapping[str, Mark], rows: Sequence[Workflow]) -> dict[str, Mark]:
        """Those of `unknown` that are not copies, so that the state has lost them.

        A workflow that was duplicated in the dashboard has the mark of its original. `rows` are all
        workflows of the organisation. Raises `CommandError` where there is no state: it is lost as
        a whole then.
        """
        if self.state is None:
            raise self._lost_state(rows)
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
        """Whether the workflow was created anew since, so that this is a copy of the former one."""
        last = None if self.state is None else self.state.resources.get(mark.address)
        return last is not None and mark.generation < last.generation

    def _lost_state(self, rows: Sequence[Workflow]) -> CommandError:
        assert self.project.id is not None
        api_base = self.environment.api.rstrip("/")
        target = target_of(self.project, self.project.id, self.environment, api_base=api_base)
        marked = marked_in([row for row in rows if row.id not in self.addresses], target)
        left = {each: found for each, found in marked.items() if each not in target.forgotten}
        return CommandError("; ".join(lost_state(target, self.where, left).messages), STATE)

    def owner(self, reply: Mapping[str, Any]) -> str | None:
        """The project and environment that deployed a workflow, in words.

        None when it is this one, or when nobody knows.
        """
        mark = mark_in(reply.get("input_schema"))
        own = (self.project.id, self.environment.name)
        if mark is None or (mark.project, mark.environment) == own:
            return None
        return f"`{printable(mark.project)}`, environment `{printable(mark.environment)}`"


def owned(project: Project, environment: Environment, root: str) -> Owned:
    """What the project at `root` has in an environment.

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


def with_adoptions(content: bytes, environment: str, ids: Mapping[str, str]) -> bytes | None:
    """`flowdsl.toml` with an `[[adopt]]` entry at its end for each workflow.

    `ids` are those of the service, by the names of the workflows in source. None when no such entry
    can stand there.
    """
    lines = []
    for name, workflow_id in sorted(ids.items()):
        entry = {"env": environment, "address": workflow_address(name), "id": workflow_id}
        lines += [
            "",
            "[[adopt]]",
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()),
        ]
    grown = continued(content, [line.encode() for line in lines])
    # Behind `adopt = [...]` an array of tables is refused.
    project = load_project(grown.decode("utf-8-sig"), PROJECT_FILE, Sink())
    return None if project is None else grown
