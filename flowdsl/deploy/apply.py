"""Carrying out a plan's workflows: intents first, then a few operations at a time, deletions last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy import operations
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.named import NamedChange, delete_named
from flowdsl.deploy.operations import (
    ChangedMeanwhile,
    Incomplete,
    InDoubt,
    Operation,
    OverwroteEdit,
    Site,
    WrongOrganization,
)
from flowdsl.deploy.outcome import Result
from flowdsl.deploy.plan import Action, Change, Plan
from flowdsl.deploy.progress import Progress
from flowdsl.deploy.recover import Unresolved
from flowdsl.deploy.resource import Desired
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent
from flowdsl.state.errors import StateError
from flowdsl.state.lease import Surroundings


async def apply_workflows(
    client: CyberdeskClient,
    site: Site,
    changes: Iterable[Change],
    progress: Progress,
    *,
    concurrency: int,
) -> None:
    """Create and update workflows; what became of each is in `progress`, what is known of it in the journal.

    Every intent is stored before the first request. Updates go first: they touch what is in use. After an operation whose
    outcome is unknown, a refused key or a lost lease, no other one begins; what has not begun has a result that says so.
    """
    planned = [
        Operation(change, change.desired, _intent(change, change.desired, site.around))
        for change in changes
        if change.desired is not None and change.writes
    ]
    if planned and not progress.halted:
        await site.journal.intend(operation.intent for operation in planned)

    async def carry_out(own: CyberdeskClient, operation: Operation) -> None:
        change, intent, journal = operation.change, operation.intent, site.journal
        address, action = change.address, change.action.value
        progress.begin(address, action)
        creates = change.action is Action.CREATE
        perform = operations.create if creates else operations.update
        try:
            workflow_id, remark = await perform(own, site, operation)
        except Unresolved as unresolved:
            progress.halt("the outcome of a creation is unknown")
            progress.add(Result(address, action, "unknown", message=str(unresolved)))
        except WrongOrganization as wrong:
            journal.settle(intent)
            journal.drop(address)
            progress.refuse("the API key belongs to another organisation")
            progress.add(Result(address, action, "failed", wrong.id, str(wrong), "incomplete"))
        except OverwroteEdit as overwrote:
            journal.settle(intent)
            progress.add(
                Result(address, action, "conflict", message=str(overwrote), reason="lost_update")
            )
        except ChangedMeanwhile as changed:
            journal.settle(intent)
            progress.add(Result(address, action, "conflict", message=str(changed)))
        except InDoubt as doubt:
            progress.add(Result(address, action, "unknown", doubt.id, str(doubt)))
        except Incomplete as incomplete:
            progress.leave(address, action, incomplete.id, str(incomplete), incomplete.cause)
            if site.unproven:
                progress.halt("it is not known yet whose organisation the API key belongs to")
        except CyberdeskError as error:
            progress.fail(address, action, error)
        except StateError as lost:
            # The lease is gone: whoever has it now finds the intent and settles it.
            progress.displace("another deploy has taken over")
            progress.add(Result(address, action, "failed", message=str(lost)))
        else:
            journal.settle(intent)
            progress.add(Result(address, action, "performed", workflow_id, remark))
        await _checkpoint(journal, progress)

    planned.sort(key=lambda operation: operation.change.action is Action.CREATE)
    left = await for_each(
        client,
        planned,
        carry_out,
        concurrency=concurrency,
        stopped=lambda: bool(progress.halted),
    )
    for operation in left:
        # Nothing was sent, so there is nothing to look for later.
        site.journal.settle(operation.intent)
        address, action = operation.change.address, operation.change.action.value
        progress.add(Result(address, action, "not_attempted", message=progress.halted))


async def apply_deletions(
    client: CyberdeskClient, site: Site, plan: Plan, progress: Progress, *, concurrency: int
) -> None:
    """Delete what the plan deletes, once everything else has gone well: what refers to it has changed by then."""
    workflows = plan.of(Action.DELETE)
    named = [change for change in plan.named if change.action == "delete"]
    steps: Sequence[tuple[Change | NamedChange, Callable[[CyberdeskClient], Awaitable[str]]]] = [
        *((change, _deletion(site, change)) for change in workflows),
        *((change, _named_deletion(site, change)) for change in reversed(named)),
    ]
    if not steps:
        return
    if not progress.spotless:
        progress.halt("nothing is deleted while something else has not gone well")

    async def carry_out(
        own: CyberdeskClient,
        step: tuple[Change | NamedChange, Callable[[CyberdeskClient], Awaitable[str]]],
    ) -> None:
        change, perform = step
        address = change.address
        progress.begin(address, "delete")
        try:
            remark = await perform(own)
        except ChangedMeanwhile as changed:
            progress.add(Result(address, "delete", "conflict", message=str(changed)))
        except InDoubt as doubt:
            progress.add(Result(address, "delete", "unknown", doubt.id, str(doubt)))
        except Incomplete as incomplete:
            progress.leave(address, "delete", incomplete.id, str(incomplete), incomplete.cause)
        except CyberdeskError as error:
            progress.fail(address, "delete", error)
        except StateError as lost:
            progress.displace("another deploy has taken over")
            progress.add(Result(address, "delete", "failed", message=str(lost)))
        else:
            identifier = None if change.prior is None else change.prior.id
            progress.add(Result(address, "delete", "performed", identifier, remark))
        await _checkpoint(site.journal, progress)

    left = await for_each(
        client, steps, carry_out, concurrency=concurrency, stopped=lambda: bool(progress.halted)
    )
    for change, _ in left:
        progress.add(Result(change.address, "delete", "not_attempted", message=progress.halted))


async def _checkpoint(journal: Journal, progress: Progress) -> None:
    if progress.displaced or progress.state_error is not None:
        return
    try:
        await journal.tick()
    except StateError as error:
        progress.lose_state(error)


def _deletion(site: Site, change: Change) -> Callable[[CyberdeskClient], Awaitable[str]]:
    key = f"{site.around.new_id()}-delete"
    return lambda client: operations.delete(client, site, change, key=key)


def _named_deletion(site: Site, change: NamedChange) -> Callable[[CyberdeskClient], Awaitable[str]]:
    key = f"{site.around.new_id()}-delete"

    async def perform(client: CyberdeskClient) -> str:
        await delete_named(client, change, key=key)
        site.journal.drop(change.address)
        return ""

    return perform


def _intent(change: Change, desired: Desired, around: Surroundings) -> Intent:
    return Intent(
        id=around.new_id(),
        action="create" if change.action is Action.CREATE else "update",
        address=change.address,
        created_at=around.now(),
        generation=change.generation,
        name=desired.name,
        resource_id=None if change.prior is None else change.prior.id,
        protect=desired.protect,
        applied=dict(desired.hashes(workflow.POLICIES)),
        tags=tuple(sorted(desired.tags if change.difference is None else change.difference.tags)),
    )
