"""Destroys an environment: every workflow that state tracks, then the other managed objects.

A deletion cannot be undone, and also deletes the runs and trajectories of a workflow. So a deletion
requires that state tracks the object, that it was not edited after it was shown, and that a person
consents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from flowdsl.config.address import MODEL, TAG, TAG_GROUP, WORKFLOW, Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.apply.apply import apply_deletions
from flowdsl.deploy.apply.attempt import Attempt
from flowdsl.deploy.apply.operations import WriteContext
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.ownership.identity import prove_organization
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Change, Guard, Plan
from flowdsl.deploy.recovery.recover import resolve_pending
from flowdsl.deploy.refresh.guards import DELETES, MISSING, check_guards, check_protection
from flowdsl.deploy.refresh.impact import study_impact
from flowdsl.deploy.refresh.refresh import read_prior
from flowdsl.deploy.refresh.tracked import read_tracked
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.directory import Directory, WantedLists, read_directory
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.resources.resource import Live
from flowdsl.diagnostics.suggest import join_names
from flowdsl.state.document import ResourceState, StateDocument


async def destroy(job: Job, *, by_hand: bool = False) -> Outcome:
    """Delete the objects that state tracks, or the addresses in `Options.only`.

    Every expected failure becomes a status with messages. `by_hand` is true if `Ui.confirm` has a
    person type what is to be destroyed, which accepts the guard on deletions. The bundle of the job
    is not used. Running it again after any failure continues where it stopped.
    """
    attempt = Attempt(job, Progress(job))
    return await attempt.conclude_work(_carry_out_destroy(job, attempt, by_hand))


async def _carry_out_destroy(job: Job, attempt: Attempt, by_hand: bool) -> Status:
    progress = attempt.progress
    prior = attempt.document = await read_prior(job)
    if not (prior.resources or prior.pending):
        return Status.NOTHING_TO_DO
    job = _reading_only(job, prior)
    plan = attempt.plan = await _plan_destruction(job, prior)
    _require_consent(job, plan, by_hand)
    async with attempt.under_lease(prior) as (client, journal, moved):
        if left_open := journal.document.pending:
            await _resolve_open_writes(job, client, journal)
        if moved or left_open:
            again = await _plan_destruction(job, journal.document)
            if _confirmation_key(again) != _confirmation_key(plan):
                _require_consent(job, again, by_hand)
            plan = attempt.plan = again
        progress.total = len(plan.changes) + len(plan.named)
        _forget_missing(job, attempt, journal, plan)
        concurrency = job.options.concurrency
        context = WriteContext(job.target, {}, journal, job.runtime, {}, progress, concurrency)
        await apply_deletions(client, context, replace(plan, named=()))
        for kinds in ((TAG,), (TAG_GROUP, MODEL)):
            if progress.state_error is not None:
                raise progress.state_error
            await journal.flush()
            unused = await _find_unused_named(job, client, attempt, journal, plan, kinds)
            await apply_deletions(client, context, replace(plan, changes=(), named=unused))
        if progress.state_error is not None:
            raise progress.state_error
        if not journal.document.resources:
            # A later deploy may be of any commit, since nothing of this one remains.
            journal.see_source(None)
        await journal.close()
    return attempt.status


def _reading_only(job: Job, prior: StateDocument) -> Job:
    """Return the job with `only` resolved to full addresses; raises `NoSuchAddress`."""
    known = {*prior.resources, *(intent.address for intent in prior.pending)}
    where = f"the state of `{job.target.environment}`"
    only = frozenset(address_in(each, known, where) for each in sorted(job.options.only))
    return replace(job, options=replace(job.options, only=only))


async def _resolve_open_writes(job: Job, client: CyberdeskClient, journal: Journal) -> None:
    """Resolve the open writes of an interrupted deploy: objects that it created are ours to delete.

    Raises `Unresolved`, and `Stop` if the job ends before all is found out.
    """
    job.ui.event(
        "recovery", message="an earlier deploy left writes open; finding out what became of them"
    )
    try:
        # With nothing desired, no creation is sent again.
        concurrency = job.options.concurrency
        found_out = await resolve_pending(job, client, journal, {}, concurrency=concurrency)
    finally:
        await journal.flush()
    if reason := job.stop():
        raise Stop(Status.INTERRUPTED if job.interrupted() else Status.PARTIAL, reason)
    for line in found_out:
        job.ui.event("recovery", message=line)


async def _plan_destruction(job: Job, prior: StateDocument) -> Plan:
    """Plan the deletions, and find what is already gone.

    Raises `Stop` for a key of another organisation.
    """
    chosen = {
        address: resource
        for address, resource in prior.resources.items()
        if not job.options.only or address in job.options.only
    }
    workflows = {a: each for a, each in chosen.items() if a.kind == WORKFLOW}
    directory = await read_directory(job.client, _lists_to_read(chosen))
    live = await read_tracked(
        job.client, [each.id for each in workflows.values()], concurrency=job.options.concurrency
    )
    there = live.keys() | {
        row.id for rows in (directory.tags, directory.tag_groups, directory.models) for row in rows
    }
    gone = [address for address, each in chosen.items() if each.id not in there]
    await _prove_organization(job, prior, directory, live, workflows, gone)
    changes = tuple(
        Change(
            address,
            Action.DELETE if each.id in live else Action.FORGET,
            each.name,
            prior=each,
            live=live.get(each.id),
        )
        for address, each in sorted(workflows.items())
    )
    named = tuple(
        NamedChange(address, "delete" if each.id in there else "forget", prior=each)
        for kind in NAMED_KIND
        for address, each in sorted(chosen.items())
        if address.kind == kind
    )
    plan = Plan(changes, named, ())
    deletes = len(plan.of(Action.DELETE))
    if deletes:
        told = f"{deletes} of {len(workflows)} workflows would be deleted, with all their runs"
        plan = replace(plan, guards=(Guard(DELETES, deletes, told),))
    impact = await study_impact(job.client, plan, concurrency=job.options.concurrency)
    return replace(plan, impact=impact)


async def _prove_organization(
    job: Job,
    prior: StateDocument,
    directory: Directory,
    live: Mapping[str, Live],
    workflows: Mapping[Address, ResourceState],
    gone: Sequence[str],
) -> None:
    """Raise `Stop` unless the key belongs to the organisation deployed to.

    With a key of another one, everything would seem deleted already, and would be dropped from
    state.
    """
    tracked = {address: each.id for address, each in workflows.items()}
    seen = await prove_organization(
        job.client, job.target, prior, directory, live, tracked, tracked.keys()
    )
    if seen is None and gone and job.options.accepted.get(MISSING) != len(gone):
        raise Stop(
            Status.ACCESS,
            f"{len(gone)} of {len(prior.resources)} tracked objects do not exist in the "
            "organisation of this API key, which holds nothing that shows whose it is; a key of "
            "another organisation looks the same; if they have been deleted, say so with "
            f"`--accept-guard {MISSING}={len(gone)}`",
        )


def _require_consent(job: Job, plan: Plan, by_hand: bool) -> None:
    """Show the plan and ask for confirmation; raises `Stop` when something forbids it.

    A plan that only drops missing objects from state needs no confirmation.
    """
    job.ui.show_plan(plan)
    check_protection(plan, job.target.environment)
    if not by_hand or DELETES in job.options.accepted:
        check_guards(plan, job.options.accepted)
    if plan.writes and not job.ui.confirm(plan):
        raise Stop(Status.DECLINED, "nothing was changed")


def _forget_missing(job: Job, attempt: Attempt, journal: Journal, plan: Plan) -> None:
    """Drop from state what no longer exists, whatever the cause."""
    gone = [change.address for change in plan.of(Action.FORGET)]
    gone += [change.address for change in plan.named if not change.writes]
    for address in gone:
        attempt.progress.begin(address, "forget")
        journal.drop(address)
        attempt.progress.add(address, "forget", "performed")


async def _find_unused_named(
    job: Job,
    client: CyberdeskClient,
    attempt: Attempt,
    journal: Journal,
    plan: Plan,
    kinds: Collection[str],
) -> tuple[NamedChange, ...]:
    """Return the named resources of these kinds that nobody uses once our workflows are gone.

    The others are left, with a result that names their users. When the whole environment is
    destroyed, state drops them.
    """
    progress = attempt.progress
    named = tuple(each for each in plan.named if each.writes and each.address.kind in kinds)
    if not named or progress.halt_reason or not progress.has_only_successes:
        return named
    try:
        tags, rows = await _read_possible_users(client, named)
    except CyberdeskError as error:
        for change in named:
            progress.fail(change.address, "delete", error)
        return ()
    unused = []
    for change in named:
        assert change.prior is not None
        uses = _describe_users(change, change.prior.id, tags, rows)
        if not uses:
            unused.append(change)
            continue
        progress.begin(change.address, "keep")
        if not job.options.only:
            journal.drop(change.address)
        progress.add(change.address, "keep", "performed", change.prior.id, f"is left: {uses}")
    return tuple(unused)


async def _read_possible_users(
    client: CyberdeskClient, named: Collection[NamedChange]
) -> tuple[Sequence[Tag], Sequence[Workflow]]:
    """Return possible users of named resources: tags with counts, groups, workflows."""
    kinds = {change.address.kind for change in named}
    tags = await client.tags.list(include_archived=True) if {TAG, TAG_GROUP} & kinds else ()
    rows = await client.workflows.list_all(include=(workflow.CHECKS,)) if MODEL in kinds else ()
    return tags, rows


def _describe_users(
    change: NamedChange, identifier: str, tags: Sequence[Tag], rows: Sequence[Workflow]
) -> str:
    """Return the users of a named resource, as the end of a sentence; empty if there are none."""
    match change.address.kind:
        case "tag":
            count = next((tag.workflow_count or 0 for tag in tags if tag.id == identifier), 0)
            return f"it is on {_count_other_workflows(count)}" if count else ""
        case "tag_group":
            inside = sorted(tag.name for tag in tags if tag.group_id == identifier)
            return f"it holds {join_names(inside)}" if inside else ""
        case _:
            count = sum(identifier in _models_of(row) for row in rows)
            return f"it is the model of {_count_other_workflows(count)}" if count else ""


def _models_of(row: Workflow) -> set[object]:
    checks = row.post_run_checks or ()
    return {*(row.model_metadata or {}).values(), *(check.model for check in checks)}


def _count_other_workflows(number: int) -> str:
    return f"{number} other workflow" if number == 1 else f"{number} other workflows"


def _confirmation_key(plan: Plan) -> object:
    """Return a key for the plan; while it is unchanged, no new confirmation is needed."""
    return plan.digest, [
        change.live and change.live.remote.get("updated_at") for change in plan.changes
    ]


def _lists_to_read(chosen: Mapping[Address, ResourceState]) -> WantedLists:
    kinds = {address.kind for address in chosen}
    return WantedLists(
        models=MODEL in kinds, tags=bool({TAG, TAG_GROUP} & kinds), tag_groups=TAG_GROUP in kinds
    )
