"""Carries out a plan's operations: records intents, runs a few at a time, deletes last."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.apply import operations
from flowdsl.deploy.apply.operations import (
    ChangedMeanwhile,
    Incomplete,
    InDoubt,
    Look,
    Operation,
    WriteContext,
    WrongOrganization,
)
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Change, Plan
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END, until_late_writes_end
from flowdsl.deploy.recovery.recover import Unresolved, describe_addresses
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.resources.policy import fingerprint
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent
from flowdsl.state.errors import StateError
from flowdsl.state.lease import Runtime


async def apply_workflows(
    client: CyberdeskClient, context: WriteContext, changes: Iterable[Change]
) -> None:
    """Create and update workflows.

    Results go to the progress of `context`, and changes of state to its journal. Every intent is
    stored before the first request. Updates are sent first, because they concern workflows that are
    in use.

    After an operation with an unknown outcome, a refused key or a lost lease, no other operation
    starts; each one that did not start gets a result that says so.
    """
    planned = [
        _WorkflowStep(
            change.address,
            change.action.value,
            partial(_perform_operation, context, Operation(change, change.desired, intent)),
            intent,
        )
        for change in changes
        if change.desired is not None and change.writes
        for intent in [_make_intent(change, change.desired, context.runtime)]
    ]
    planned.sort(key=lambda step: step.action == Action.CREATE.value)
    await _carry_out(client, context, planned)


async def apply_deletions(client: CyberdeskClient, context: WriteContext, plan: Plan) -> None:
    """Delete the workflows that the plan deletes, once every other operation has succeeded.

    By then, everything that referred to them has been changed.
    """
    others = [change for change in plan.named if change.action == "delete"]
    steps = [
        *(_plan_deletion(context, change) for change in plan.of(Action.DELETE)),
        *(_plan_named_deletion(context, change) for change in reversed(others)),
    ]
    if not steps:
        return
    if not context.progress.has_only_successes:
        context.progress.halt("nothing is deleted while something else has not gone well")
    await _carry_out(client, context, steps)


@dataclass(frozen=True, slots=True)
class _WorkflowStep:
    """One operation.

    `perform` carries it out and returns the id of the object and a remark for people. `intent` is
    recorded beforehand; it is None for an operation that needs none.
    """

    address: Address
    action: str
    perform: Look
    intent: Intent | None


async def _carry_out(
    client: CyberdeskClient, context: WriteContext, steps: Sequence[_WorkflowStep]
) -> None:
    """Store all intents, run a few steps at a time, then wait once for all that had no reply."""
    journal, progress = context.journal, context.progress
    intents = [step.intent for step in steps if step.intent is not None]
    if intents and not progress.halt_reason:
        await journal.record_intents(intents)
    doubtful: list[tuple[_WorkflowStep, InDoubt]] = []

    async def begin(own: CyberdeskClient, step: _WorkflowStep) -> None:
        progress.begin(step.address, step.action)
        if doubt := await _conclude_step(own, context, step, step.perform):
            doubtful.append((step, doubt))
        await _store_progress(context)

    left = await for_each(
        client,
        steps,
        begin,
        concurrency=context.concurrency,
        stopped=lambda: bool(progress.halt_reason),
    )
    if doubtful:
        await _look_again(client, context, doubtful)
    for step in left:
        # No request was sent for it, so no later deploy has to look for it.
        if step.intent is not None:
            journal.resolve(step.intent)
        progress.add(step.address, step.action, "not_attempted", message=progress.halt_reason)


async def _look_again(
    client: CyberdeskClient,
    context: WriteContext,
    doubtful: list[tuple[_WorkflowStep, InDoubt]],
) -> None:
    """Wait, for all steps together, for requests without a reply that may still be carried out.

    A step whose request has not been carried out by the end gets the outcome `unknown`.
    """
    progress = context.progress
    some = describe_addresses(step.address for step, _ in doubtful)
    progress.job.ui.event(
        "recovery",
        message=f"waiting up to {LATE_WRITES_END.seconds} s for the write of {some}, which had no "
        "reply and may still be carried out",
    )
    stopped = lambda: progress.job.stop() or progress.displaced or progress.state_error  # noqa: E731
    first = True
    async for _ in until_late_writes_end(context.runtime, context.runtime.monotonic(), stopped):
        if first:  # each has just been looked at
            first = False
            continue
        still: list[tuple[_WorkflowStep, InDoubt]] = []

        async def look(
            own: CyberdeskClient,
            one: tuple[_WorkflowStep, InDoubt],
            still: list[tuple[_WorkflowStep, InDoubt]] = still,
        ) -> None:
            step, doubt = one
            if again := await _conclude_step(own, context, step, doubt.look):
                still.append((step, again))
            await _store_progress(context)

        await for_each(client, doubtful, look, concurrency=context.concurrency)
        doubtful = still
        if not doubtful:
            return
    for step, doubt in doubtful:
        progress.add(step.address, step.action, "unknown", doubt.id, str(doubt))


async def _conclude_step(
    client: CyberdeskClient, context: WriteContext, step: _WorkflowStep, perform: Look
) -> InDoubt | None:
    """Call `perform` and add its result to the progress; return the doubt if one remains."""
    address, action, intent = step.address, step.action, step.intent
    journal, progress = context.journal, context.progress
    try:
        identifier, remark = await perform(client)
    except InDoubt as doubt:
        return doubt
    except Unresolved as unresolved:
        progress.halt("the outcome of a creation is unknown")
        progress.add(address, action, "unknown", message=str(unresolved))
        return None
    except WrongOrganization as wrong:
        journal.drop(address)
        progress.refuse("the API key belongs to another organisation")
        progress.add(address, action, "failed", wrong.id, str(wrong), "incomplete")
    except ChangedMeanwhile as changed:
        progress.add(address, action, "conflict", message=str(changed), reason=changed.reason)
    except Incomplete as incomplete:
        progress.leave(address, action, incomplete.id, str(incomplete), incomplete.cause)
        if context.unproven:
            progress.halt("it is not known yet whose organisation the API key belongs to")
        return None
    except CyberdeskError as error:
        progress.fail(address, action, error)
        if error.outcome_unknown:
            return None
    except StateError as lost:
        # The lease is lost: its next holder finds the intent and resolves it.
        progress.displace()
        progress.add(address, action, "failed", message=str(lost))
        return None
    else:
        progress.add(address, action, "performed", identifier, remark)
    if intent is not None:
        journal.resolve(intent)
    return None


async def _store_progress(context: WriteContext) -> None:
    if context.progress.displaced or context.progress.state_error is not None:
        return
    try:
        await context.journal.tick()
    except StateError as error:
        context.progress.lose_state(error)


def _perform_operation(
    context: WriteContext, operation: Operation, client: CyberdeskClient
) -> Awaitable[tuple[str, str]]:
    creates = operation.change.action is Action.CREATE
    perform = operations.create_workflow if creates else operations.update_workflow
    return perform(client, context, operation)


def _plan_deletion(context: WriteContext, change: Change) -> _WorkflowStep:
    assert change.prior is not None
    intent = Intent(
        id=context.runtime.new_id(),
        action="delete",
        address=change.address,
        created_at=context.runtime.now(),
        generation=change.prior.generation,
        name=change.name,
        resource_id=change.prior.id,
    )
    return _WorkflowStep(
        change.address,
        "delete",
        lambda client: operations.delete_workflow(
            client, context, change, key=f"{intent.id}-delete"
        ),
        intent,
    )


def _plan_named_deletion(context: WriteContext, change: NamedChange) -> _WorkflowStep:
    assert change.prior is not None
    key, identifier = f"{context.runtime.new_id()}-delete", change.prior.id

    async def perform(client: CyberdeskClient) -> tuple[str, str]:
        # The service removes a deleted tag from every workflow.
        await NAMED_KIND[change.address.kind].delete(client, identifier, key=key)
        context.journal.drop(change.address)
        return identifier, ""

    return _WorkflowStep(change.address, "delete", perform, None)


def _make_intent(change: Change, desired: Desired, runtime: Runtime) -> Intent:
    difference = change.difference
    return Intent(
        id=runtime.new_id(),
        action="create" if change.action is Action.CREATE else "update",
        address=change.address,
        created_at=runtime.now(),
        generation=change.generation,
        name=desired.name,
        resource_id=None if change.prior is None else change.prior.id,
        protect=desired.protect,
        applied=dict(desired.hashes(workflow.POLICIES)),
        tags=tuple(sorted(desired.tags if difference is None else difference.tags)),
        sent={
            field.path: fingerprint(field.after)
            for field in (() if difference is None else difference.fields)
        },
        tagged=tuple(sorted(desired.tags if difference is None else difference.tags_to_add)),
        untagged=tuple(sorted(() if difference is None else difference.tags_to_remove)),
    )
