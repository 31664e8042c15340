"""Proves that state, key and organisation belong together, and that state is not outdated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.deploy.resources.directory import Directory, WantedLists, read_directory
from flowdsl.deploy.resources.mark import Mark, mark_in
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.state.document import StateDocument, refuse_other_service
from flowdsl.state.errors import ForeignState

SHOWN = 10
"""The number of addresses that a message lists."""


async def prove_organization(
    client: CyberdeskClient,
    target: DeployTarget,
    prior: StateDocument,
    directory: Directory,
    live: Mapping[str, Live],
    tracked: Mapping[Address, str],
    given_up: Collection[Address],
) -> str | None:
    """Return the organisation of the key, as far as replies show it; raises `Stop`.

    With a key of another organisation every id gives 404, which would be taken for "create
    everything again". `tracked` maps addresses to ids; those in `given_up` are known to be gone.

    If an organisation is expected, everything is read that may show which one it is. None then
    means that the organisation holds nothing, so that only a creation can show it.
    """
    seen = directory.organizations() | {
        found.organization_id for found in live.values() if found.organization_id
    }
    expected = find_expected_organization(target, prior)
    missing = {address for address, workflow_id in tracked.items() if workflow_id not in live}
    if missing or (expected is not None and not seen):
        page = await client.workflows.list(limit=1)
        seen |= {row.organization_id for row in page.items if row.organization_id}
    if expected is not None and not seen:
        machines = await client.machines.list(limit=1)
        seen |= {row.organization_id for row in machines.items if row.organization_id}
        every = WantedLists(models=True, tags=True, tag_groups=True)
        seen |= (await read_directory(client, every)).organizations()
    check_organization(target, prior, seen)
    if not seen and missing - set(given_up) and len(missing) == len(tracked):
        raise Stop(
            Status.ACCESS,
            f"no workflow in state ({len(tracked)}) exists in the organisation of this API key; "
            "a key of another organisation looks the same; if they were deleted on purpose, "
            f"deploy with `--recreate {min(missing)}` for each, or let it go with `[[removed]]` "
            'and `mode = "forget"`',
        )
    return min(seen, default=None)


def find_expected_organization(target: DeployTarget, prior: StateDocument) -> str | None:
    """Return the expected organisation, if the project file or state names one."""
    return target.organization or prior.organization_id


def check_organization(
    target: DeployTarget, prior: StateDocument, seen: Collection[str], *left_there: str
) -> None:
    """Raise `Stop` if replies showed another organisation than the one deployed to.

    `left_there` are further messages, about objects of ours in the other organisation.
    """
    expected = find_expected_organization(target, prior)
    if expected is not None and (foreign := set(seen) - {expected}):
        raise Stop(
            Status.ACCESS,
            f"the API key belongs to the organisation `{min(foreign)}`, and "
            f"`{target.environment}` is deployed to `{expected}`; use a key of that organisation",
            *left_there,
        )


def check_api_base(target: DeployTarget, prior: StateDocument) -> None:
    """Raise `Stop` if state belongs to a service at another address."""
    try:
        refuse_other_service(prior, target.environment, target.api_base)
    except ForeignState as foreign:
        raise Stop(Status.STATE, str(foreign)) from None


@dataclass(frozen=True, slots=True)
class Marked:
    """A workflow of the service, and its mark."""

    mark: Mark
    row: Workflow


async def read_marked_workflows(
    client: CyberdeskClient, target: DeployTarget
) -> dict[Address, list[Marked]]:
    """Return the workflows with a mark of this project and environment, by address, best first.

    The best is of the latest generation, because the workflow that it replaced is gone except for
    copies. Of several it is the oldest, because a duplicate made in the dashboard copies the mark.
    """
    return group_marked_workflows(await client.workflows.list_all(), target)


def group_marked_workflows(
    rows: Iterable[Workflow], target: DeployTarget
) -> dict[Address, list[Marked]]:
    """Return those of `rows` with a mark of this project, as `read_marked_workflows` does."""
    marked: dict[Address, list[Marked]] = {}
    for row in rows:
        mark = mark_in(row.input_schema)
        if mark is None or (mark.project, mark.environment) != (target.project, target.environment):
            continue
        marked.setdefault(mark.address, []).append(Marked(mark, row))
    return {
        address: sorted(
            each, key=lambda one: (-one.mark.generation, one.row.created_at or "", one.row.id)
        )
        for address, each in marked.items()
    }


def by_creation(marked: Iterable[Marked]) -> list[tuple[Marked, ...]]:
    """Group the marked workflows of one address by mark: each creation with its later duplicates.

    An address has several creations if its former workflow was renamed, deleted or released.
    """
    creations: dict[Mark, list[Marked]] = {}
    for one in marked:
        creations.setdefault(one.mark, []).append(one)
    return [tuple(each) for each in creations.values()]


def find_adopted_marks(
    target: DeployTarget, in_source: Mapping[Address, Address | None]
) -> set[tuple[Address, str]]:
    """Return address and id of the marked workflows that `[[adopt]]` accounts for.

    `in_source` maps the addresses of the source to those that they were renamed from. An adoption
    by any other address does not count: the source may still have the address of the mark, where a
    deploy would create the workflow again.
    """
    found: set[tuple[Address, str]] = set()
    for address, before in in_source.items():
        adopted = target.find_adopted_id(address, before, in_source)
        if adopted is not None:
            found.add((address, adopted.lower()))
            if before is not None:
                found.add((before, adopted.lower()))
    return found


async def find_unclaimed_workflows(
    client: CyberdeskClient, target: DeployTarget, in_source: Mapping[Address, Address | None]
) -> dict[Address, list[Marked]]:
    """Return the marked workflows that nothing in the project accounts for, by address.

    Workflows that `[[removed]]` releases are left out, and so are those that are adopted as the
    workflow that their mark names. Copies of the latter, which have the same mark, are left out as
    well.
    """
    taken = find_adopted_marks(target, in_source)
    return {
        address: each
        for address, each in (await read_marked_workflows(client, target)).items()
        if address not in target.forgotten
        and not any((address, one.row.id) in taken for one in each)
    }


async def refuse_untracked(
    client: CyberdeskClient,
    target: DeployTarget,
    where: str,
    document: StateDocument,
    plan: Plan,
    in_source: Mapping[Address, Address | None],
) -> None:
    """Raise `Stop` if the plan creates a workflow that an earlier deploy has created already.

    Then state is an old copy: it does not know a workflow that the service has, at the address
    itself or at its address before a renaming. Must be called under the lease, since a concurrent
    deploy creates workflows, too.
    """
    creations = plan.of(Action.CREATE)
    if not creations:
        return
    known = {resource.id for resource in document.resources.values()}
    taken = find_adopted_marks(target, in_source)
    oldest: dict[Address, int] = {}
    for change in creations:
        before = None if change.desired is None else change.desired.renamed_from
        oldest[change.address] = change.generation
        if before is not None and change.generation == 1:
            oldest.setdefault(before, 1)
    marked = await read_marked_workflows(client, target)
    for address in sorted((oldest.keys() & marked.keys()) - target.forgotten):
        lost = [
            made[0]
            for made in by_creation(marked[address])
            if made[0].mark.generation >= oldest[address]
            and not any(one.row.id in known or (address, one.row.id) in taken for one in made)
        ]
        if lost:
            raise Stop(
                Status.STATE,
                f"the state at `{where}` does not know {_describe_workflow_row(lost[0].row)}, "
                "which this "
                f"project created as `{address}`: it is an older copy, and creating the workflow "
                "again would duplicate it",
                f"bring back the newest state, or find out what is there with `flowdsl state "
                f"rebuild --env {target.environment}`; where the workflow is not to be this "
                "project's any more, let it go with "
                f'`[[removed]]`, `address = "{address}"` and `mode = "forget"`',
            )


def stop_for_lost_state(
    target: DeployTarget, where: str, left: Mapping[Address, Sequence[Marked]]
) -> Stop:
    """Return the `Stop` for an organisation with workflows of ours while there is no state."""
    count = sum(map(len, left.values()))
    shown = sorted(left)[:SHOWN]
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    listed = ", ".join(f"`{make_printable(address)}`" for address in shown)
    return Stop(
        Status.STATE,
        f"there is no state at `{where}`, and the organisation holds {count} workflows that this "
        f"project deployed to `{target.environment}` ({listed}{more}); creating them again would "
        "duplicate them",
        "bring the state back, or make it anew from what is there with "
        f"`flowdsl state rebuild --env {target.environment}`",
    )


def _describe_workflow_row(row: Workflow) -> str:
    return make_printable(f"`{row.name or ''}` ({row.id})")
