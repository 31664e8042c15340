"""The command `flowdsl recover`: resolves the open writes of an interrupted deploy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from flowdsl.config.address import MODEL, Address, workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.apply.attempt import Attempt
from flowdsl.deploy.apply.prerequisites import create_prerequisites
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.ownership.identity import prove_organization
from flowdsl.deploy.recovery.recover import (
    Unresolved,
    late_writes_over,
    mark_of,
    read_created_workflows,
    read_if_there,
    record_created,
    resolve_pending,
)
from flowdsl.deploy.refresh.refresh import concurrency_of, plan_from, read_prior, refresh
from flowdsl.deploy.refresh.tracked import read_tracked
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.deploy.resources.resource import Live
from flowdsl.diagnostics.suggest import join_names
from flowdsl.state.document import Intent, StateDocument

ACTION = "recover"

Approve = Callable[[Sequence[Intent]], bool]
"""Shows the open writes, and returns whether to resolve them."""


@dataclass(frozen=True, slots=True)
class RecoveryVerdict:
    """The outcome of a write as stated by a person.

    `workflow_id` is that of the workflow that a creation made, or None if it made none. For a
    stray, None means that it will not arrive any more.
    """

    workflow_id: str | None


async def recover(
    job: Job,
    addresses: Collection[str],
    approve: Approve,
    verdict: RecoveryVerdict | None = None,
) -> Outcome:
    """Find out the outcome of the open writes of `addresses`, or of all.

    A `verdict` is about one address. Every expected failure becomes a status with messages, and
    writes that stay unknown stay open (`Status.UNKNOWN`). A creation that is found nowhere is sent
    again, as in a deploy, if the bundle still has the workflow.
    """
    assert verdict is None or len(addresses) == 1, "a person speaks of one workflow"
    attempt = Attempt(job, Progress(job))
    return await attempt.conclude_work(
        _carry_out_recovery(job, attempt, addresses, approve, verdict)
    )


async def _carry_out_recovery(
    job: Job,
    attempt: Attempt,
    addresses: Collection[str],
    approve: Approve,
    verdict: RecoveryVerdict | None,
) -> Status:
    prior = attempt.document = await read_prior(job)
    chosen = _choose_open_writes(job, prior, addresses, verdict)
    if not chosen:
        return Status.NOTHING_TO_DO
    if not approve(chosen):
        raise Stop(Status.DECLINED, "nothing was changed")
    ids = {intent.id for intent in chosen}
    async with attempt.under_lease(prior) as (client, journal, _moved):
        document = journal.document
        still_open = [
            intent for intent in (*document.pending, *document.strays) if intent.id in ids
        ]
        attempt.progress.total = len(still_open)
        if verdict is not None:
            for intent in still_open:
                await _take_word(job, client, journal, attempt.progress, intent, verdict)
        elif still_open:
            await _find_out(job, client, journal, attempt, still_open)
        await journal.close()
    return attempt.status


def _choose_open_writes(
    job: Job, prior: StateDocument, addresses: Collection[str], verdict: RecoveryVerdict | None
) -> list[Intent]:
    """Return the selected open writes; raises `Stop` or `NoSuchAddress` for an unknown address.

    An address whose write was resolved before is accepted, so that the command that a deploy prints
    can be run twice.
    """
    open_still = prior.pending
    if verdict is not None and verdict.workflow_id is None:
        # The next deploy notices by itself when a stray arrives; only a person can say that it will
        # not.
        open_still = (*open_still, *prior.strays)
    in_source = {workflow_address(each.name) for each in job.bundle.workflows}
    pending = {each.address for each in open_still}
    known = in_source | pending | prior.workflows().keys()
    # The error lists the open writes, which helps more than existing addresses. And a verdict may
    # be given twice, when nothing has the address any more.
    if pending or verdict is not None:
        words = {each.name: each for each in known}
        meant = [words.get(each, Address.unchecked(each)) for each in addresses]
    else:
        where = f"the sources or the state of `{job.target.environment}`"
        meant = [address_in(each, known, where) for each in addresses]
    chosen = [each for each in open_still if not meant or each.address in meant]
    for address in sorted(set(meant) - pending) if pending else ():
        if verdict is not None or address not in in_source | prior.resources.keys():
            raise Stop(
                Status.CONFLICT,
                f"no write of `{address}` is open in `{job.target.environment}`; "
                f"open are those of {join_names(pending)}",
            )
    return chosen


async def _find_out(
    job: Job, client: CyberdeskClient, journal: Journal, attempt: Attempt, chosen: list[Intent]
) -> None:
    progress = attempt.progress
    creations = {each.address for each in chosen if each.action == "create"}
    # A creation that is sent again refers to models and pictures, which may have to be created
    # first. Tags are added later.
    narrow = replace(job, options=replace(job.options, only=frozenset(creations)))
    seen = await refresh(narrow, journal.document)
    journal.see_organization(seen.organization_id)
    if creations:
        plan = plan_from(narrow, journal.document, seen)
        models = tuple(each for each in plan.named if each.address.kind == MODEL)
        plan = replace(plan, named=models)
        seen, _ = await create_prerequisites(narrow, client, journal.document, progress, seen, plan)
    if progress.halt_reason:
        for intent in chosen:
            progress.add(intent.address, ACTION, "not_attempted", message=progress.halt_reason)
        return
    unresolved: set[str] = set()

    def failed(intent: Intent, error: CyberdeskError | Unresolved) -> None:
        unresolved.add(intent.id)
        if isinstance(error, CyberdeskError):
            progress.fail(intent.address, ACTION, error)
            return
        attempt.messages.append(_who_can_tell(job, intent))
        progress.add(intent.address, ACTION, "unknown", message=str(error))

    for intent in chosen:
        progress.begin(intent.address, ACTION)
    await resolve_pending(
        job,
        client,
        journal,
        seen.desired.workflows,
        {intent.address for intent in chosen},
        concurrency=concurrency_of(job, journal.document, seen),
        failed=failed,
    )
    open_still = {intent.id for intent in journal.document.pending}
    for intent in chosen:
        if intent.id in open_still - unresolved:
            progress.add(intent.address, ACTION, "not_attempted", message=job.stop())
        elif intent.id not in unresolved:
            finding = _describe_finding(journal.document, intent)
            progress.add(intent.address, ACTION, "performed", *finding)


def _describe_finding(document: StateDocument, intent: Intent) -> tuple[str | None, str]:
    """Return the id of the workflow of a resolved write, and what became of the write."""
    resource = document.resources.get(intent.address)
    stray = next((each for each in document.strays if each.id == intent.id), None)
    if stray is not None:
        until = f"{stray.given_up_at:%H:%M} UTC"
        return stray.resource_id, f"it has not come; until {until} it is known as ours if it does"
    if intent.action == "delete":
        return None, "it was deleted"
    if intent.action == "update":
        return intent.resource_id, "what was changed is recorded"
    if resource is not None and resource.generation == intent.generation:
        return resource.id, f"it is {resource.id}"
    return None, "it was not created, and is not in the source any more"


def _who_can_tell(job: Job, intent: Intent) -> str:
    line = f"flowdsl recover {intent.address} --env {job.target.environment}"
    return (
        f"run `{line}` again once the service answers, or look in the dashboard and say what is "
        f"so: `{line} --id UUID` where the workflow is there, `{line} --absent` where it is not"
    )


async def _take_word(
    job: Job,
    client: CyberdeskClient,
    journal: Journal,
    progress: Progress,
    intent: Intent,
    verdict: RecoveryVerdict,
) -> None:
    """Resolve a write as a person states; raises `Stop` if the service contradicts that."""
    document, address = journal.document, intent.address
    if intent in document.strays:
        journal.give_up(intent)
        said = "it does not come any more"
        progress.add(address, ACTION, "performed", intent.resource_id, said)
        return
    known = document.resources.get(address)
    if intent.action != "create" or (known and known.generation == intent.generation):
        raise Stop(
            Status.CONFLICT,
            f"the open write of `{address}` is a change of "
            f"{intent.resource_id or (known and known.id)}, not a creation; "
            f"`flowdsl recover {address} --env {job.target.environment}` settles it",
        )
    found = None
    if verdict.workflow_id is not None:
        found = await read_if_there(client, verdict.workflow_id)
    await _prove_key_organization(job, client, document, found)
    if verdict.workflow_id is None:
        await late_writes_over(job.runtime)
    if job.stop():
        raise Stop(Status.INTERRUPTED, job.stop())
    marked = (await read_created_workflows(client)).get(mark_of(job.target, intent), [])
    progress.begin(address, ACTION)
    if verdict.workflow_id is None:
        if marked:
            raise Stop(
                Status.CONFLICT,
                f"`{address}` was created: {marked[0]} carries the mark of this creation; "
                f"`flowdsl recover {address} --env {job.target.environment}` records it",
            )
        journal.resolve(intent)
        progress.add(address, ACTION, "performed", message="it was not created")
        return
    if found is None:
        raise Stop(
            Status.CONFLICT,
            f"there is no workflow {verdict.workflow_id} in the organisation of "
            f"`{job.target.environment}`",
        )
    _check_claim(job, document, intent, found, marked)
    record_created(journal, intent, found)
    progress.add(address, ACTION, "performed", found.id, f"it is {found.id}")


def _check_claim(
    job: Job, document: StateDocument, intent: Intent, found: Live, marked: Sequence[str]
) -> None:
    """Raise `Stop` if the workflow `found` is known not to be the intent's."""
    target, address = job.target, intent.address
    owners = {each.id: owner for owner, each in document.resources.items()}
    owners |= {each.lower(): owner for owner, each in target.adopted.items() if owner != address}
    if (owner := owners.get(found.id)) is not None:
        raise Stop(Status.CONFLICT, f"{found.id} is `{owner}`, so it cannot be `{address}` as well")
    if marked and found.id not in marked:
        raise Stop(
            Status.CONFLICT,
            f"{marked[0]} carries the mark of this creation and {found.id} does not; "
            f"`flowdsl recover {address} --env {target.environment}` records the former",
        )
    mark = mark_in(found.values.get("input_schema"))
    ours = (target.project, target.environment, address)
    if mark is not None and (mark.project, mark.environment, mark.address) != ours:
        raise Stop(
            Status.CONFLICT,
            f"{found.id} belongs to `{mark.address}` of project `{mark.project}`, "
            f"environment `{mark.environment}`",
        )


async def _prove_key_organization(
    job: Job, client: CyberdeskClient, document: StateDocument, found: Live | None
) -> None:
    """Raise `Stop` for a key of another organisation, where no workflow would have the mark."""
    tracked = document.workflow_ids()
    live = await read_tracked(client, tracked.values(), concurrency=job.options.concurrency)
    if found is not None:
        live[found.id] = found
    await prove_organization(client, job.target, document, Directory(), live, tracked, ())
