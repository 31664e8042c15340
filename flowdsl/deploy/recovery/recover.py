"""Finding out what became of a write whose reply was never seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound, ValidationRefused
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.ownership.identity import check_organization
from flowdsl.deploy.recovery.late_writes import (
    GIVEN_UP,
    LATE_WRITES_END,
    POLL_SECONDS,
    deleted_by_us,
    left_of,
    overtaken,
    strays_of,
    until_late_writes_end,
    with_done,
)
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.mark import Mark, mark_in
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.target import Target
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import Runtime

LAST_LOOKS = 3
"""How often to look for what a repeated creation may have made, before its outcome is called unknown."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the service's clock may be behind ours, when workflows are listed by their creation time."""


class Unresolved(Exception):
    """It is not known whether a creation happened, and it could not be found out."""


def mark_of(target: Target, intent: Intent) -> Mark:
    """The mark that the workflow of a creation carries."""
    return Mark(target.project, target.environment, intent.address, intent.generation, intent.short)


def creation_key(intent: Intent) -> str:
    """The idempotency key of a creation, the same whenever this intent is sent again."""
    return f"{intent.id}-create"


async def resolve_pending(
    client: CyberdeskClient,
    target: Target,
    journal: Journal,
    desired: Mapping[Address, Desired],
    runtime: Runtime,
    tell: Callable[[str], None] = lambda _line: None,
    addresses: Collection[Address] = (),
    *,
    concurrency: int = 4,
    failed: Callable[[Intent, CyberdeskError | Unresolved], None] | None = None,
    stopped: Callable[[], object] = lambda: False,
) -> list[str]:
    """Settle every intent that an earlier deploy left, or those of `addresses`; returns what was found out, one line each.

    `tell` hears of the search before it begins. Everything is looked for at once, since a deploy that died early leaves
    one intent for each, and no longer than `LATE_WRITES_END` from now on, when nobody sends it any more. A change or a deletion that
    has not come by then is kept as a stray; where the source does not have the workflow, nobody waits for one. Raises
    `Unresolved` for a creation that stays unknown; its intent stays pending. Other `CyberdeskError`s pass. With `failed`, that
    hears of them instead, and the others are settled all the same. When `stopped`, what has not been found out stays pending.
    """
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
        tell(f"looking for {some}, whose creation had no reply")
    try:
        found = await _find_all(client, target, lost, runtime, begun)
    except Unresolved as unresolved:
        if failed is None:
            raise
        for intent in lost:
            failed(intent, unresolved)
        pending = [intent for intent in pending if intent not in lost]
        found = {}
    ids = {
        intent.id: known[intent.id].id if intent.id in known else intent.resource_id
        for intent in pending
    } | found
    in_source = {*desired, *(each.renamed_from for each in desired.values())}
    await _wait_for_all(
        client,
        [(intent, ids[intent.id]) for intent in pending if intent.address in in_source],
        runtime,
        begun,
        tell,
        stopped,
        concurrency,
    )

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
                if created is not None:
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
        stopped=lambda: bool(failures or stopped()),
    )
    if failures:
        raise failures[0]
    return sorted(found_out)


async def _wait_for_all(
    client: CyberdeskClient,
    intents: Sequence[tuple[Intent, str | None]],
    runtime: Runtime,
    begun: float,
    tell: Callable[[str], None],
    stopped: Callable[[], object],
    concurrency: int,
) -> None:
    """Look at workflows, given with the writes to them, until all of these have come or need not be waited for any more."""
    waiting = [(intent, each) for intent, each in intents if each is not None]
    told = False
    async for _ in until_late_writes_end(runtime, begun, stopped):
        missing: list[tuple[Intent, str]] = []

        async def look(
            own: CyberdeskClient,
            one: tuple[Intent, str],
            missing: list[tuple[Intent, str]] = missing,
        ) -> None:
            # What cannot be read is read once more in the end.
            with suppress(CyberdeskError):
                if left_of(one[0], await read_if_there(own, one[1])) is None:
                    return
            missing.append(one)

        await for_each(client, waiting, look, concurrency=concurrency)
        waiting = missing
        if not waiting:
            return
        if not told:
            told = True
            some = named(intent.address for intent, _ in waiting)
            tell(
                f"waiting up to {LATE_WRITES_END.seconds} s for the interrupted write of {some}: it may still be on its way, and "
                "would replace what is deployed now"
            )


def named(addresses: Iterable[Address]) -> str:
    """Addresses in a sentence: one by its name, many by their number."""
    every = sorted(set(addresses))
    return f"`{every[0]}`" if len(every) == 1 else f"{len(every)} workflows"


async def read_if_there(client: CyberdeskClient, workflow_id: str) -> Live | None:
    """The workflow, None where there is none; raises other `CyberdeskError`s."""
    try:
        return await workflow.read(client, workflow_id)
    except NotFound:
        return None


async def find_created(
    client: CyberdeskClient,
    target: Target,
    intent: Intent,
    wanted: Desired,
    runtime: Runtime,
) -> str:
    """The id of the workflow that `intent` makes, whether it has been made or not, after its reply was lost just now.

    Looks for the mark until the lost request must have ended. Then it sends the creation again with its own key and mark:
    that is answered with the first reply, or makes the only workflow. Where that has no reply either, it looks once more.
    Raises `Unresolved`, and `ValidationRefused` when the service has not made it and refuses to.
    """
    found = await _find_all(client, target, [intent], runtime, runtime.monotonic())
    if intent.id in found:
        return found[intent.id]
    return await _create_again(client, target, intent, wanted, runtime)


async def _find_all(
    client: CyberdeskClient,
    target: Target,
    intents: Sequence[Intent],
    runtime: Runtime,
    begun: float,
) -> dict[str, str]:
    """The workflows that carry the marks of creations, ids by those of the intents; raises `Unresolved`.

    Looks until every request must have ended that was sent before `begun` (monotonic), the last time among all workflows,
    whatever our clock says.
    """
    found: dict[str, str] = {}
    missing = list(intents)
    while missing:
        last = runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds()
        since = None if last else min(intent.created_at for intent in missing) - CLOCK_SKEW
        try:
            marked = await created_workflows(client, since)
        except CyberdeskError as error:
            raise _unresolved(target, missing[0], error) from None
        for intent in missing:
            if there := marked.get(mark_of(target, intent)):
                found[intent.id] = there[0]
        missing = [intent for intent in missing if intent.id not in found]
        if last or not missing:
            break
        await runtime.sleep(POLL_SECONDS)
    return found


def _unresolved(target: Target, intent: Intent, error: CyberdeskError) -> Unresolved:
    return Unresolved(
        f"whether `{intent.address}` was created is not known (intent {intent.short}): {error}; find out with "
        f"`flowdsl recover {intent.address} --env {target.environment}`, or deploy again, which looks for it before "
        "anything else"
    )


async def _create_again(
    client: CyberdeskClient,
    target: Target,
    intent: Intent,
    wanted: Desired,
    runtime: Runtime,
) -> str:
    """The id of the workflow after one more attempt, by its reply or by a last look.

    Raises `Unresolved`, and `ValidationRefused` when that is the answer.
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
                if found := (await created_workflows(client)).get(mark):
                    return found[0]
        raise _unresolved(target, intent, error) from None


async def created_workflows(
    client: CyberdeskClient, since: datetime | None = None
) -> dict[Mark, list[str]]:
    """The ids of the workflows that carry a mark, by mark, the oldest first; `since` is a time of creation.

    A duplicate made in the dashboard copies a mark, so that the oldest is meant.
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
    """Record that `live` is what the creation of an intent made, and settle it."""
    created = ResourceState(id=live.id, generation=intent.generation, name=intent.name)
    journal.see_organization(live.organization_id)
    journal.put(intent.address, _with_done(created, intent, live))
    journal.resolve(intent)


async def _take_over(
    client: CyberdeskClient,
    target: Target,
    journal: Journal,
    intent: Intent,
    resource: ResourceState | None,
    workflow_id: str,
    runtime: Runtime,
) -> list[str]:
    """Record what has come of a write; returns what there is to say of it. `resource` is None for one of an adoption."""
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
        journal.put(intent.address, _with_done(resource, intent, live))
    rest = left_of(intent, live)
    if rest is None:
        return []
    given_up_at = runtime.now() + GIVEN_UP
    rest = rest.replace(resource_id=workflow_id, given_up_at=given_up_at)
    journal.hold(workflow_id, (*strays_of(journal.document, workflow_id), rest))
    return [
        f"the interrupted {WORDS[intent.action]} of `{intent.address}` has not come; should it come before "
        f"{given_up_at:%H:%M} UTC, it is known as ours"
    ]


WORDS = {"create": "tagging", "update": "change", "delete": "deletion"}
"""What an open write of a workflow that exists is called."""


def with_interrupted_writes(
    document: StateDocument, live: Mapping[str, Live], tracked: Mapping[Address, str]
) -> StateDocument:
    """`document` as it will be once the writes whose workflow is known are settled; nothing is written.

    Without it, a plan would take what an interrupted deploy did get done, or does later, for somebody else's edit. `live` are
    the workflows that exist, by id, of those that were looked at, which `tracked` maps addresses to.
    """
    resources = dict(document.resources)
    deleted = deleted_by_us(document)
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
            resources[intent.address] = _with_done(resource, intent, live[resource.id])
    for address, resource in resources.items():
        if resource.id in live and (strays := strays_of(document, resource.id)):
            resources[address], _ = overtaken(resource, strays, live[resource.id])
    return document.replace(resources=resources)


def record_arrivals(
    journal: Journal, live: Mapping[str, Live], tracked: Mapping[Address, str]
) -> None:
    """Record what has come of the strays, so that a plan made from `journal.document` does not take it for an edit.

    `live` and `tracked` are as for `with_interrupted_writes`.
    """
    deleted = deleted_by_us(journal.document)
    for address, workflow_id in tracked.items():
        resource = journal.document.resources.get(address)
        if resource is None or resource.id != workflow_id:
            continue
        if workflow_id not in live:
            if workflow_id in deleted:
                journal.drop(address)
        elif strays := strays_of(journal.document, workflow_id):
            resource, left = overtaken(resource, strays, live[workflow_id])
            journal.put(address, resource)
            journal.hold(workflow_id, left)


def _with_done(resource: ResourceState, intent: Intent, live: Live) -> ResourceState:
    # Until a deploy has gone well, what either of them protects is protected.
    protect = resource.protect or intent.protect
    return with_done(resource, intent, live).replace(protect=protect)
