"""Writes of ours that had no reply: what of them is still to come, and what has come. Pure, but for the waiting.

A request whose sender has died, or whose connection has, may still reach the service and be carried out, over whatever was
deployed since. Nobody can call it back: the service has no preconditions, and whether it would know the key of the request
again is not documented for another body. So it is waited for; what does not come is remembered, so that it is recognised as
ours when it comes after all, and nobody is told before then that all is well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from datetime import timedelta

from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise
from flowdsl.deploy.resources.resource import Live
from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import Runtime

LATE_WRITES_END = timedelta(seconds=30)
"""How long a deploy waits for a request without a reply to arrive, to be carried out and to be seen (`lost-requests-end`).

It is counted on our own clock from when we know that nobody sends it any more: from the lost reply, or from when the lease
became ours. When it was sent, nobody knows who finds the intent of another process.
"""

GIVEN_UP = timedelta(minutes=10)
"""How much longer a request that was waited for in vain counts as one that may still come (`lost-requests-end`).

The end is a time in state and may be compared by another computer, whose clock is off by less than that.
"""

POLL_SECONDS = 2.0
LONGEST_POLL_SECONDS = 8.0

EXISTENCE = "the workflow itself"
"""What a deletion changes."""


def still_to_come(intent: Intent, live: Live | None) -> frozenset[str]:
    """What a write would change of a workflow that is as `live`, None where there is none: its fields, `tags`, `EXISTENCE`."""
    if live is None:
        return frozenset()
    if intent.action == "delete":
        return frozenset({EXISTENCE})
    fields = {path for path, sent in _kept(intent, live) if hash_of(live, path) != sent}
    tags = set(intent.tagged) - live.tags.keys() or set(intent.untagged) & live.tags.keys()
    return frozenset(fields | ({"tags"} if tags else set()))


def left_of(intent: Intent, live: Live | None, over: ResourceState | None = None) -> Intent | None:
    """What of a write has not been seen to come; None when that is nothing.

    The fields come in one request, and only once that has been answered, tags are written, each for itself. With `over`,
    which was applied since, only what differs from it has come: the rest may be there because we have written it once more.
    """
    if live is None:
        return None
    if intent.action == "delete":
        return intent
    sent = _kept(intent, live)
    came = all(hash_of(live, path) == value for path, value in sent) and (
        over is None or any(over.applied.get(path) != value for path, value in sent)
    )
    if sent and not came:
        return intent if over is not None else intent.replace(tagged=(), untagged=())
    ours = frozenset() if over is None else frozenset(over.tags)
    rest = intent.replace(
        sent={},
        tagged=tuple(tag for tag in intent.tagged if tag not in live.tags.keys() - ours),
        untagged=tuple(
            tag for tag in intent.untagged if tag in live.tags or (over and tag not in ours)
        ),
    )
    return rest if rest.tagged or rest.untagged else None


def with_done(resource: ResourceState, intent: Intent, live: Live) -> ResourceState:
    """`resource` with what a write did get done.

    A creation did all of `applied`; a value that differs now was changed by somebody else since, or is that of the body
    sent again, and shows as drift or as up to date in the next plan.
    """
    done = {
        path: wanted
        for path, wanted in (intent.applied | intent.sent).items()
        if intent.action == "create" or hash_of(live, path) == wanted
    }
    # A tag of ours that somebody took off stays recorded, or its loss would not be noticed.
    tags = (frozenset(resource.tags) - (frozenset(intent.untagged) - live.tags.keys())) | (
        frozenset(intent.tags) & live.tags.keys()
    )
    return resource.replace(
        applied={**resource.applied, **done},
        children=dict(live.children),
        tags=tuple(sorted(tags)),
    )


def overtaken(
    resource: ResourceState, strays: Collection[Intent], live: Live
) -> tuple[ResourceState, tuple[Intent, ...]]:
    """What was applied to a workflow last, by strays that have come as well, and the strays that have not."""
    left = []
    for stray in strays:
        rest = left_of(stray, live, resource)
        if rest is not None:
            left.append(rest)
        if rest != stray:
            came = stray if rest is None else _without(stray, rest)
            resource = with_done(resource, came.replace(applied={}, tags=came.tagged), live)
    return resource, tuple(left)


def strays_of(document: StateDocument, workflow_id: str) -> tuple[Intent, ...]:
    """The writes of one workflow that may still come."""
    return tuple(stray for stray in document.strays if stray.resource_id == workflow_id)


def deleted_by_us(document: StateDocument) -> frozenset[str]:
    """The ids of workflows that a deletion of ours may have taken out of the service, or may yet."""
    return frozenset(
        intent.resource_id
        for intent in (*document.pending, *document.strays)
        if intent.action == "delete" and intent.resource_id is not None
    )


def hash_of(live: Live, path: str) -> str:
    """The fingerprint of a field as the service has it."""
    return fingerprint(normalise(workflow.POLICIES[path], live.values.get(path)))


async def until_late_writes_end(
    runtime: Runtime, begun: float, stopped: Callable[[], object] = lambda: False
) -> AsyncIterator[None]:
    """One turn for each look at what may still come, until that is `LATE_WRITES_END` after `begun` (monotonic); the first at once.

    The looks are further apart the longer it takes. Ends early when `stopped`.
    """
    pause = POLL_SECONDS / 2
    while not stopped():
        yield
        rest = LATE_WRITES_END.total_seconds() - (runtime.monotonic() - begun)
        if rest <= 0 or stopped():
            return
        await runtime.sleep(min(pause, max(rest, 0.001)))
        pause = min(2 * pause, LONGEST_POLL_SECONDS)


def _kept(intent: Intent, live: Live) -> list[tuple[str, str]]:
    """The fields that a request carries and that the service answers with."""
    return [(path, sent) for path, sent in intent.sent.items() if path in live.values]


def _without(stray: Intent, rest: Intent) -> Intent:
    return stray.replace(
        sent={} if rest.sent else stray.sent,
        tagged=tuple(tag for tag in stray.tagged if tag not in rest.tagged),
        untagged=tuple(tag for tag in stray.untagged if tag not in rest.untagged),
    )
