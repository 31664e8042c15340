"""Reconstructs a lost or old state from the workflows of the organisation.

`ownership.matching` finds the workflows. A person is shown the result before it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.deploy.apply.attempt import hold_environment_lease, is_moved
from flowdsl.deploy.comparison.diff import is_ignored
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.ownership.found import Matches, Recovered
from flowdsl.deploy.ownership.identity import check_organization
from flowdsl.deploy.ownership.matching import match_workflows
from flowdsl.deploy.refresh.refresh import read_state, refresh
from flowdsl.deploy.refresh.tracked import read_tracked
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.state.document import ResourceState, StateDocument
from flowdsl.state.ids import IdList


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """The additions of a rebuilt state to `prior` (serial 0 without a state).

    `resources` are those of `matches.recovered`, by address. `organization_id` is that of all of
    them, as far as it is known.
    """

    prior: StateDocument
    matches: Matches
    resources: Mapping[Address, ResourceState]
    organization_id: str | None

    @property
    def document(self) -> StateDocument:
        """`prior` with the found resources added."""
        return _complete_document(self.prior, self)


async def find_state(job: Job, ids: IdList | None = None) -> Reconstruction:
    """Find the workflows of this project that state does not know; nothing is written.

    `ids` is a list that was exported earlier; it takes precedence over marks. The live values count
    as last applied: so a later edit elsewhere is drift, and any difference from the source now is a
    change of the source. Raises `Stop`, `StateError` and `CyberdeskError`.
    """
    prior = await read_state(job)
    seen = await refresh(job, prior)
    concurrency = job.options.concurrency
    given: Mapping[Address, str] = {} if ids is None else ids.ids
    workflow_ids = {found.lower() for address, found in given.items() if address.kind == WORKFLOW}
    listed = await read_tracked(job.client, workflow_ids, concurrency=concurrency)
    matches = match_workflows(
        job.target,
        prior,
        seen.desired.workflows,
        await job.client.workflows.list_all(),
        seen.live.keys(),
        given,
        listed,
    )
    live = await read_tracked(
        job.client, {item.id for item in matches.recovered}, concurrency=concurrency
    )
    if gone := [item for item in matches.recovered if item.id not in live]:
        raise Stop(
            Status.CONFLICT,
            f"`{gone[0].address}` ({gone[0].id}) was deleted while this looked at it; "
            "nothing was written; look again",
        )
    organization = _find_organization(job, prior, ids, live.values(), seen.organization_id)
    resources = {
        item.address: _rebuild_resource(
            item,
            None if item.wanted is None else seen.desired.workflows.get(item.wanted),
            live[item.id],
            job.target.ignored,
        )
        for item in matches.recovered
    }
    return Reconstruction(prior, matches, resources, organization)


async def write_state(job: Job, rebuilt: Reconstruction) -> StateDocument:
    """Write the found resources and return the document.

    Raises `StateError`, and `Stop` if state has changed meanwhile.
    """
    prior = rebuilt.prior
    # Without a state, the first write has everything: half a state would look complete.
    first = rebuilt.document if prior.serial == 0 else prior
    async with hold_environment_lease(job, first) as (held, document):
        if is_moved(prior, document):
            raise Stop(
                Status.CONFLICT,
                "the state was written by somebody else meanwhile; nothing "
                "was added to it; look at it again",
            )
        return await held.release(_complete_document(document, rebuilt))


def _complete_document(document: StateDocument, rebuilt: Reconstruction) -> StateDocument:
    return document.replace(
        resources={**document.resources, **rebuilt.resources},
        organization_id=document.organization_id or rebuilt.organization_id,
    )


def _find_organization(
    job: Job,
    prior: StateDocument,
    ids: IdList | None,
    live: Iterable[Live],
    seen: str | None,
) -> str | None:
    """Return the organisation of all found workflows; raises `Stop` if another one is expected."""
    organizations = {each.organization_id for each in live if each.organization_id}
    organizations |= {seen} if seen else set()
    listed = None if ids is None else ids.organization_id
    expected = prior.organization_id or listed
    check_organization(job.target, prior.replace(organization_id=expected), organizations)
    return min(organizations, default=None)


def _rebuild_resource(
    item: Recovered, wanted: Desired | None, live: Live, ignored: frozenset[str]
) -> ResourceState:
    values = {} if wanted is None else wanted.values
    declared = {
        path for path in values.keys() & live.values.keys() if not is_ignored(path, ignored)
    }
    tags = frozenset() if wanted is None or "tags" in ignored else wanted.tags & live.tags.keys()
    return ResourceState(
        id=item.id,
        generation=item.generation,
        name=live.name,
        protect=wanted is not None and wanted.protect,
        applied={
            path: fingerprint(normalise_value(workflow.POLICIES[path], live.values[path]))
            for path in sorted(declared)
        },
        children=dict(live.children),
        tags=tuple(sorted(tags)),
        # A workflow that is not yet at its address in source is moved there by the next deploy.
        renamed_from=wanted.renamed_from
        if wanted is not None and wanted.address == item.address
        else None,
    )
