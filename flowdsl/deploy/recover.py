"""Finding out what became of a write whose reply was never seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound, ValidationRefused
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.mark import Mark, mark_in
from flowdsl.deploy.policy import fingerprint, normalise
from flowdsl.deploy.resource import Desired, Live
from flowdsl.deploy.target import Target
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
) -> list[str]:
    """Settle every intent that an earlier deploy left, or those of `addresses`; returns what was found out, one line each.

    `tell` hears of each search before it begins.

    Raises `Unresolved` for a creation that stays unknown; its intent stays pending. Other `CyberdeskError`s pass.
    """
    found_out = []
    begun = around.monotonic()
    for intent in journal.document.pending:
        if addresses and intent.address not in addresses:
            continue
        resource = journal.document.resources.get(intent.address)
        if resource is not None and resource.generation == intent.generation:
            await _take_over(client, journal, intent, resource)
        elif intent.action == "create":
            wanted = desired.get(intent.address)
            tell(f"looking for `{intent.address}`, whose creation had no reply")
            try:
                workflow_id = await _find_or_create(client, target, intent, wanted, around, begun)
            except ValidationRefused as refused:
                workflow_id = None
                found_out.append(f"`{intent.address}` was not created: {refused}")
            if workflow_id is not None:
                created = ResourceState(
                    id=workflow_id, generation=intent.generation, name=intent.name
                )
                await _take_over(client, journal, intent, created)
                found_out.append(f"`{intent.address}` of the interrupted deploy is {workflow_id}")
        journal.settle(intent)
        await journal.tick()
    return found_out


async def find_created(
    client: CyberdeskClient,
    target: Target,
    intent: Intent,
    wanted: Desired,
    around: Surroundings,
) -> str:
    """The id of the workflow that `intent` makes, whether it has been made or not, after its reply was lost just now.

    Raises `Unresolved`, and `ValidationRefused` when the service has not made it and refuses to.
    """
    found = await _find_or_create(client, target, intent, wanted, around, around.monotonic())
    assert found is not None, "with something wanted there is always a workflow in the end"
    return found


async def _find_or_create(
    client: CyberdeskClient,
    target: Target,
    intent: Intent,
    wanted: Desired | None,
    around: Surroundings,
    begun: float,
) -> str | None:
    """The id of the workflow of an intent; None when it was not made and nothing is wanted any more.

    Looks for the mark until every request must have ended that was sent before `begun` (monotonic), the last time among all
    workflows, whatever our clock says. Then it sends the creation again with its own key and mark: that is answered with
    the first reply, or makes the only workflow. Where that has no reply either, it looks once more. Raises `Unresolved`,
    and `ValidationRefused` when that is the answer.
    """
    mark = mark_of(target, intent)
    try:
        while True:
            last = around.monotonic() - begun >= SETTLING.total_seconds()
            since = None if last else intent.created_at - CLOCK_SKEW
            found = await _find_marked(client, mark, since)
            if found is not None:
                return found
            if last:
                break
            await around.sleep(POLL_SECONDS)
    except CyberdeskError as error:
        raise _unresolved(target, intent, error) from None
    if wanted is None:
        return None
    try:
        return await _create_again(client, wanted, mark, creation_key(intent), around)
    except CyberdeskError as error:
        if isinstance(error, ValidationRefused) and not error.outcome_unknown:
            raise
        raise _unresolved(target, intent, error) from None


def _unresolved(target: Target, intent: Intent, error: CyberdeskError) -> Unresolved:
    return Unresolved(
        f"whether `{intent.address}` was created is not known (intent {intent.short}): {error}; find out with "
        f"`flowdsl recover {intent.address} --env {target.environment}`, or deploy again, which looks for it before "
        "anything else"
    )


async def _create_again(
    client: CyberdeskClient, wanted: Desired, mark: Mark, key: str, around: Surroundings
) -> str:
    """The id of the workflow after one more attempt, by its reply or by a last look; raises the error of the attempt."""
    try:
        return await workflow.create(client, wanted, mark=mark, key=key)
    except CyberdeskError as error:
        if not error.outcome_unknown:
            raise
        for _ in range(LAST_LOOKS):
            await around.sleep(POLL_SECONDS)
            with suppress(CyberdeskError):
                found = await _find_marked(client, mark, None)
                if found is not None:
                    return found
        raise


async def _find_marked(client: CyberdeskClient, mark: Mark, since: datetime | None) -> str | None:
    """The workflow with this mark; a duplicate made in the dashboard copies it, so the oldest is meant."""
    earliest = None if since is None else since.strftime("%Y-%m-%dT%H:%M:%SZ")
    listed = await client.workflows.list_all(created_at_from=earliest)
    marked = [row for row in listed if mark_in(row.input_schema) == mark]
    return min(((row.created_at or "", row.id) for row in marked), default=("", None))[1]


async def _take_over(
    client: CyberdeskClient, journal: Journal, intent: Intent, resource: ResourceState
) -> None:
    try:
        live = await workflow.read(client, resource.id)
    except NotFound:
        return
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
        applied={**resource.applied, **done},
        children=dict(live.children),
        tags=tuple(sorted(tags)),
    )


def _hash_of(live: Live, path: str) -> str:
    return fingerprint(normalise(workflow.POLICIES[path], live.values.get(path)))
