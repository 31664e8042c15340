"""The workflows that a project has in one environment, and their current state on the service."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.address import Address, workflow_address
from flowdsl.config.project import Environment, Project
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.planning.desired import find_wanted_lists
from flowdsl.deploy.recovery.recover import assume_interrupted_writes
from flowdsl.deploy.refresh.refresh import state_after_all
from flowdsl.deploy.refresh.tracked import read_tracked
from flowdsl.deploy.resources.directory import Directory, read_directory
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.source.record import Record
from flowdsl.state.document import ResourceState, StateDocument, refuse_moved

from ...runtime.console import CommandError, Console
from ...runtime.engine.deployment import open_state_of, refuse_other_organization, use_service
from ...runtime.exit_codes import STATE
from ...runtime.target import CommandTarget

T = TypeVar("T")

AT_ONCE = 4
"""The maximum number of parallel requests."""


class WantedPull(Record):
    """What the command works on: the project with the environment to pull from, and its service.

    `place` is the target of a deploy to that environment.
    """

    arguments: argparse.Namespace
    console: Console
    target: CommandTarget
    project: Project
    environment: Environment
    options: CompileOptions
    place: DeployTarget

    def ask(self, work: Callable[[CyberdeskClient], Awaitable[T]]) -> T:
        """Return the result of `work` with the client of the service."""
        root = self.target.root
        return use_service(self.arguments, self.console, self.environment, root, work)


class Tracked(Record):
    """The workflows of an environment that are known from state and `[[adopt]]`.

    `ids` maps addresses to lower-case ids of the service. `organization` is None if neither has it.
    """

    document: StateDocument | None
    ids: dict[Address, str]
    organization: str | None

    def prior(self, address: Address) -> ResourceState | None:
        """What was last applied at an address, if anything."""
        return None if self.document is None else self.document.resources.get(address)


class Seen(Record):
    """What the service returned: the existing workflows, by id, and its other objects by name."""

    live: Mapping[str, Live]
    directory: Directory


def find_tracked_workflows(wanted: WantedPull, bundle: Bundle) -> Tracked:
    """Find the ids of the workflows of a bundle in state and `[[adopt]]`.

    Raises `StateError` when state cannot be used or was lost. The service is asked only if there is
    no state.
    """
    project, environment, target = wanted.project, wanted.environment, wanted.place
    document = _read_state_document(wanted, bundle)
    if document is not None and document.api_base != target.api_base:
        raise CommandError(
            f"the state of `{environment.name}` was made at `{document.api_base}` and the "
            f"environment names `{target.api_base}`; ids of one service mean nothing to "
            "another",
            STATE,
        )
    adopted = {each.address: each.id for each in project.adopt if each.env == environment.name}
    resources = {} if document is None else document.resources
    ids: dict[Address, str] = {}
    for artifact in bundle.workflows:
        # Under its former name, if it was renamed.
        for address in map(workflow_address, filter(None, (artifact.name, artifact.renamed_from))):
            workflow_id = resources[address].id if address in resources else adopted.get(address)
            if workflow_id is not None:
                ids[workflow_address(artifact.name)] = workflow_id.lower()
                break
    organization = environment.organization
    if organization is None and document is not None:
        organization = document.organization_id
    return Tracked(document, ids, organization)


def _read_state_document(wanted: WantedPull, bundle: Bundle) -> StateDocument | None:
    """Read the state document; None without one. Raises `Stop` if state was lost."""
    if wanted.project.id is None:
        return None
    store = open_state_of(wanted.environment, wanted.target.root, wanted.project.id)
    versioned = store.load()
    if versioned is None:
        versioned = wanted.ask(lambda client: state_after_all(client, wanted.place, store, bundle))
    if versioned is None:
        return None
    refuse_moved(versioned.document, store.url)
    return versioned.document


def read_workflows_at(
    wanted: WantedPull, known: Tracked, addresses: Sequence[Address], bundle: Bundle
) -> Seen:
    """Read the workflows at some addresses from the service.

    Raises `CommandError` when it belongs to another organisation.
    """
    ids, target = [known.ids[each] for each in addresses], wanted.place
    seen = wanted.ask(lambda client: _read_workflows(client, ids, bundle, target))
    for live in seen.live.values():
        refuse_other_organization(live.organization_id, known.organization, target.environment)
    return seen


async def _read_workflows(
    client: CyberdeskClient, ids: Sequence[str], bundle: Bundle, target: DeployTarget
) -> Seen:
    wanted_lists = replace(
        find_wanted_lists(bundle, target), models=True, tags=False, tag_groups=False
    )
    directory = await read_directory(client, wanted_lists)
    return Seen(await read_tracked(client, ids, concurrency=AT_ONCE), directory)


def resolve_pending_writes(known: Tracked, seen: Seen) -> Tracked:
    """Add to `known` the writes of an interrupted deploy that the service shows to be done."""
    if known.document is None:
        return known
    document = assume_interrupted_writes(known.document, seen.live, {})
    return Tracked(document, known.ids, known.organization)
