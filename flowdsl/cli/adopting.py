"""What a project has of a service already, and the entries by which it takes over more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowdsl.config.load import load_project
from flowdsl.config.project import Environment, Project
from flowdsl.deploy.mark import mark_in
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.source.record import Record
from flowdsl.state.document import refuse_moved
from flowdsl.state.errors import StateError
from flowdsl.state.stores import open_store

from .exit_codes import ACCESS, STATE
from .failure import CommandError
from .importing import continued


class Owned(Record):
    """What a project has in one environment: addresses by id, from its adoptions and from its state.

    `organization` is where its workflows are, None where neither the environment nor the state tells.
    """

    project: Project
    environment: Environment
    addresses: dict[str, str]
    organization: str | None

    def names(self) -> set[str]:
        """The names of its workflows in source, also of those that have left the source."""
        parts = (address.partition(".") for address in self.addresses.values())
        return {name for kind, _, name in parts if kind == "workflow"}

    def check_organization(self, reply: Mapping[str, Any]) -> None:
        """Raise `CommandError` for a workflow of another organisation."""
        found = reply.get("organization_id")
        if None not in (self.organization, found) and found != self.organization:
            raise CommandError(
                f"the API key belongs to the organisation `{printable(str(found))}`, and `{self.environment.name}` is "
                f"deployed to `{self.organization}`; use a key of that organisation",
                ACCESS,
            )

    def address(self, reply: Mapping[str, Any]) -> str | None:
        """The address under which the project has a workflow of the service already."""
        return self.addresses.get(str(reply["id"]).lower())

    def owner(self, reply: Mapping[str, Any]) -> str | None:
        """The project and environment that deployed a workflow, in words; None when it is this one, or nobody knows."""
        mark = mark_in(reply.get("input_schema"))
        own = (self.project.id, self.environment.name)
        if mark is None or (mark.project, mark.environment) == own:
            return None
        return f"`{printable(mark.project)}`, environment `{printable(mark.environment)}`"


def owned(project: Project, environment: Environment, root: str) -> Owned:
    """What the project at `root` has in an environment; raises `CommandError` when its state cannot be read."""
    addresses = {
        each.id.lower(): each.address for each in project.adopt if each.env == environment.name
    }
    organization = environment.organization
    if project.id is not None:
        try:
            store = open_store(
                environment.state or "file",
                root=Path(root),
                project=project.id,
                environment=environment.name,
            )
            versioned = store.load()
            if versioned is not None:
                refuse_moved(versioned.document, store.url)
        except StateError as error:
            raise CommandError(str(error), STATE) from None
        if versioned is not None:
            resources = versioned.document.resources
            addresses |= {resource.id.lower(): address for address, resource in resources.items()}
            organization = organization or versioned.document.organization_id
    return Owned(project, environment, addresses, organization)


def with_adoptions(content: bytes, environment: str, ids: Mapping[str, str]) -> bytes | None:
    """`flowdsl.toml` with an `[[adopt]]` entry at its end for each workflow; None where none can stand there.

    `ids` are those of the service, by the names of the workflows in source.
    """
    lines = []
    for name, workflow_id in sorted(ids.items()):
        entry = {"env": environment, "address": f"workflow.{name}", "id": workflow_id}
        lines += [
            "",
            "[[adopt]]",
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()),
        ]
    grown = continued(content, [line.encode() for line in lines])
    # Behind `adopt = [...]` an array of tables is refused.
    project = load_project(grown.decode("utf-8-sig"), PROJECT_FILE, Sink())
    return None if project is None else grown
