"""Finds out what became of a write whose reply was never seen.

The idea: state has an intent of every write before it is sent, and the intent can be recognised in
the service. So after a crash or a lost reply nobody guesses: each open intent is looked for until
its request must have ended (`LATE_WRITES_END`, counted from when nobody sends it any more).

- *A creation* leaves a workflow with the mark of the intent. When no workflow has it at the end,
  the creation is sent again with the same key and the same mark. Either the service knows the key
  and answers with the first reply, or it makes the workflow now: in both cases there is one. When
  that request has no reply either, a few more looks decide, and else the intent stays open
  (`Unresolved`).
- *A change or a deletion* is of a workflow whose id is known. What shows in the workflow is
  recorded as applied. What has not come by the end becomes a stray: it is not waited for again, but
  recognised as ours if it still comes (`late_writes`).

An example. A deploy records the intents 7f3a (create `workflow.intake`) and 90bc (change the prompt
of `workflow.billing`), sends both requests at 12:00 and is killed. The next deploy gets the lease
at 12:05:00, so from then on nobody sends them any more:

    12:05:00  lists the workflows made since 11:55, five minutes early as clocks may differ:
              none has the mark of 7f3a; looks again every two seconds
    12:05:30  the last look, at all workflows: none has the mark
              `billing` is read: it has the prompt of 90bc, which is recorded as applied
              the creation is sent again with the key `7f3a...-create`; the reply names the
              one workflow, and 7f3a is resolved

Had `billing` still had the old prompt, 90bc would be a stray until 12:15:30. When its prompt shows
up at 12:10, that is our own late write and not the edit of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound, ValidationRefused
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.ownership.identity import check_organization
from flowdsl.deploy.recovery.late_writes import (
    GIVEN_UP,
    LATE_WRITES_END,
    POLL_SECONDS,
    apply_arrived_strays,
    find_outstanding_part,
    find_own_deletions,
    record_arrived_part,
    strays_of,
    until_late_writes_end,
)
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.mark import Mark, mark_in
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.deploy.workers import for_each
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import Runtime

LAST_LOOKS = 3
"""The number of looks for a repeated creation before its outcome is called unknown."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the service's clock may be behind ours, for listing workflows by creation time."""


class Unresolved(FlowdslError):
    """It could not be determined whether a creation was carried out."""


def mark_of(target: DeployTarget, intent: Intent) -> Mark:
    """Return the mark that a creation gives to its workflow."""
    return Mark(
        target.project, target.environment, intent.address, intent.generation, intent.short_id
    )


def creation_key(intent: Intent) -> str:
    """Return the idempotency key of a creation, the same whenever the intent is sent again."""
    return f"{intent.id}-create"


async def resolve_pending(
    job: Job,
    client: CyberdeskClient,
    journal: Journal,
    desired: Mapping[Address, Desired],
    addresses: Collection[Address] = (),
    *,
    concurrency: int,
    failed: Callable[[Intent, CyberdeskError | Unresolved], None] | None = None,
) -> list[str]:
    """Resolve every intent that an earlier deploy left open, or those of `addresses`.

    Returns the findings, in a line each; a search is announced by an event before it begins.

    All intents are looked for together, since a deploy that died early leaves one for each
    workflow, and no longer than `LATE_WRITES_END` from now. A change or a deletion that has not
    arrived by then is kept as a stray; one of a workflow that the source does not have is not
    waited for.

    Raises `Unresolved` for a creation that stays unknown, whose intent stays open, and other
    `CyberdeskError`s. With `failed`, that is called with them instead, and the other intents are
    still resolved. When the job is to stop, intents whose outcome is not known yet stay open.
    """
    target, runtime = job.target, job.runtime
    begun = runtime.monotonic()
    found_out: list[str] = []
    failures: list[CyberdeskError | Unresolved] = []
    resources = journal.document.resources
    pending = [
        intent
        for intent in journal.document.pending
        if not addresses or intent.address in addresses
    ]
    known = {
        intent.id: resource
        for intent in pending
        if (resource := resources.get(intent.address)) is not None
        and resource.generation == intent.generation
    }
    lost = [intent for intent in pending if intent.action == "create" and intent.id not in known]
    if lost:
        some = f"`{lost[0].address}`" if len(lost) == 1 else f"{len(lost)} workflows"
        job.ui.event("recovery", message=f"looking for {some}, whose creation had no reply")
    try:
        found = await _find_all(client, target, lost, runtime, begun)
    except CyberdeskError as error:
        if failed is None:
            raise _error_for_unresolved(target, lost[0], error) from None
        for intent in lost:
            failed(intent, _error_for_unresolved(target, intent, error))
        pending = [intent for intent in pending if intent not in lost]
        found = {}
    ids = {
        intent.id: known[intent.id].id if intent.id in known else intent.resource_id
        for intent in pending
    } | found
    in_source = {*desired, *(each.renamed_from for each in desired.values())}
    waiting = [
        (intent, workflow_id)
        for intent in pending
        if intent.address in in_source and (workflow_id := ids[intent.id]) is not None
    ]
    await _wait_for_arrivals(job, client, waiting, begun, concurrency)

    async def resolve(own: CyberdeskClient, intent: Intent) -> None:
        try:
            await resolve_one(own, intent)
        except (CyberdeskError, Unresolved) as error:
            if failed is None:
                failures.append(error)
            else:
                failed(intent, error)

    async def resolve_one(own: CyberdeskClient, intent: Intent) -> None:
        resource = known.get(intent.id)
        wanted = desired.get(intent.address)
        try:
            if resource is None and intent.action == "create":
                created = found.get(intent.id)
                if created is None and wanted is not None:
                    created = await _create_again(own, target, intent, wanted, runtime)
                owner = None if created is None else _find_owner(journal, created)
                if owner not in (None, intent.address):
                    found_out.append(
                        f"`{intent.address}` of the interrupted deploy is {created}, which is "
                        f"`{owner}` now"
                    )
                elif created is not None:
                    resource = ResourceState(
                        id=created,
                        generation=intent.generation,
                        name=intent.name,
                        renamed_from=None if wanted is None else wanted.renamed_from,
                    )
                    found_out.append(f"`{intent.address}` of the interrupted deploy is {created}")
        except ValidationRefused as refused:
            found_out.append(f"`{intent.address}` was not created: {refused}")
        workflow_id = intent.resource_id if resource is None else resource.id
        if workflow_id is not None:
            found_out.extend(
                await _take_over(own, target, journal, intent, resource, workflow_id, runtime)
            )
        journal.resolve(intent)
        await journal.tick()

    await for_each(
        client,
        pending,
        resolve,
        concurrency=concurrency,
        stopped=lambda: bool(failures or job.stop()),
    )
    if failures:
        raise failures[0]
    return sorted(found_out)


def _find_owner(journal: Journal, workflow_id: str) -> Address | None:
    """Return the address that state has a workflow at: it may be adopted since it was created."""
    for address, resource in journal.document.resources.items():
        if resource.id == workflow_id and address.kind == WORKFLOW:
            return address
    return None


async def _wait_for_arrivals(
    job: Job,
    client: CyberdeskClient,
    waiting: list[tuple[Intent, str]],
    begun: float,
    concurrency: int,
) -> None:
    """Read the workflows of open writes until all writes have arrived or the time has expired.

    `waiting` has each write with the id of its workflow.
    """
    told = False
    async for _ in until_late_writes_end(job.runtime, begun, job.stop):
        missing: list[tuple[Intent, str]] = []

        async def look(
            own: CyberdeskClient,
            one: tuple[Intent, str],
            missing: list[tuple[Intent, str]] = missing,
        ) -> None:
            # A workflow that cannot be read now is read again at the end.
            with suppress(CyberdeskError):
                if find_outstanding_part(one[0], await read_if_there(own, one[1])) is None:
                    return
            missing.append(one)

        await for_each(client, waiting, look, concurrency=concurrency)
        waiting = missing
        if not waiting:
            return
        if not told:
            told = True
            some = describe_addresses(intent.address for intent, _ in waiting)
            job.ui.event(
                "recovery",
                message=f"waiting up to {LATE_WRITES_END.seconds} s for the interrupted write of "
                f"{some}: it may still arrive, and would replace what is deployed now",
            )


def describe_addresses(addresses: Iterable[Address]) -> str:
    """Format addresses for a sentence: a single one by its name, several by their number."""
    every = sorted(set(addresses))
    return f"`{every[0]}`" if len(every) == 1 else f"{len(every)} workflows"


async def read_if_there(client: CyberdeskClient, workflow_id: str) -> Live | None:
    """Return the workflow, or None if it does not exist; raises other `CyberdeskError`s."""
    try:
        return await workflow.read(client, workflow_id)
    except NotFound:
        return None


async def find_created(
    client: CyberdeskClient,
    target: DeployTarget,
    intent: Intent,
    wanted: Desired,
    runtime: Runtime,
) -> str:
    """Return the id of the workflow of `intent`, right after the reply to its creation was lost.

    Looks for the mark until the lost request must have ended, then sends the creation again, as the
    module docstring describes. Raises `Unresolved`, and `ValidationRefused` if the service has not
    created the workflow and refuses to.
    """
    try:
        found = await _find_all(client, target, [intent], runtime, runtime.monotonic())
    except CyberdeskError as error:
        raise _error_for_unresolved(target, intent, error) from None
    if intent.id in found:
        return found[intent.id]
    return await _create_again(client, target, intent, wanted, runtime)


async def _find_all(
    client: CyberdeskClient,
    target: DeployTarget,
    intents: Sequence[Intent],
    runtime: Runtime,
    begun: float,
) -> dict[str, str]:
    """Return the ids of the workflows with the marks of creations, by the ids of the intents.

    Looks until every request must have ended that was sent before `begun` (monotonic). The last
    look is at all workflows, whatever our clock says. Raises `CyberdeskError`.
    """
    found: dict[str, str] = {}
    missing = list(intents)
    while missing:
        last = runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds()
        since = None
        with suppress(OverflowError):  # a time at the edge of the calendar excludes nothing
            since = None if last else min(intent.created_at for intent in missing) - CLOCK_SKEW
        marked = await read_created_workflows(client, since)
        for intent in missing:
            if there := marked.get(mark_of(target, intent)):
                found[intent.id] = there[0]
        missing = [intent for intent in missing if intent.id not in found]
        if last or not missing:
            break
        await runtime.sleep(POLL_SECONDS)
    return found


def _error_for_unresolved(
    target: DeployTarget, intent: Intent, error: CyberdeskError
) -> Unresolved:
    return Unresolved(
        f"whether `{intent.address}` was created is not known (intent {intent.short_id}): {error}; "
        f"find out with `flowdsl recover {intent.address} --env {target.environment}`, or deploy "
        "again, which looks for it before anything else"
    )


async def _create_again(
    client: CyberdeskClient,
    target: DeployTarget,
    intent: Intent,
    wanted: Desired,
    runtime: Runtime,
) -> str:
    """Send the creation again; return the workflow's id from the reply or from a last look.

    Raises `Unresolved`, and `ValidationRefused` if the service refuses the request.
    """
    mark = mark_of(target, intent)
    try:
        return await workflow.create(client, wanted, mark=mark, key=creation_key(intent))
    except CyberdeskError as error:
        if isinstance(error, ValidationRefused) and not error.outcome_unknown:
            raise
        for _ in range(LAST_LOOKS if error.outcome_unknown else 0):
            await runtime.sleep(POLL_SECONDS)
            with suppress(CyberdeskError):
                if found := (await read_created_workflows(client)).get(mark):
                    return found[0]
        raise _error_for_unresolved(target, intent, error) from None


async def read_created_workflows(
    client: CyberdeskClient, since: datetime | None = None
) -> dict[Mark, list[str]]:
    """Return the ids of marked workflows by mark, oldest first; `since` bounds the creation time.

    A duplicate made in the dashboard copies the mark, so the oldest workflow is the original.
    """
    earliest = None if since is None else since.strftime("%Y-%m-%dT%H:%M:%SZ")
    listed = await client.workflows.list_all(created_at_from=earliest)
    found: dict[Mark, list[str]] = {}
    for row in sorted(listed, key=lambda row: (row.created_at or "", row.id)):
        mark = mark_in(row.input_schema)
        if mark is not None:
            found.setdefault(mark, []).append(row.id)
    return found


async def late_writes_over(runtime: Runtime) -> None:
    """Wait until every request must have ended that was sent before now."""
    async for _ in until_late_writes_end(runtime, runtime.monotonic()):
        pass


def record_created(journal: Journal, intent: Intent, live: Live) -> None:
    """Record that the creation of an intent made `live`, and resolve the intent."""
    created = ResourceState(id=live.id, generation=intent.generation, name=intent.name)
    journal.see_organization(live.organization_id)
    journal.put(intent.address, _record_interrupted_part(created, intent, live))
    journal.resolve(intent)


async def _take_over(
    client: CyberdeskClient,
    target: DeployTarget,
    journal: Journal,
    intent: Intent,
    resource: ResourceState | None,
    workflow_id: str,
    runtime: Runtime,
) -> list[str]:
    """Record the part of a write that arrived; return lines for people about the rest.

    `resource` is None for the write of an adoption.
    """
    live = await read_if_there(client, workflow_id)
    if live is None:
        if resource is not None and intent.action == "delete":
            journal.drop(intent.address)
        return []
    if live.organization_id is not None:
        left = f"`{intent.address}` was created there as {workflow_id}; delete it in the dashboard"
        check_organization(target, journal.document, {live.organization_id}, left)
    journal.see_organization(live.organization_id)
    if resource is not None and intent.action != "delete":
        journal.put(intent.address, _record_interrupted_part(resource, intent, live))
    rest = find_outstanding_part(intent, live)
    if rest is None:
        return []
    given_up_at = runtime.now() + GIVEN_UP
    rest = rest.replace(resource_id=workflow_id, given_up_at=given_up_at)
    journal.hold(workflow_id, (*strays_of(journal.document, workflow_id), rest))
    return [
        f"the interrupted {WORDS[intent.action]} of `{intent.address}` has not come; should it "
        f"come before {given_up_at:%H:%M} UTC, it is known as ours"
    ]


WORDS = {"create": "tagging", "update": "change", "delete": "deletion"}
"""The word in messages for an open write of an existing workflow, by its action."""


def assume_interrupted_writes(
    document: StateDocument, live: Mapping[str, Live], tracked: Mapping[Address, str]
) -> StateDocument:
    """Return `document` as it will be once the open writes of known workflows are resolved.

    Nothing is written. Otherwise a plan would take the writes of an interrupted deploy for somebody
    else's edit. `tracked` maps the addresses that were read to their ids, and `live` has those of
    these workflows that exist, by id.
    """
    resources = dict(document.resources)
    deleted = find_own_deletions(document)
    for address, workflow_id in tracked.items():
        if workflow_id in deleted and workflow_id not in live:
            resources.pop(address, None)
    for intent in document.pending:
        resource = resources.get(intent.address)
        if (
            resource is not None
            and intent.action != "delete"
            and resource.generation == intent.generation
            and resource.id in live
        ):
            resources[intent.address] = _record_interrupted_part(
                resource, intent, live[resource.id]
            )
    for address, resource in resources.items():
        if resource.id in live and (strays := strays_of(document, resource.id)):
            resources[address], _ = apply_arrived_strays(resource, strays, live[resource.id])
    return document.replace(resources=resources)


def record_arrivals(
    journal: Journal, live: Mapping[str, Live], tracked: Mapping[Address, str]
) -> None:
    """Record which strays have arrived, so that a plan does not take them for edits.

    `live` and `tracked` are as for `assume_interrupted_writes`.
    """
    deleted = find_own_deletions(journal.document)
    for address, workflow_id in tracked.items():
        resource = journal.document.resources.get(address)
        if resource is None or resource.id != workflow_id:
            continue
        if workflow_id not in live:
            if workflow_id in deleted:
                journal.drop(address)
        elif strays := strays_of(journal.document, workflow_id):
            resource, left = apply_arrived_strays(resource, strays, live[workflow_id])
            journal.put(address, resource)
            journal.hold(workflow_id, left)


def _record_interrupted_part(resource: ResourceState, intent: Intent, live: Live) -> ResourceState:
    # Until a deploy has succeeded, the `protect` of the state before counts as well as the one
    # after.
    protect = resource.protect or intent.protect
    return record_arrived_part(resource, intent, live).replace(protect=protect)
