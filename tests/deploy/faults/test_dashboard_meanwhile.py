"""Somebody works in the dashboard while a deploy runs.

Right before any of its requests, or after any of them died.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.outcome import Outcome, Status
from tests.deploy.deploy_world import bundle, flow
from tests.deploy.fault_world import FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.support.effort import thinned

ONE = bundle(flow("a", "One.", tags=["t"]), flow("b", "One."), flow("c", "One."))
TWO = bundle(flow("a", "Two.", tags=["t"]), flow("b", "Two."), flow("c", "Two."), flow("d"))

Act = Callable[[CyberdeskClient, str], Awaitable[object]]


async def edit(client: CyberdeskClient, found: str) -> None:
    await client.workflows.update(found, {"main_prompt": "By hand."}, idempotency_key="edit")


async def rename(client: CyberdeskClient, found: str) -> None:
    await client.workflows.update(found, {"name": "By hand"}, idempotency_key="rename")


async def delete(client: CyberdeskClient, found: str) -> None:
    await client.workflows.delete(found, idempotency_key="delete")


async def duplicate(client: CyberdeskClient, found: str) -> None:
    await client.workflows._sender.write("POST", f"/v1/workflows/{found}/duplicate", "copy", {})


@pytest.fixture
def faulty(faulty: FaultWorld) -> FaultWorld:
    faulty.add_foreign()
    deploy_clean(faulty, ONE)
    return faulty


def id_of(world: FaultWorld, address: str) -> str:
    (found,) = [found for found, known in world.ids().items() if known == address]
    return found


def meanwhile(world: FaultWorld, number: int, act: Act, found: str) -> ASGIApp:
    """The service, in which somebody acts right before the deploy's request `number` arrives."""
    inner, seen = world.app, 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            async with world.client(inner) as client:
                await act(client, found)
        await inner(scope, receive, send)

    return app


def settle_by_hand(world: FaultWorld) -> None:
    """Whoever deploys next has seen what happened, and wants what the source says."""
    every = frozenset(f"workflow.{name}" for name in "abcd")
    checked(world, world.deploy(TWO, on_drift="overwrite", recreate=every))
    check_copies(world)
    deploy_clean(world, TWO)
    check_invariants(world, TWO)


def check_copies(world: FaultWorld) -> None:
    """A copy is whoever made it's: it stays as it is from here on."""
    for row in world.workflows():
        if (row.name or "").startswith("(Copy)") and row.id not in world.foreign:
            world.protect(row.id)


def number_of_requests(world: FaultWorld, root: Path) -> int:
    """How many requests a deploy of `TWO` makes."""
    world.emulator.close()
    copy = world.copy_to(root)
    deploy_clean(copy, TWO)
    copy.close()
    return copy.switch.counts["api"]


@pytest.mark.parametrize("act", [edit, rename, delete, duplicate])
def test_whatever_somebody_does_in_between_is_reported_or_kept(act: Act) -> None:
    """An edit before each request of a deploy; the others before every third."""
    statuses = set()
    with scratch_folder() as folder:
        (folder / "before").mkdir()
        before = FaultWorld(folder / "before")
        before.add_foreign()
        deploy_clean(before, ONE)
        requests = number_of_requests(before, folder / "count")
        for number in thinned(range(1, requests + 1, 1 if act is edit else 3)):
            world = before.copy_to(folder / str(number))
            try:
                found = id_of(world, "workflow.b")
                app = meanwhile(world, number, act, found)
                outcome = checked(world, world.deploy(TWO, app=app))
                statuses.add(outcome.status)
                check_no_edit_lost(world, outcome, act, found)
                settle_by_hand(world)
            except BaseException as error:
                error.add_note(f"{act.__name__} before request {number}")
                raise
            world.close()
    assert statuses <= {Status.DONE, Status.CONFLICT, Status.PARTIAL}
    assert (statuses == {Status.DONE}) == (act is duplicate)


def check_no_edit_lost(world: FaultWorld, outcome: Outcome, act: Act, found: str) -> None:
    """An edit is there, or somebody is told where it went."""
    if act is not edit:
        return
    row = world.ask(lambda client: client.workflows.get(found))
    if row.main_prompt == "By hand.":
        return
    (result,) = [each for each in outcome.results if each.address == "workflow.b"]
    assert (result.outcome, result.reason) == ("conflict", "lost_update"), result
    assert outcome.status is Status.CONFLICT and "version" in result.message
    prompts = [each["main_prompt"] for each in row.old_versions or ()]
    assert "By hand." in prompts


def test_a_merge_in_the_dashboard_is_a_drift_and_a_loss(faulty: FaultWorld) -> None:
    """Merging puts the content of one, its mark with it, into another, and deletes the first."""
    a, b = id_of(faulty, "workflow.a"), id_of(faulty, "workflow.b")
    faulty.post(f"/v1/workflows/{b}/merge", {"target_workflow_id": a})

    outcome = checked(faulty, faulty.deploy(TWO))

    assert outcome.status is Status.CONFLICT
    assert not [each for each in faulty.attempts if each.writes]
    settle_by_hand(faulty)


def test_an_edit_before_the_plan_stops_a_build(faulty: FaultWorld) -> None:
    faulty.edit("A", main_prompt="By hand.")

    outcome = checked(faulty, faulty.deploy(TWO))

    assert outcome.status is Status.CONFLICT
    assert not [each for each in faulty.attempts if each.writes]
    settle_by_hand(faulty)
