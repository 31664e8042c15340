"""Writes of ours without a reply: which may still arrive, and which have arrived. Pure.

A request whose sender or connection has died may still reach the service and be carried out, over
newer deploys. It cannot be recalled: the service has no preconditions, and for a request with
another body it is not documented whether the same key is recognised. So such a request is waited
for. If it does not arrive, it is remembered as a stray: if it arrives later, it is recognised as
ours, and until then messages warn that it may.

Only `until_late_writes_end` waits; the rest is pure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from datetime import timedelta

from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Live
from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import Runtime

LATE_WRITES_END = timedelta(seconds=30)
"""How long a deploy waits for a request without a reply (`lost-requests-end`).

By then it has arrived, was carried out and can be seen, or never will be. The time is counted on
our own clock from when we know that nobody sends the request any more: from the lost reply, or from
when the lease became ours. Whoever finds the intent of another process does not know when the
request was sent.
"""

GIVEN_UP = timedelta(minutes=10)
"""How much longer a request that did not arrive is kept as a stray (`lost-requests-end`).

The end is a time in state. Another computer may compare it, if its clock is off by less than this.
"""

POLL_SECONDS = 2.0
LONGEST_POLL_SECONDS = 8.0

EXISTENCE = "the workflow itself"
"""In `still_to_come`: the workflow itself, which a deletion removes."""


def still_to_come(intent: Intent, live: Live | None) -> frozenset[str]:
    """Return what a write would change in the `live` workflow: fields, `tags` or `EXISTENCE`.

    Empty if there is no such workflow.
    """
    if live is None:
        return frozenset()
    if intent.action == "delete":
        return frozenset({EXISTENCE})
    fields = {
        path for path, sent in _find_verifiable_fields(intent, live) if hash_of(live, path) != sent
    }
    tags = set(intent.tagged) - live.tags.keys() or set(intent.untagged) & live.tags.keys()
    return frozenset(fields | ({"tags"} if tags else set()))


def find_outstanding_part(
    intent: Intent, live: Live | None, over: ResourceState | None = None
) -> Intent | None:
    """Return the part of a write that has not been seen to arrive; None if nothing is left.

    All fields are in one request, and each tag is written by a request of its own, after the reply
    to that one. `over` is the state applied since. Then only values that differ from it have surely
    arrived, because we may have written the others again ourselves.
    """
    if live is None:
        return None
    if intent.action == "delete":
        return intent
    sent = _find_verifiable_fields(intent, live)
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


def record_arrived_part(resource: ResourceState, intent: Intent, live: Live) -> ResourceState:
    """Return `resource` with the part of a write that was carried out.

    A creation wrote all of `applied`. A field that differs now was changed by somebody else since,
    or by the same creation sent again with another body; the next plan shows it as drift, or as up
    to date.
    """
    done = {
        path: wanted
        for path, wanted in (intent.applied | intent.sent).items()
        if intent.action == "create" or hash_of(live, path) == wanted
    }
    # A tag of ours that somebody removed stays recorded; otherwise its loss would not be noticed.
    tags = (frozenset(resource.tags) - (frozenset(intent.untagged) - live.tags.keys())) | (
        frozenset(intent.tags) & live.tags.keys()
    )
    return resource.replace(
        applied={**resource.applied, **done},
        children=dict(live.children),
        tags=tuple(sorted(tags)),
    )


def apply_arrived_strays(
    resource: ResourceState, strays: Collection[Intent], live: Live
) -> tuple[ResourceState, tuple[Intent, ...]]:
    """Return the resource after the strays that have arrived, and the strays that have not."""
    left = []
    for stray in strays:
        rest = find_outstanding_part(stray, live, resource)
        if rest is not None:
            left.append(rest)
        if rest != stray:
            came = stray if rest is None else _subtract_rest(stray, rest)
            resource = record_arrived_part(
                resource, came.replace(applied={}, tags=came.tagged), live
            )
    return resource, tuple(left)


def strays_of(document: StateDocument, workflow_id: str) -> tuple[Intent, ...]:
    """Return the writes of one workflow that may still arrive."""
    return tuple(stray for stray in document.strays if stray.resource_id == workflow_id)


def find_own_deletions(document: StateDocument) -> frozenset[str]:
    """Return the ids of workflows that a deletion of ours may have deleted, or may yet delete."""
    return frozenset(
        intent.resource_id
        for intent in (*document.pending, *document.strays)
        if intent.action == "delete" and intent.resource_id is not None
    )


def hash_of(live: Live, path: str) -> str:
    """Return the fingerprint of a field's live value."""
    return fingerprint(normalise_value(workflow.POLICIES[path], live.values.get(path)))


async def until_late_writes_end(
    runtime: Runtime, begun: float, stopped: Callable[[], object] = lambda: False
) -> AsyncIterator[None]:
    """Yield for each look at late writes, until `LATE_WRITES_END` after `begun`.

    `begun` is monotonic. The first look is immediate, and the interval grows. Ends early when
    `stopped`.
    """
    pause = POLL_SECONDS / 2
    while not stopped():
        yield
        rest = LATE_WRITES_END.total_seconds() - (runtime.monotonic() - begun)
        if rest <= 0 or stopped():
            return
        await runtime.sleep(min(pause, max(rest, 0.001)))
        pause = min(2 * pause, LONGEST_POLL_SECONDS)


def _find_verifiable_fields(intent: Intent, live: Live) -> list[tuple[str, str]]:
    """Return the fields of a request that replies contain, each with the hash that was sent."""
    return [(path, sent) for path, sent in intent.sent.items() if path in live.values]


def _subtract_rest(stray: Intent, rest: Intent) -> Intent:
    """Return the part of `stray` that is not in `rest`."""
    return stray.replace(
        sent={} if rest.sent else stray.sent,
        tagged=tuple(tag for tag in stray.tagged if tag not in rest.tagged),
        untagged=tuple(tag for tag in stray.untagged if tag not in rest.untagged),
    )
