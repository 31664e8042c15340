"""Laws of the lease on a store that keeps nobody out, whatever freezes, gets lost or comes late."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.state.document import ResourceState
from flowdsl.state.errors import Locked, StateMoved, StoreUnusable
from flowdsl.state.held import HEARTBEAT, MARGIN, TIME_TO_LIVE
from flowdsl.state.lease import LeaseLost, NoSuchLease, break_lease
from tests.state.lease_world import Link, Outcome, World
from tests.support.effort import examples
from tests.support.virtual_time import now

TTL = TIME_TO_LIVE.total_seconds()
Action = tuple[Literal["work", "freeze", "sleep", "write", "crash", "end"], float]
OUTCOMES: st.SearchStrategy[list[Outcome]] = st.lists(
    st.sampled_from(["fine", "fine", "fine", "done-unknown", "failed", "late"]), max_size=12
)
ACTIONS: st.SearchStrategy[list[Action]] = st.lists(
    st.tuples(st.sampled_from(["work", "work", "write", "write"]), st.floats(0.1, 20))
    | st.tuples(st.sampled_from(["freeze", "sleep"]), st.floats(1, 100))
    | st.tuples(st.sampled_from(["crash", "end"]), st.just(0.0)),
    max_size=6,
)
TRAITS = st.fixed_dictionaries(
    {
        "offset": st.sampled_from([0.0, -3600.0, 7.5]),
        "latency": st.sampled_from([0.01, 0.4, 3.0]),
        "outcomes": OUTCOMES,
    }
)


class Death(BaseException):
    """The process is gone: nothing of it runs on."""


def marker(number: int) -> ResourceState:
    return ResourceState(id=f"id-{number}", generation=1, name="x")


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(st.floats(0, 60), TRAITS, ACTIONS), min_size=2, max_size=4))
def test_never_two_holders_and_no_lost_update(
    plans: list[tuple[float, dict[str, Any], list[Action]]],
) -> None:
    world = World()
    recorded: set[str] = set()

    async def deploy(number: int, delay: float, traits: dict[str, Any], acts: list[Action]) -> None:
        computer = world.computer(f"c{number}", **traits)
        await asyncio.sleep(delay)
        try:
            async with world.acquire(computer) as (held, document):
                for step, (act, seconds) in enumerate(acts):
                    match act:
                        case "work":
                            await computer.sleep(seconds)
                        case "freeze" | "sleep":
                            await computer.freeze(seconds, asleep=act == "sleep")
                        case "write":
                            address = f"workflow.w{number}_{step}"
                            resources = {**document.resources, address: marker(step)}
                            document = await held.write(document.replace(resources=resources))
                            recorded.add(address)
                        case "crash":
                            raise Death
                        case "end":
                            await held.release(document)
                            return
        except (Death, StateMoved, StoreUnusable):
            pass
        finally:
            computer.held = None

    async def all_of_them() -> None:
        await asyncio.gather(*(deploy(number, *plan) for number, plan in enumerate(plans)))
        last = world.computer("last")
        async with world.acquire(last):
            pass

    world.run(all_of_them)
    history = world.memory.history
    assert recorded <= history[-1].resources.keys(), "what was stored stays"
    assert history[-1].lease is None
    assert [document.serial for document in history] == list(range(1, len(history) + 1))
    assert len({document.nonce for document in history}) == len(history)
    holders = [document.lease.id for document in history if document.lease is not None]
    changes = [
        holder
        for before, holder in zip([None, *holders], holders, strict=False)
        if holder != before
    ]
    assert len(changes) == len(set(changes)), "who has lost the lease never writes again"


def test_a_waiter_takes_over_after_a_whole_time_to_live_and_not_before() -> None:
    world = World()
    dead, next_one = world.computer("dead"), world.computer("next")

    async def work() -> None:
        with pytest.raises(Death):
            async with world.acquire(dead):
                raise Death
        began = now()
        async with world.acquire(next_one, timeout=70) as (_, document):
            assert TTL <= now() - began <= TTL + 5
            assert document.lease is not None and document.lease.holder == "next"

    world.run(work)
    (name, who, waited), *_ = world.said
    assert (name, who) == ("next", "`dead`") and 15 <= waited <= 18


def test_a_living_holder_keeps_its_lease_by_heartbeats_alone() -> None:
    world = World()
    holder, waiter = world.computer("holder"), world.computer("waiter")

    async def work() -> None:
        async with world.acquire(holder) as (held, document):
            assert document.lease is not None
            with pytest.raises(Locked) as caught:
                async with world.acquire(waiter, timeout=120):
                    pass
            held.check()
            assert caught.value.holder == "`holder`"
            assert caught.value.lease_id == document.lease.id
            assert f"flowdsl unlock --lock-id {document.lease.id}" in str(caught.value)

    world.run(work)
    waits = [waited for *_, waited in world.said]
    assert len(waits) == 7 and all(
        15 <= b - a <= 18 for a, b in zip([0, *waits], waits, strict=False)
    )
    heartbeats = len(world.memory.history) - 2
    assert heartbeats == pytest.approx(120 / HEARTBEAT.total_seconds(), abs=2)


def test_a_checkpoint_postpones_the_heartbeat() -> None:
    world = World()
    computer = world.computer("busy", latency=0.0)

    async def work() -> None:
        async with world.acquire(computer) as (held, document):
            for _ in range(10):
                await computer.sleep(5)
                document = await held.write(document)

    world.run(work)
    assert len(world.memory.history) == 1 + 10 + 1


def test_a_holder_that_wakes_past_its_lease_writes_nothing() -> None:
    world = World()
    frozen, other = world.computer("frozen"), world.computer("other")

    async def work() -> None:
        with pytest.raises(LeaseLost, match="taken over"):
            async with world.acquire(frozen) as (held, document):
                frozen.frozen_until = now() + 60
                async with world.acquire(other) as (theirs, found):
                    await theirs.write(found.replace(organization_id="theirs"))
                    await frozen.thawed()
                    with pytest.raises(LeaseLost):
                        held.check()
                    with pytest.raises(LeaseLost):
                        await held.write(document.replace(organization_id="ours"))
                    with pytest.raises(LeaseLost):
                        await held.release(document)
                    theirs.check()
                held.check()

    # One task plays both computers, so each is told whose calls come next.
    world.run(work)
    assert world.memory.history[-1].organization_id == "theirs"
    assert world.memory.history[-1].lease is None


@pytest.mark.parametrize("asleep", [False, True], ids=["frozen", "asleep"])
def test_the_lease_is_not_relied_on_after_a_pause_until_it_is_renewed(asleep: bool) -> None:
    world = World()
    computer = world.computer("me")
    too_long = TTL - MARGIN.total_seconds()

    async def work() -> None:
        async with world.acquire(computer) as (held, _):
            computer.outcomes = ["failed"] * 3
            await computer.freeze(too_long + 0.5, asleep=asleep)
            with pytest.raises(LeaseLost, match=r"could not be renewed for 2[56] s"):
                held.check()
            await computer.sleep(20)
            held.check()

    world.run(work)


def test_an_outage_loses_the_lease_in_time_and_names_the_reason() -> None:
    world = World()
    computer = world.computer("me")

    async def work() -> None:
        async with world.acquire(computer) as (held, _):
            computer.outcomes = ["failed"] * 100
            for _ in range(20):
                await computer.sleep(1)
                held.check()
            await computer.sleep(6)
            with pytest.raises(LeaseLost, match="the reply is lost"):
                held.check()
            computer.outcomes = []

    world.run(work)


@pytest.mark.parametrize("outcome", ["done-unknown", "failed", "late"])
def test_a_write_of_unknown_outcome_does_not_cost_the_lease(outcome: Outcome) -> None:
    world = World()
    computer = world.computer("me")

    async def work() -> None:
        async with world.acquire(computer) as (held, document):
            computer.outcomes = [outcome]
            with pytest.raises(StoreUnusable):
                await held.write(document.replace(organization_id="lost"))
            await computer.sleep(6)
            held.check()
            await held.release(document.replace(organization_id="kept"))

    world.run(work)
    assert world.memory.history[-1].organization_id == "kept"
    assert world.memory.history[-1].lease is None


def test_unlocking_takes_the_lease_from_exactly_that_holder() -> None:
    world = World()
    holder, admin = world.computer("holder"), world.computer("admin", latency=0.0)

    async def work() -> None:
        async with world.acquire(holder) as (held, document):
            assert document.lease is not None
            link, runtime = Link(world.memory, admin), admin.runtime(world.ids)
            with pytest.raises(NoSuchLease, match=f"`{document.lease.id}` of `holder`"):
                await break_lease(link, "0" * 32, runtime)
            freed = await break_lease(link, document.lease.id, runtime)
            assert freed.lease is None
            await holder.sleep(HEARTBEAT.total_seconds() + 1)
            with pytest.raises(LeaseLost):
                held.check()

    world.run(work)
    assert world.memory.history[-1].lease is None


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3, 0.5, 0.7, 1.0, 1.3])
def test_a_cancelled_deploy_gives_the_lease_back(after: float) -> None:
    world = World()
    computer = world.computer("me", latency=0.2)

    async def deploy() -> None:
        async with world.acquire(computer) as (held, document):
            await held.write(document.replace(organization_id="x"))
            await computer.sleep(100)

    async def work() -> None:
        task = asyncio.create_task(deploy())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        count = len(world.memory.history)
        await asyncio.sleep(60)
        assert len(world.memory.history) == count, "no heartbeat is left"

    world.run(work)
    assert not world.memory.history or world.memory.history[-1].lease is None
