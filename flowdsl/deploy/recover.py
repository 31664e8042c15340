"""Finding out what became of a write whose reply was never seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound, ValidationRefused
from flowdsl.deploy.identity import check_organization
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.mark import Mark, mark_in
from flowdsl.deploy.policy import fingerprint, normalise
from flowdsl.deploy.resource import Desired, Live
from flowdsl.deploy.target import Target
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import Surroundings

SETTLING = timedelta(seconds=30)
"""How long a request without a reply may take to arrive, to be carried out and to be seen in lists, all together.

It is counted on our own clock from when we know that nobody sends it any more: from the lost reply, or from when the lease
became ours. When it was sent, nobody knows who finds the intent of another process.
"""

POLL_SECONDS = 2.0
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
    desired: Mapping[str, Desired],
    around: Surroundings,
    tell: Callable[[str], None] = lambda _line: None,
    addresses: Collection[str] = (),
    *,
    concurrency: int = 4,
    failed: Callable[[Intent, CyberdeskError | Unresolved], None] | None = None,
) -> list[str]:
    """Settle every intent that an earlier deploy left, or those of `addresses`; returns what was found out, one line each.

    `tell` hears of the search before it begins. All creations are looked for at once, since a deploy that died early leaves
    one intent for each. Raises `Unresolved` for a creation that stays unknown; its intent stays pending. Other
    `CyberdeskError`s pass. With `failed`, that hears of them instead, and the others are settled all the same.
    """
    begun = around.monotonic()
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
        found = await _find_all(client, target, lost, around, begun)
    except Unresolved as unresolved:
        if failed is None:
            raise
        for intent in lost:
            failed(intent, unresolved)
        pending = [intent for intent in pending if intent.id in known]
        found = {}

    async def settle(own: CyberdeskClient, intent: Intent) -> None:
        try:
            await settle_one(own, intent)
        except (CyberdeskError, Unresolved) as error:
            if failed is None:
                failures.append(error)
            else:
                failed(intent, error)

    async def settle_one(own: CyberdeskClient, intent: Intent) -> None:
        resource = known.get(intent.id)
        wanted = desired.get(intent.address)
        try:
            if resource is None and intent.action == "create":
                created = found.get(intent.id)
                if created is None and wanted is not None:
                    created = await _create_again(own, target, intent, wanted, around)
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
        if resource is not None:
            await _take_over(own, target, journal, intent, resource)
        journal.settle(intent)
        await journal.tick()

    await for_each(client, pending, settle, concurrency=concurrency, stopped=lambda: bool(failures))
    if failures:
        raise failures[0]
    return sorted(found_out)


async def find_created(
    client: CyberdeskClient,
    target: Target,
    intent: Intent,
    wanted: Desired,
    around: Surroundings,
) -> str:
    """The id of the workflow that `intent` makes, whether it has been made or not, after its reply was lost just now.

    Looks for the mark until the lost request must have ended. Then it sends the creation again with its own key and mark:
    that is answered with the first reply, or makes the only workflow. Where that has no reply either, it looks once more.
    Raises `Unresolved`, and `ValidationRefused` when the service has not made it and refuses to.
    """
    found = await _find_all(client, target, [intent], around, around.monotonic())
    if intent.id in found:
        return found[intent.id]
    return await _create_again(client, target, intent, wanted, around)


async def _find_all(
    client: CyberdeskClient,
    target: Target,
    intents: Sequence[Intent],
    around: Surroundings,
    begun: float,
) -> dict[str, str]:
    """The workflows that carry the marks of creations, ids by those of the intents; raises `Unresolved`.

    Looks until every request must have ended that was sent before `begun` (monotonic), the last time among all workflows,
    whatever our clock says.
    """
    found: dict[str, str] = {}
    missing = list(intents)
    while missing:
        last = around.monotonic() - begun >= SETTLING.total_seconds()
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
        await around.sleep(POLL_SECONDS)
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
    around: Surroundings,
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
            await around.sleep(POLL_SECONDS)
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


async def settled_time(around: Surroundings) -> None:
    """Wait until every request must have ended that was sent before now."""
    begun = around.monotonic()
    while around.monotonic() - begun < SETTLING.total_seconds():
        await around.sleep(POLL_SECONDS)


def record_created(journal: Journal, intent: Intent, live: Live) -> None:
    """Record that `live` is what the creation of an intent made, and settle it."""
    created = ResourceState(id=live.id, generation=intent.generation, name=intent.name)
    journal.see_organization(live.organization_id)
    journal.put(intent.address, _with_done(created, intent, live))
    journal.settle(intent)


async def _take_over(
    client: CyberdeskClient,
    target: Target,
    journal: Journal,
    intent: Intent,
    resource: ResourceState,
) -> None:
    try:
        live = await workflow.read(client, resource.id)
    except NotFound:
        return
    if live.organization_id is not None:
        left = f"`{intent.address}` was created there as {resource.id}; delete it in the dashboard"
        check_organization(target, journal.document, {live.organization_id}, left)
    journal.see_organization(live.organization_id)
    journal.put(intent.address, _with_done(resource, intent, live))


def with_interrupted_writes(document: StateDocument, live: Mapping[str, Live]) -> StateDocument:
    """`document` as it will be once the intents whose workflow is known are settled; nothing is written.

    Without it, a plan would take what an interrupted deploy did get done for somebody else's edit.
    """
    resources = dict(document.resources)
    for intent in document.pending:
        resource = resources.get(intent.address)
        if (
            resource is not None
            and resource.generation == intent.generation
            and resource.id in live
        ):
            resources[intent.address] = _with_done(resource, intent, live[resource.id])
    return document.replace(resources=resources)


def _with_done(resource: ResourceState, intent: Intent, live: Live) -> ResourceState:
    """`resource` with what an interrupted write did get done.

    A creation did all of `applied`; a value that differs now was changed by somebody else since, or is that of the body
    sent again, and shows as drift or as up to date in the next plan.
    """
    done = {
        path: wanted
        for path, wanted in intent.applied.items()
        if intent.action == "create" or _hash_of(live, path) == wanted
    }
    # A tag of ours that is gone stays recorded, or its loss would not be noticed.
    tags = frozenset(resource.tags) | (frozenset(intent.tags) & live.tags.keys())
    return resource.replace(
        # Until a deploy has gone well, what either of them protects is protected.
        protect=resource.protect or intent.protect,
        applied={**resource.applied, **done},
        children=dict(live.children),
        tags=tuple(sorted(tags)),
    )


def _hash_of(live: Live, path: str) -> str:
    return fingerprint(normalise(workflow.POLICIES[path], live.values.get(path)))
