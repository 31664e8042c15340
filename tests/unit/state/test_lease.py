from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowdsl.state.document import StateDocument, new_document
from flowdsl.state.errors import LeaseLost, Locked, StateMoved, StoreBusy
from flowdsl.state.lease import TIME_TO_LIVE, Runtime, acquire, break_lease
from flowdsl.state.stores import StateStore, open_store


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.ids = 0

    def runtime(self) -> Runtime:
        return Runtime(self.now, lambda: self.seconds, self.sleep, self.new_id)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:032x}"


FIRST = new_document("p", "e", api_base="x", lineage="l", nonce="n")


def open_at(root: Path) -> StateStore:
    return open_store("file", root=root, project="p", environment="e")


def load(store: StateStore) -> StateDocument:
    versioned = store.load()
    assert versioned is not None
    return versioned.document


async def hold(store: StateStore, clock: Clock, holder: str, timeout: float = 5.0) -> list[str]:
    said: list[str] = []
    async with acquire(
        store,
        FIRST,
        holder=holder,
        timeout=timeout,
        runtime=clock.runtime(),
        waiting=lambda who, waited: said.append(f"{who} {waited:.0f}"),
    ) as (held, document):
        assert load(store).lease == document.lease
        assert document.lease is not None and document.lease.holder == holder
        clock.seconds += 10
        document = await held.write(document)
        assert document.lease is not None
        assert document.lease.expires == clock.now() + TIME_TO_LIVE, "a write is a heartbeat"
        await held.release(document)
    return said


def test_the_lease_is_in_the_document_while_it_is_held(tmp_path: Path) -> None:
    store, clock = open_at(tmp_path), Clock()
    asyncio.run(hold(store, clock, "me"))
    document = load(store)
    assert document.lease is None
    assert document.serial == 3


def test_a_living_holder_is_waited_for_and_named(tmp_path: Path) -> None:
    store, clock = open_at(tmp_path), Clock()
    held = open_at(tmp_path)

    async def both() -> None:
        async with acquire(
            held, FIRST, holder="first", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ):
            said = []
            with pytest.raises(Locked) as caught:
                async with acquire(
                    store,
                    FIRST,
                    holder="second",
                    timeout=40,
                    runtime=clock.runtime(),
                    waiting=lambda who, waited: said.append((who, round(waited))),
                ):
                    pass
            assert "`first`" in str(caught.value)
            assert said == [("`first`", 15), ("`first`", 30)]

    asyncio.run(both())
    assert load(store).lease is None


def test_the_lease_of_a_dead_holder_is_taken_over_at_once(tmp_path: Path) -> None:
    class Death(BaseException):
        pass

    store, clock = open_at(tmp_path), Clock()

    async def die() -> None:
        async with acquire(
            store, FIRST, holder="dead", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ):
            raise Death

    with pytest.raises(Death):
        asyncio.run(die())
    assert load(store).lease is not None
    before = clock.seconds
    assert asyncio.run(hold(store, clock, "next")) == []
    assert clock.seconds == before + 10, "nobody waited"
    assert load(store).lease is None


def test_an_error_in_the_block_gives_the_lease_back(tmp_path: Path) -> None:
    store, clock = open_at(tmp_path), Clock()

    async def fail() -> None:
        async with acquire(
            store, FIRST, holder="me", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ):
            raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(fail())
    assert load(store).lease is None


def test_a_writer_past_the_lock_is_noticed(tmp_path: Path) -> None:
    class Leaky:
        """A store whose lock does not lock, as on some network disks."""

        def __init__(self) -> None:
            self.inner = open_at(tmp_path)
            self.url = self.inner.url
            self.shared, self.excludes = False, True
            self.put, self.get, self.probe = self.inner.put, self.inner.get, self.inner.probe
            self.load, self.write = self.inner.load, self.inner.write

        @contextmanager
        def hold(self) -> Iterator[None]:
            yield

    store, clock = Leaky(), Clock()

    async def intrude() -> None:
        async with acquire(
            store, FIRST, holder="me", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ) as (held, document):
            versioned = store.load()
            assert versioned is not None
            store.write(document.replace(nonce="intruder"), versioned.version)
            held.check()
            with pytest.raises(LeaseLost):
                await held.write(document)
            with pytest.raises(LeaseLost):
                held.check()
            await held.write(document)

    with pytest.raises(StateMoved):
        asyncio.run(intrude())
    assert load(store).nonce == "intruder"


def test_a_living_holder_on_this_machine_is_not_unlocked(tmp_path: Path) -> None:
    store, clock = open_at(tmp_path), Clock()

    async def both() -> None:
        async with acquire(
            open_at(tmp_path),
            FIRST,
            holder="me",
            timeout=1,
            runtime=clock.runtime(),
            waiting=lambda *_: None,
        ) as (held, document):
            assert document.lease is not None
            with pytest.raises(StoreBusy, match="`me`, is still at work"):
                await break_lease(store, document.lease.id, clock.runtime())
            held.check()

    asyncio.run(both())


def test_after_giving_the_lease_back_nothing_is_written(tmp_path: Path) -> None:
    store, clock = open_at(tmp_path), Clock()

    async def late() -> None:
        async with acquire(
            store, FIRST, holder="me", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ) as (held, document):
            released = await held.release(document)
            with pytest.raises(LeaseLost, match="given back"):
                held.check()
            with pytest.raises(LeaseLost, match="given back"):
                await held.write(released)

    asyncio.run(late())
    assert load(store).serial == 2


@pytest.mark.parametrize("overlap", [1, 8])
def test_writes_that_overlap_or_are_cancelled_are_all_stored_in_turn(
    tmp_path: Path, overlap: int
) -> None:
    store, clock = open_at(tmp_path), Clock()

    async def many() -> None:
        async with acquire(
            store, FIRST, holder="me", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ) as (held, document):
            tasks = [
                asyncio.create_task(held.write(document.replace(organization_id=str(number))))
                for number in range(overlap)
            ]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.wait(tasks)
            assert [task.cancelled() for task in tasks] == [n % 2 == 0 for n in range(overlap)]
            assert load(store).serial == 1 + overlap
            await held.release(document)

    asyncio.run(many())
    assert load(store).lease is None


def test_no_heartbeat_where_the_operating_system_knows_who_lives(tmp_path: Path) -> None:
    """A clock that moves by sleeping would run away with it."""
    store, clock = open_at(tmp_path), Clock()

    async def idle() -> None:
        async with acquire(
            store, FIRST, holder="me", timeout=1, runtime=clock.runtime(), waiting=lambda *_: None
        ) as (held, _):
            for _ in range(100):
                await asyncio.sleep(0)
            clock.seconds += 1000
            held.check()

    asyncio.run(idle())
    assert (clock.seconds, load(store).serial) == (1000, 2)
