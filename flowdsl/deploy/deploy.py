"""One deploy, from a compiled bundle to an organisation that matches it.

`_carry_out_deploy` is the whole sequence: read state, plan, ask, take the lease, resolve the open
writes of earlier deploys, create prerequisites, apply.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.apply.apply import apply_deletions, apply_workflows
from flowdsl.deploy.apply.attempt import Attempt
from flowdsl.deploy.apply.lateness import describe_strays, look_for_strays
from flowdsl.deploy.apply.operations import WriteContext
from flowdsl.deploy.apply.prerequisites import create_prerequisites
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.apply.source_maps import keeping_source_maps
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.ownership.identity import refuse_untracked
from flowdsl.deploy.planning.named import resulting_state
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.deploy.recovery.recover import (
    WORDS,
    assume_interrupted_writes,
    record_arrivals,
    resolve_pending,
)
from flowdsl.deploy.refresh.guards import (
    check_guards,
    check_protection,
    check_source,
    decide_on_drift,
)
from flowdsl.deploy.refresh.refresh import (
    Refreshed,
    concurrency_of,
    full_plan,
    is_unproven,
    plan_from,
    read_prior,
    refresh,
)
from flowdsl.state.document import StateDocument


@dataclass(frozen=True, slots=True)
class PlannedDeploy:
    """The result of planning a deploy.

    `plan` was made from the state `prior` and from the service's replies in `seen`.
    """

    prior: StateDocument
    seen: Refreshed
    plan: Plan


async def plan_deployment(job: Job) -> PlannedDeploy:
    """Plan a deploy, without writing anything and without the lease.

    Raises `Stop`, `PlanError`, `AmbiguousName`, `StateError` and `CyberdeskError`.
    """
    planned = await _prepare_deploy(job, await read_prior(job))
    plan = planned.plan
    notes = (*plan.notes, *describe_strays(job, planned.prior, planned.seen))
    return replace(planned, plan=replace(plan, notes=notes))


async def deploy(job: Job) -> Outcome:
    """Make the organisation match the bundle.

    Every expected failure becomes a status with messages.
    """
    attempt = Attempt(job, Progress(job))
    return await attempt.conclude_work(_carry_out_deploy(job, attempt))


async def _prepare_deploy(job: Job, prior: StateDocument) -> PlannedDeploy:
    seen = await refresh(job, prior)
    believed = assume_interrupted_writes(prior, seen.live, seen.tracked)
    return PlannedDeploy(prior, seen, await full_plan(job, believed, seen))


async def _carry_out_deploy(job: Job, attempt: Attempt) -> Status:
    progress = attempt.progress
    prior = attempt.document = await read_prior(job)
    planned = await _prepare_deploy(job, prior)
    job.approve(planned)
    plan = attempt.plan = _check_planned(job, planned)
    if plan.is_empty and not prior.pending and prior.lease is None:
        attempt.notes = describe_strays(job, prior, planned.seen)
        return Status.PARTIAL if attempt.notes else Status.NOTHING_TO_DO
    _read_secrets(job, plan)
    _ask_for_confirmation(job, plan)
    async with attempt.under_lease(prior) as (client, journal, moved):
        seen = planned.seen
        if moved or journal.document.pending:
            seen, plan = await _plan_again(job, client, journal, progress, plan)
            attempt.plan = plan
        else:
            _take_in_strays(job, journal, seen)
        if moved or prior.serial > 0:
            await refuse_untracked(
                job.client,
                job.target,
                job.store.url,
                journal.document,
                plan,
                {address: each.renamed_from for address, each in seen.desired.workflows.items()},
            )
        journal.see_organization(seen.organization_id)
        progress.total = _count_operations(plan)
        seen, plan = await create_prerequisites(
            job,
            client,
            journal.document,
            progress,
            seen,
            plan,
            abandoned=journal.has_abandoned_lease,
        )
        async with keeping_source_maps(job, plan, journal):
            _record_what_is_so(journal, plan)
            context = WriteContext(
                job.target,
                {tag.name: tag.id for tag in seen.directory.tags},
                journal,
                job.runtime,
                _losing_approval(job, plan),
                progress,
                concurrency_of(job, journal.document, seen),
                unproven=is_unproven(job, journal.document, seen),
            )
            await apply_workflows(client, context, plan.changes)
            await apply_deletions(client, context, plan)
            if progress.state_error is not None:
                raise progress.state_error
            if progress.has_only_successes and plan.whole:
                journal.see_source(job.source)
            if not progress.displaced:
                attempt.notes = await look_for_strays(job, client, journal, seen)
            await journal.close()
    if any(result.outcome == "not_attempted" for result in progress.results):
        attempt.messages.append(f"not all was begun: {progress.halt_reason}")
    well = attempt.status in (Status.DONE, Status.NOTHING_TO_DO)
    return Status.PARTIAL if attempt.notes and well else attempt.status


def _check_planned(job: Job, planned: PlannedDeploy) -> Plan:
    """Return the plan to carry out after deciding on drift; raises `Stop` if a check forbids it."""
    plan = planned.plan
    try:
        if not plan.is_empty:
            check_source(job, planned.prior.source)
        check_protection(plan, job.target.environment)
        check_guards(plan, job.options.accepted)
    except Stop:
        job.ui.show_plan(plan)
        raise
    return decide_on_drift(job, plan)


def _count_operations(plan: Plan) -> int:
    """Return the number of objects that the plan writes."""
    changes = sum(change.writes for change in plan.changes)
    return changes + sum(change.writes for change in plan.named) + len(plan.uploads)


def _losing_approval(job: Job, plan: Plan) -> dict[str, tuple[str, ...]]:
    if not job.options.unapprove:
        return {}
    return {
        change.prior.id: tuple(each.id for each in plan.impact[change.address].trajectories)
        for change in plan.of(Action.UPDATE, Action.ADOPT)
        if change.prior is not None and change.address in plan.impact
    }


def _read_secrets(job: Job, plan: Plan) -> None:
    """Read the keys that creations need, so that a missing one is reported before any write."""
    for change in plan.named:
        if change.action == "create":
            job.target.secrets(change.address)


def _ask_for_confirmation(job: Job, plan: Plan) -> None:
    """Show the plan and ask for confirmation; a plan that sends nothing needs neither."""
    if plan.writes:
        job.ui.show_plan(plan)
        if not job.ui.confirm(plan):
            raise Stop(Status.DECLINED, "nothing was changed")


async def _plan_again(
    job: Job, client: CyberdeskClient, journal: Journal, progress: Progress, shown: Plan
) -> tuple[Refreshed, Plan]:
    """Refresh and plan again under the lease, after resolving the open writes.

    Checks the new plan, and asks again if it differs from the one that was shown.
    """
    seen = await refresh(job, journal.document)
    if addresses := _to_resolve(job, journal.document, seen):
        await resolve_open_writes(job, client, journal, progress, seen, addresses)
        seen = await refresh(job, journal.document)
    _take_in_strays(job, journal, seen)
    planned = PlannedDeploy(journal.document, seen, await full_plan(job, journal.document, seen))
    job.approve(planned)
    plan = _check_planned(job, planned)
    if plan.digest != shown.digest:
        _ask_for_confirmation(job, plan)
    return seen, plan


def _take_in_strays(job: Job, journal: Journal, seen: Refreshed) -> None:
    """Record which strays have arrived, and drop those whose time has expired."""
    record_arrivals(journal, seen.live, seen.tracked)
    now = job.runtime.now()
    for stray in journal.document.strays:
        if stray.given_up_at is not None and stray.given_up_at <= now:
            journal.give_up(stray)
            job.ui.event(
                "recovery",
                message=f"the {WORDS[stray.action]} of `{stray.address}`, begun "
                f"{stray.created_at:%Y-%m-%d %H:%M} UTC, never came and is given up",
            )


def _to_resolve(job: Job, document: StateDocument, seen: Refreshed) -> frozenset[Address]:
    """Return the addresses whose open writes this deploy resolves.

    With `--only` these are its workflows, including their old names. Resolving a creation may send
    it again with the current source, which nobody has requested for other workflows.
    """
    addresses = frozenset(intent.address for intent in document.pending)
    if not job.options.only:
        return addresses
    workflows = (seen.desired.workflows.get(address) for address in job.options.only)
    before = {each.renamed_from for each in workflows if each is not None and each.renamed_from}
    return addresses & (job.options.only | before)


async def resolve_open_writes(
    job: Job,
    client: CyberdeskClient,
    journal: Journal,
    progress: Progress,
    seen: Refreshed,
    addresses: Collection[Address],
) -> None:
    """Find out the outcome of the open writes of `addresses`, and record it.

    Raises `Stop`, `Unresolved` and `CyberdeskError`.
    """
    count = sum(intent.address in addresses for intent in journal.document.pending)
    job.ui.event(
        "recovery",
        message=f"an earlier deploy left {count} writes open; finding out what became of them "
        "takes up to 30 s",
    )
    # A creation may have to be sent again, and everything it refers to must exist for that. Updates
    # wait until they have been shown.
    plan = plan_from(job, journal.document, seen)
    plan = replace(plan, named=tuple(each for each in plan.named if each.action == "create"))
    seen, _ = await create_prerequisites(
        job, client, journal.document, progress, seen, plan, abandoned=journal.has_abandoned_lease
    )
    if progress.halt_reason:
        raise Stop(progress.status, progress.halt_reason)
    try:
        concurrency = concurrency_of(job, journal.document, seen)
        found_out = await resolve_pending(
            job, client, journal, seen.desired.workflows, addresses, concurrency=concurrency
        )
    finally:
        if progress.sent:
            progress.unreachable_only = False
        await journal.flush()
    if reason := job.stop():
        raise Stop(Status.INTERRUPTED if job.interrupted() else Status.PARTIAL, reason)
    for line in found_out:
        job.ui.event("recovery", message=line)


def _record_what_is_so(journal: Journal, plan: Plan) -> None:
    """Record in state what needs no request.

    These are moved addresses, resources that are released, and values that are already as desired.
    """
    journal.move(
        (change.previous_address, change.address)
        for change in plan.changes
        if change.previous_address is not None
    )
    for change in plan.changes:
        if change.action is Action.FORGET:
            journal.drop(change.address)
        difference = change.difference
        if change.writes or change.prior is None or change.desired is None or difference is None:
            continue
        if change.changes_state:
            resource = change.prior.replace(
                name=change.desired.name,
                protect=change.desired.protect,
                applied=dict(difference.applied),
                dropped=dict(difference.dropped),
                children=dict(difference.children),
                tags=tuple(sorted(difference.tags)),
                source_map=change.desired.source_map,
                renamed_from=change.desired.renamed_from,
            )
            journal.put(change.address, resource)
    for item in plan.named:
        if item.action == "forget":
            journal.drop(item.address)
        elif not item.writes and (known := resulting_state(item)) is not None:
            journal.put(item.address, known)
