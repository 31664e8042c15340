"""One deploy, from a compiled bundle to an organisation that matches it."""

from __future__ import annotations

from dataclasses import dataclass

from flowdsl.cyberdesk.errors import (
    AuthenticationRefused,
    CyberdeskError,
    UntrustedHost,
    UnusableApiKey,
)
from flowdsl.deploy.apply import Progress, Site, apply_workflows
from flowdsl.deploy.drift import decide
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.named import AmbiguousName, settled
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.plan import Action, Plan, PlanError
from flowdsl.deploy.recover import Unresolved, resolve_pending, with_interrupted_writes
from flowdsl.deploy.supply import supply
from flowdsl.deploy.survey import Survey, plan_from, read_prior, survey
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import Locked, StateError
from flowdsl.state.lease import acquire


@dataclass(slots=True)
class _Record:
    """What there is to report, however the deploy ends."""

    progress: Progress
    plan: Plan | None = None
    document: StateDocument | None = None
    journal: Journal | None = None


async def deploy(job: Job) -> Outcome:
    """Bring the organisation to what the bundle says; every expected failure comes back as a status with messages."""
    record = _Record(
        Progress(lambda result: job.ui.event("apply_result", result=result), job.interrupted)
    )
    messages: tuple[str, ...] = ()
    try:
        status = await _deploy(job, record)
    except Stop as stop:
        status, messages = stop.status, stop.messages
    except (StateError, Unresolved, PlanError, AmbiguousName, CyberdeskError) as error:
        status, messages = _status_of(error, record.progress), (str(error),)
    document = record.document if record.journal is None else record.journal.document
    return Outcome(
        status,
        record.plan,
        tuple(record.progress.results),
        messages,
        None if document is None else document.serial,
        None if document is None else document.organization_id,
    )


async def _deploy(job: Job, record: _Record) -> Status:
    prior = record.document = await read_prior(job)
    seen = await survey(job, prior)
    believed = with_interrupted_writes(prior, seen.live)
    plan = record.plan = decide(job, plan_from(job, believed, seen))
    if plan.is_empty and not prior.pending and prior.lease is None:
        return Status.NOTHING_TO_DO
    _read_secrets(job, plan)
    _ask(job, plan)
    async with acquire(
        job.store,
        prior,
        holder=job.options.holder,
        timeout=job.options.lock_timeout,
        around=job.around,
        waiting=lambda holder, waited: job.ui.event("lock_wait", holder=holder, waited=waited),
    ) as (held, document):
        job.ui.event("lock_acquired")
        journal = record.journal = Journal(held, document, job.around)
        moved = (document.lineage, document.serial) != (prior.lineage, prior.serial + 1)
        if moved or document.pending:
            seen, plan = await _plan_again(job, journal, record.progress, plan)
            record.plan = plan
        journal.see_organization(seen.organization_id)
        seen, plan = await supply(job, journal.document, record.progress, seen, plan)
        _record_what_is_so(journal, plan)
        if not record.progress.halted:
            tag_ids = {tag.name: tag.id for tag in seen.directory.tags}
            site = Site(job.target, tag_ids, journal, job.around)
            await apply_workflows(
                job.client,
                site,
                plan.changes,
                record.progress,
                concurrency=_concurrency(job, journal.document),
            )
        journal.close()
    return record.progress.status if record.progress.results else Status.NOTHING_TO_DO


def _read_secrets(job: Job, plan: Plan) -> None:
    """Read the keys that creations need, so that a missing one is said while nothing has been written."""
    for change in plan.named:
        if change.action == "create":
            job.target.secrets(change.address)


def _concurrency(job: Job, document: StateDocument) -> int:
    """One at a time as long as only a creation can show whether the key is of the organisation that is insisted on."""
    unproven = job.target.organization is not None and document.organization_id is None
    return 1 if unproven else job.options.concurrency


def _ask(job: Job, plan: Plan) -> None:
    """Show the plan and ask; a plan that sends nothing needs neither."""
    if plan.writes:
        job.ui.show_plan(plan)
        if not job.ui.confirm(plan):
            raise Stop(Status.DECLINED, "nothing was changed")


async def _plan_again(
    job: Job, journal: Journal, progress: Progress, shown: Plan
) -> tuple[Survey, Plan]:
    """The plan from state as it is under the lease, with what an earlier deploy left open settled first."""
    seen = await survey(job, journal.document)
    if journal.document.pending:
        count = len(journal.document.pending)
        job.ui.event(
            "recovery",
            message=f"an earlier deploy left {count} writes open; finding out what became of them takes up to 30 s",
        )
        # A creation may have to be sent again, for which everything it refers to must be there.
        plan = plan_from(job, journal.document, seen)
        seen, _ = await supply(job, journal.document, progress, seen, plan)
        if progress.halted:
            raise Stop(progress.status, progress.halted)
        found_out = await resolve_pending(
            job.client, job.target, journal, seen.desired.workflows, job.around
        )
        journal.flush()
        for line in found_out:
            job.ui.event("recovery", message=line)
        seen = await survey(job, journal.document)
    plan = decide(job, plan_from(job, journal.document, seen))
    if plan.digest != shown.digest:
        _ask(job, plan)
    return seen, plan


def _record_what_is_so(journal: Journal, plan: Plan) -> None:
    """Bring state up to what needs no request: moved addresses, resources let go, and values that are as wanted."""
    for change in plan.changes:
        if change.action is Action.FORGET:
            journal.drop(change.address)
        if change.previous_address is not None:
            journal.move(change.previous_address, change.address)
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
            )
            journal.put(change.address, resource)
    for item in plan.named:
        if item.action == "forget":
            journal.drop(item.address)
        elif not item.writes and (known := settled(item)) is not None:
            journal.put(item.address, known)


def _status_of(error: Exception, progress: Progress) -> Status:
    match error:
        case Locked():
            return Status.LOCKED
        case StateError():
            return Status.STATE
        case Unresolved():
            return Status.UNKNOWN
        case AuthenticationRefused() | UntrustedHost() | UnusableApiKey():
            return Status.ACCESS
        case CyberdeskError():
            nothing_sent = not progress.results or progress.status is Status.SERVICE
            return Status.SERVICE if nothing_sent else Status.PARTIAL
        case _:
            return Status.CONFLICT
