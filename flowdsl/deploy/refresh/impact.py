"""The dependents of workflows that a plan changes or deletes: approved recordings and runs."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.planning.plan import Action, ApprovedTrajectory, Change, Impact, Plan
from flowdsl.deploy.workers import for_each

REPLAYED = frozenset({"main_prompt", "input_schema"})
"""Fields whose changes an approved recording does not follow."""

ACTIVE = ("scheduling", "running", "running_checks")
"""The statuses of a run that has not ended, as in the API contract."""

ONE_BY_ONE = 25
"""The number of workflows up to which each is queried by itself.

For more, the list of the whole organisation takes fewer requests.
"""


async def study_impact(
    client: CyberdeskClient, plan: Plan, *, concurrency: int
) -> Mapping[Address, Impact]:
    """Return the impact of each change of an existing workflow, by address; no entry without one.

    Raises `CyberdeskError`.
    """
    impact: dict[Address, Impact] = {}
    changed = [change for change in plan.changes if changes_what_is_replayed(change)]
    approved = await _read_approved_by_workflow(
        client, [_prior_id(change) for change in changed], concurrency
    )
    for change in changed:
        if found := approved.get(_prior_id(change)):
            impact[change.address] = Impact(trajectories=found)

    async def count(own: CyberdeskClient, change: Change) -> None:
        impact[change.address] = await _of_deletion(own, _prior_id(change))

    await for_each(client, plan.of(Action.DELETE), count, concurrency=concurrency)
    return impact


def changes_what_is_replayed(change: Change) -> bool:
    """Whether approved recordings no longer fit a workflow after a change."""
    if change.action not in (Action.UPDATE, Action.ADOPT) or change.difference is None:
        return False
    return any(field.path in REPLAYED for field in change.difference.fields)


async def read_approved_trajectories(
    client: CyberdeskClient, workflow_id: str
) -> tuple[ApprovedTrajectory, ...]:
    """Return the approved recordings of one workflow, generated or not; raises `CyberdeskError`."""
    return (await _list_approved_by_workflow(client, workflow_id)).get(workflow_id, ())


async def _read_approved_by_workflow(
    client: CyberdeskClient, ids: list[str], concurrency: int
) -> Mapping[str, tuple[ApprovedTrajectory, ...]]:
    if len(ids) > ONE_BY_ONE:
        return await _list_approved_by_workflow(client, None)
    approved: dict[str, tuple[ApprovedTrajectory, ...]] = {}

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        approved[workflow_id] = await read_approved_trajectories(own, workflow_id)

    await for_each(client, ids, read, concurrency=concurrency)
    return approved


async def _list_approved_by_workflow(
    client: CyberdeskClient, workflow_id: str | None
) -> Mapping[str, tuple[ApprovedTrajectory, ...]]:
    lists = await asyncio.gather(
        *(
            client.trajectories.list_all(
                is_generated=generated, workflow_id=workflow_id, is_approved=True
            )
            for generated in (True, False)
        )
    )
    approved: defaultdict[str, list[ApprovedTrajectory]] = defaultdict(list)
    for row in (row for rows in lists for row in rows if row.is_approved):
        approved[row.workflow_id].append(ApprovedTrajectory(row.id, row.name or ""))
    return {
        owner: tuple(sorted(each, key=lambda one: (one.name, one.id)))
        for owner, each in approved.items()
    }


async def _of_deletion(client: CyberdeskClient, workflow_id: str) -> Impact:
    runs = [client.runs.list(workflow_id=workflow_id, limit=1, fields=["started_at"])]
    runs += [
        client.runs.list(workflow_id=workflow_id, limit=1, status=status, fields=["started_at"])
        for status in ACTIVE
    ]
    recordings = [
        client.trajectories.list(is_generated=generated, workflow_id=workflow_id, limit=1)
        for generated in (True, False)
    ]
    (total, *active), counts = await asyncio.gather(
        asyncio.gather(*runs), asyncio.gather(*recordings)
    )
    return Impact(
        trajectories=await read_approved_trajectories(client, workflow_id),
        runs_total=total.total,
        runs_active=sum(page.total for page in active),
        trajectories_total=sum(page.total for page in counts),
    )


def _prior_id(change: Change) -> str:
    assert change.prior is not None, "only what exists has an impact"
    return change.prior.id
