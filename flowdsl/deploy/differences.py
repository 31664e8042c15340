"""How the workflows of an environment differ from the source and from the last deploy.

Nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from flowdsl.config.address import Address, workflow_address
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.comparison.edits import Edit, edits_since, tags_taken_off
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.planning.plan import Action, Change
from flowdsl.deploy.recovery.recover import assume_interrupted_writes
from flowdsl.deploy.refresh.refresh import plan_from, read_prior, refresh


@dataclass(frozen=True, slots=True)
class WorkflowDifference:
    """The difference of one workflow.

    `change` says how the service differs from the source; `edits` and `tags_lost` are edits by
    others since the last deploy. `pending` is true if an interrupted deploy left a write of it
    open.
    """

    change: Change
    edits: tuple[Edit, ...]
    tags_lost: tuple[str, ...]
    pending: bool

    @property
    def differs(self) -> bool:
        """Whether there is any difference; none for an unedited workflow that left the source."""
        if self.change.action in (Action.CREATE, Action.MISSING):
            return True
        return bool(self.change.writes or self.edits or self.tags_lost)


async def find_differences(
    job: Job, addresses: Collection[str] = ()
) -> tuple[WorkflowDifference, ...]:
    """Return the workflows of `addresses`, or all, by address, also those without differences.

    Raises `NoSuchAddress`, `Stop`, `PlanError`, `AmbiguousName`, `StateError` and `CyberdeskError`.
    """
    prior = await read_prior(job)
    in_source = {workflow_address(each.name): each for each in job.bundle.workflows}
    tracked = prior.workflows()
    where = f"the sources or the state of `{job.target.environment}`"
    chosen = [address_in(each, {*in_source, *tracked}, where) for each in addresses]
    for address in chosen:
        _refuse_old_name(job, address, in_source.keys())
    part = prior
    if chosen:
        job = replace(job, options=replace(job.options, only=frozenset(chosen)))
        moved = {
            workflow_address(in_source[each].renamed_from or "")
            for each in chosen
            if each in in_source
        }
        read = {
            address: each
            for address, each in prior.resources.items()
            if address in moved or address in chosen
        }
        part = prior.replace(resources=read)
    seen = await refresh(job, part)
    believed = assume_interrupted_writes(prior, seen.live, seen.tracked)
    plan = plan_from(job, believed, seen)
    pending = {intent.address for intent in prior.pending}
    differences = []
    for change in plan.changes:
        edits: tuple[Edit, ...] = ()
        lost: tuple[str, ...] = ()
        if (
            change.prior is not None
            and change.live is not None
            and change.action is not Action.ADOPT
        ):
            edits = edits_since(change.prior, change.live, job.target.ignored)
            lost = tags_taken_off(change.prior, change.live, job.target.ignored)
        differences.append(WorkflowDifference(change, edits, lost, change.address in pending))
    return tuple(differences)


def _refuse_old_name(job: Job, address: Address, in_source: Collection[Address]) -> None:
    if address in in_source:
        return
    for each in job.bundle.workflows:
        if each.renamed_from and workflow_address(each.renamed_from) == address:
            raise Stop(
                Status.CONFLICT,
                f"`{address}` is called `{workflow_address(each.name)}` in the source",
            )
