"""Making a lost state anew from what the organisation holds.

A mark says which address a workflow was created for, but whoever duplicates a workflow copies it, so that what is found is
shown to a person before it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowdsl.deploy.engine import journal_of, lease
from flowdsl.deploy.identity import marked_workflows
from flowdsl.deploy.job import Job
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.policy import fingerprint, normalise
from flowdsl.deploy.refresh import refresh
from flowdsl.deploy.resource import Desired, Live
from flowdsl.deploy.survey import Survey, read_state, survey
from flowdsl.state.document import ResourceState, StateDocument


@dataclass(frozen=True, slots=True)
class Recovered:
    """One workflow that state will know. `copies` are ids of others that carry the same mark, as a duplicate does.

    `by` says how it was found: by its `mark`, or in a list of `ids`.
    """

    address: str
    id: str
    name: str
    generation: int
    by: str
    in_source: bool
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What a rebuilt state would hold beside what is in `prior`; `serial` and `lineage` are those of `prior`."""

    prior: StateDocument
    seen: Survey
    recovered: tuple[Recovered, ...]


async def find_state(job: Job, ids: Mapping[str, str]) -> Reconstruction:
    """The workflows of this project that state does not know; nothing is written.

    `ids` maps addresses to ids from a list that was exported earlier; it wins over marks. Raises `Stop`, `StateError` and
    `CyberdeskError`.
    """
    prior = await read_state(job)
    seen = await survey(job, prior)
    tracked = {resource.id for resource in prior.resources.values()}
    adopted = {found.lower() for found in job.target.adopted.values()}
    marked = await marked_workflows(job.client, job.target)
    rows = {one.row.id: one for each in marked.values() for one in each}
    found: dict[str, Recovered] = {}
    for address, each in marked.items():
        if address in job.target.forgotten or any(one.row.id in tracked for one in each):
            continue
        first, *copies = each
        home = _home(address, seen.desired.workflows)
        if first.row.id in adopted or home in prior.resources:
            continue
        found[home] = Recovered(
            home,
            first.row.id,
            first.row.name or "",
            first.mark.generation,
            "mark",
            home in seen.desired.workflows,
            tuple(one.row.id for one in copies),
        )
    for address, live in (await _listed(job, ids)).items():
        if live.id in tracked or address in prior.resources:
            continue
        generation = rows[live.id].mark.generation if live.id in rows else 1
        found = {key: item for key, item in found.items() if item.id != live.id}
        in_source = address in seen.desired.workflows
        found[address] = Recovered(address, live.id, live.name, generation, "ids", in_source)
    return Reconstruction(prior, seen, tuple(found[address] for address in sorted(found)))


async def write_state(job: Job, rebuilt: Reconstruction) -> StateDocument:
    """Write what was found; returns the document. Raises `Stop` where state has changed meanwhile.

    What is there now counts as last applied, so that a later edit elsewhere is noticed, and what differs from the source is
    shown as a change of the source by the next plan.
    """
    prior = rebuilt.prior
    async with lease(job, prior) as (held, document):
        if (document.lineage, document.serial) != (prior.lineage, prior.serial + 1):
            raise Stop(
                Status.CONFLICT,
                "the state was written by somebody else meanwhile; look at it again",
            )
        journal = journal_of(job, held, document)
        for item in rebuilt.recovered:
            live = workflow.live_workflow(await job.client.workflows.get(item.id))
            journal.see_organization(live.organization_id)
            wanted = rebuilt.seen.desired.workflows.get(item.address)
            journal.put(item.address, _resource(item, wanted, live))
        await journal.close()
        return journal.document


def _resource(item: Recovered, wanted: Desired | None, live: Live) -> ResourceState:
    declared = () if wanted is None else wanted.values.keys() & live.values.keys()
    tags = frozenset() if wanted is None else wanted.tags & live.tags.keys()
    return ResourceState(
        id=item.id,
        generation=item.generation,
        name=live.name,
        protect=wanted is not None and wanted.protect,
        applied={
            path: fingerprint(normalise(workflow.POLICIES[path], live.values[path]))
            for path in sorted(declared)
        },
        children=dict(live.children),
        tags=tuple(sorted(tags)),
        renamed_from=None if wanted is None else wanted.renamed_from,
    )


def _home(address: str, wanted: Mapping[str, Desired]) -> str:
    """The address that a workflow has by now: a mark keeps the first one, and the source tells of moves."""
    if address in wanted:
        return address
    return next((new for new, each in wanted.items() if each.renamed_from == address), address)


async def _listed(job: Job, ids: Mapping[str, str]) -> dict[str, Live]:
    """The workflows of an exported list that exist, by address."""
    addresses = {
        workflow_id.lower(): address
        for address, workflow_id in ids.items()
        if address.startswith(f"{workflow.NAME}.")
    }
    live = await refresh(job.client, addresses, concurrency=job.options.concurrency)
    return {addresses[workflow_id]: each for workflow_id, each in live.items()}
