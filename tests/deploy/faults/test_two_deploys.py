"""Two deploys of one environment at once, in one virtual time.

First deploys, and a holder who sleeps past its lease.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.types import Receive, Scope, Send

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.state.lease import Runtime
from tests.deploy.deploy_world import Ui, bundle, flow
from tests.deploy.fault_world import FaultWorld, sleep
from tests.deploy.invariants import check_invariants, check_report, deploy_clean
from tests.deploy.kill_switch import Attempt
from tests.support.effort import rows

PROJECT = bundle(flow("a", tags=["t"]), flow("b"), flow("c"))


@pytest.fixture(params=rows(["s3", "git"], 0))
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> FaultWorld:
    """A world with state that other machines see.

    Locks of the operating system work between processes: those are real.
    """
    if request.param == "s3":
        request.getfixturevalue("s3")
    world = FaultWorld(tmp_path, request.param)
    world.add_foreign()
    return world


class Sleeper:
    """A computer that is suspended.

    None of its tasks goes on, and nothing it sends goes out, until it wakes.
    """

    def __init__(self, world: FaultWorld, nth: int, seconds: float) -> None:
        self._world, self._nth, self._seconds = world, nth, seconds
        self._until = 0.0
        self.writes = 0

    async def sleep(self, seconds: float) -> None:
        await sleep(seconds)
        await self._awake()

    async def _awake(self) -> None:
        while (rest := self._until - self._world.time.elapsed) > 1e-6:
            await asyncio.sleep(rest)

    def runtime(self) -> Runtime:
        time = self._world.time
        return Runtime(time.now, time.monotonic, self.sleep, lambda: uuid4().hex)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The service.

        After the n-th write has been carried out the computer falls asleep, its reply comes
        afterwards.
        """
        await self._world.app(scope, receive, send)
        if scope["method"] != "GET":
            self.writes += 1
            if self.writes == self._nth:
                self._until = self._world.time.elapsed + self._seconds
        await self._awake()


def deploying(world: FaultWorld, project: Bundle, attempts: list[Attempt], **more: Any) -> Any:
    ui = Ui()
    return world.deploying(project, ui=ui, attempts=attempts, **more)


def remember_lineage(world: FaultWorld) -> None:
    world.lineage = world.state().lineage


@pytest.mark.parametrize("offset", rows([0.0, 0.05, 0.2, 0.5, 1.0], 1))
def test_first_deploys_at_once_make_each_workflow_once(shared: FaultWorld, offset: float) -> None:
    first: list[Attempt] = []
    second: list[Attempt] = []

    async def later() -> Outcome:
        await asyncio.sleep(offset)
        return await deploying(shared, PROJECT, second)

    async def both() -> list[Outcome]:
        return await asyncio.gather(deploying(shared, PROJECT, first), later())

    outcomes = shared.run(both())

    for outcome, attempts in zip(outcomes, (first, second), strict=True):
        assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO)
        check_report(outcome, attempts, shared.ids())
    remember_lineage(shared)
    check_invariants(shared, PROJECT)


@pytest.mark.parametrize("nth", rows(range(1, 6), 1))
def test_a_holder_that_sleeps_past_its_lease_writes_no_more(shared: FaultWorld, nth: int) -> None:
    """It falls asleep at its n-th write for two minutes.

    Another deploy takes over, finishes, and nothing is undone.
    """
    sleeper = Sleeper(shared, nth, 120.0)
    slow: list[Attempt] = []
    quick: list[Attempt] = []
    newer = bundle(*(flow(w.name, "Newer.", tags=w.tags) for w in PROJECT.workflows))

    async def other() -> Outcome:
        while sleeper.writes < nth:
            await asyncio.sleep(0.1)
        return await deploying(shared, newer, quick, lock_timeout=110.0)

    async def both() -> list[Outcome]:
        return await asyncio.gather(
            deploying(shared, PROJECT, slow, app=sleeper.app, runtime=sleeper.runtime()), other()
        )

    slept, took_over = shared.run(both())

    assert took_over.status is Status.DONE
    assert slept.status in (Status.LOCKED, Status.UNKNOWN)
    assert len([each for each in slow if each.took_effect]) <= nth + 3, "those on their way then"
    check_report(took_over, quick, shared.ids())
    remember_lineage(shared)
    deploy_clean(shared, newer)
    check_invariants(shared, newer)


def test_a_living_holder_keeps_its_lease_however_long_it_takes(shared: FaultWorld) -> None:
    """A request takes a minute.

    The heartbeat renews the lease meanwhile, and the other deploy gives up with its name.
    """
    first: list[Attempt] = []
    second: list[Attempt] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await asyncio.sleep(60)
        await shared.app(scope, receive, send)

    async def later() -> Outcome:
        await asyncio.sleep(5)
        return await deploying(shared, PROJECT, second, lock_timeout=40.0)

    async def both() -> list[Outcome]:
        return await asyncio.gather(
            deploying(shared, PROJECT, first, app=slow, holder="the first"), later()
        )

    held, waited = shared.run(both())

    assert held.status is Status.DONE
    assert waited.status is Status.LOCKED and "the first" in " ".join(waited.messages)
    assert not [each for each in second if each.writes]
    remember_lineage(shared)
    check_invariants(shared, PROJECT)
