"""Warnings at the end of a deploy about strays that may still overwrite the new version.

A stray is an earlier request without a reply that the service may still carry out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.apply.operations import format_field_names
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.recovery.late_writes import (
    EXISTENCE,
    apply_arrived_strays,
    still_to_come,
    strays_of,
)
from flowdsl.deploy.recovery.recover import WORDS, read_if_there
from flowdsl.deploy.refresh.refresh import Refreshed
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent, ResourceState, StateDocument


def describe_strays(job: Job, document: StateDocument, seen: Refreshed) -> tuple[str, ...]:
    """Return a line for each workflow of this deploy that a stray has changed or may still change.

    Uses the replies in `seen`, which the plan was made from.
    """
    now = job.runtime.now()
    concerned = _find_resources_with_strays(job, document, seen)
    return tuple(
        line
        for address, (resource, strays) in concerned.items()
        for line in _describe_resource_strays(
            job,
            address,
            resource,
            [each for each in strays if each.given_up_at is None or each.given_up_at > now],
            seen.live.get(resource.id),
        )
    )


async def look_for_strays(
    job: Job, client: CyberdeskClient, journal: Journal, seen: Refreshed
) -> tuple[str, ...]:
    """Read the workflows that have strays again, and return a line for each that one affects.

    A stray affects a workflow if it has changed it or may still change it.
    """
    lines: list[str] = []

    async def look(
        own: CyberdeskClient, one: tuple[Address, tuple[ResourceState, tuple[Intent, ...]]]
    ) -> None:
        address, (resource, strays) = one
        live: Live | CyberdeskError | None
        try:
            live = await read_if_there(own, resource.id)
        except CyberdeskError as error:
            live = error
        lines.extend(_describe_resource_strays(job, address, resource, strays, live))

    concerned = _find_resources_with_strays(job, journal.document, seen)
    await for_each(client, concerned.items(), look, concurrency=job.options.concurrency)
    return tuple(sorted(lines))


def _find_resources_with_strays(
    job: Job, document: StateDocument, seen: Refreshed
) -> Mapping[Address, tuple[ResourceState, tuple[Intent, ...]]]:
    """Return the workflows of this deploy that have strays, by address, each with its strays.

    The workflows of this deploy are those of the source; with `--only`, those that it names.
    """
    wanted = seen.desired.workflows.keys()
    addresses = wanted & job.options.only if job.options.only else wanted
    found = {
        address: (resource, strays_of(document, resource.id))
        for address, resource in sorted(document.resources.items())
        if address in addresses
    }
    return {address: each for address, each in found.items() if each[1]}


def _describe_resource_strays(
    job: Job,
    address: Address,
    resource: ResourceState,
    strays: Iterable[Intent],
    live: Live | CyberdeskError | None,
) -> Iterable[str]:
    for stray in strays:
        if isinstance(live, CyberdeskError):
            yield (
                f"whether `{address}` is as it was deployed is not known, since a "
                f"{WORDS[stray.action]} may still come: {live}"
            )
            continue
        begun = (
            f"the {WORDS[stray.action]} of `{address}` that was interrupted at "
            f"{stray.created_at:%H:%M:%S} UTC"
        )
        came = live is None if stray.action == "delete" else _has_come(resource, stray, live)
        if came:
            yield (
                f"{begun} arrived only now and replaced what was deployed since; "
                "deploy again to restore it"
            )
        elif paths := still_to_come(stray, live):
            what = (
                "delete the workflow"
                if EXISTENCE in paths
                else f"put its {format_field_names(paths)} back"
            )
            yield (
                f"{begun} may still come and {what}: it was waited for, and nobody can call it "
                f"back; deploy again after {stray.given_up_at:%H:%M} UTC to see that all is well, "
                "or, if you know that it does not come, say so with "
                f"`flowdsl recover {address} --env {job.target.environment} --absent`"
            )


def _has_come(resource: ResourceState, stray: Intent, live: Live | None) -> bool:
    """Whether the live workflow shows that the request of a stray was carried out."""
    if live is None:
        return False
    _, left = apply_arrived_strays(resource, (stray,), live)
    return left != (stray,)
