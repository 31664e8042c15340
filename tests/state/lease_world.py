"""Several deploys of one environment on a virtual clock.

Their computers freeze and sleep, their clocks differ, the store is slow and loses replies.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flowdsl.state.document import StateDocument, new_document
from flowdsl.state.errors import LeaseLost, StateMoved, StoreUnusable
from flowdsl.state.lease import HeldState, Runtime, acquire
from flowdsl.state.stores import Versioned
from tests.support import virtual_time

Outcome = Literal["fine", "done-unknown", "failed", "late"]
"""What becomes of a write.

`done-unknown` is done and reported as failed; `late` is reported as failed and done five seconds
later.
"""

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FIRST = new_document("p", "e", api_base="x", lineage="l", nonce="n")
current: ContextVar[Computer | None] = ContextVar("current", default=None)


@dataclass
class Memory:
    """A document that anybody may compare and swap; `history` has every one that was stored."""

    history: list[StateDocument] = field(default_factory=list)

    @property
    def versioned(self) -> Versioned | None:
        if not self.history:
            return None
        return Versioned(self.history[-1], f"v{len(self.history)}")

    @property
    def version(self) -> str | None:
        return None if self.versioned is None else self.versioned.version

    def swap(self, document: StateDocument, expected: str | None) -> str:
        if self.version != expected:
            raise StateMoved("somebody else has written")
        self.history.append(document)
        assert self.version is not None
        return self.version


@dataclass
class Computer:
    """One holder's machine.

    Frozen, none of its tasks runs; asleep, its monotonic clock stands still as well.
    """

    name: str
    offset: float = 0.0
    latency: float = 0.1
    outcomes: list[Outcome] = field(default_factory=list)
    frozen_until: float = 0.0
    asleep_since: float | None = None
    slept: float = 0.0
    held: HeldState | None = None

    def runtime(self, ids: Iterator[int]) -> Runtime:
        return Runtime(
            now=lambda: START + timedelta(seconds=virtual_time.now() + self.offset),
            monotonic=self.monotonic,
            sleep=self.sleep,
            new_id=lambda: f"{next(ids):032x}",
        )

    def monotonic(self) -> float:
        real = virtual_time.now() if self.asleep_since is None else self.asleep_since
        return real - self.slept

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.thawed()

    async def thawed(self) -> None:
        """Return once the computer runs."""
        while (rest := self.frozen_until - virtual_time.now()) > 0.001:
            await asyncio.sleep(rest)

    async def freeze(self, seconds: float, *, asleep: bool) -> None:
        self.frozen_until = virtual_time.now() + seconds
        self.asleep_since = virtual_time.now() if asleep else None
        await self.thawed()
        if self.asleep_since is not None:
            self.slept += virtual_time.now() - self.asleep_since
            self.asleep_since = None

    def holds(self) -> bool:
        """Whether it would begin a request now."""
        try:
            assert self.held is not None
            self.held.check()
        except (LeaseLost, AssertionError):
            return False
        return True


@dataclass
class Link:
    """A computer's connection to the memory."""

    memory: Memory
    computer: Computer
    url: str = "memory:"
    shared: bool = True
    excludes: bool = False

    def load(self) -> Versioned | None:
        return self.memory.versioned

    def write(self, document: StateDocument, expected: str | None) -> str:
        outcome = self.computer.outcomes.pop(0) if self.computer.outcomes else "fine"
        match outcome:
            case "fine":
                return self.memory.swap(document, expected)
            case "done-unknown":
                self.memory.swap(document, expected)
            case "late":
                loop = asyncio.get_running_loop()
                loop.call_later(5.0, self._late, document, expected)
            case "failed":
                pass
        raise StoreUnusable("the reply is lost")

    def _late(self, document: StateDocument, expected: str | None) -> None:
        if self.memory.version == expected:
            self.memory.swap(document, expected)

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()

    def put(self, objects: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def get(self, name: str) -> bytes | None:
        raise NotImplementedError

    def probe(self) -> None:
        raise NotImplementedError


@dataclass
class World:
    """A memory and the computers that share it."""

    memory: Memory = field(default_factory=Memory)
    computers: list[Computer] = field(default_factory=list)
    said: list[tuple[str, str, float]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def computer(self, name: str, **traits: Any) -> Computer:
        computer = Computer(name, **traits)
        self.computers.append(computer)
        return computer

    @asynccontextmanager
    async def acquire(
        self, computer: Computer, timeout: float = 600.0
    ) -> AsyncIterator[tuple[HeldState, StateDocument]]:
        """Hold the lease on a computer."""
        current.set(computer)
        async with acquire(
            Link(self.memory, computer),
            FIRST,
            holder=computer.name,
            timeout=timeout,
            runtime=computer.runtime(self.ids),
            waiting=lambda who, waited: self.said.append((computer.name, who, round(waited))),
        ) as (held, document):
            computer.held = held
            self.check()
            yield held, document

    def check(self) -> None:
        """No two computers would write now."""
        holding = [computer.name for computer in self.computers if computer.holds()]
        assert len(holding) <= 1, f"{holding} at {virtual_time.now():.2f}"

    async def watch(self) -> None:
        """Check for ever."""
        while True:
            self.check()
            await asyncio.sleep(0.25)

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Carries out `work` while the world is watched.

        Threads take the latency of their computer.
        """

        async def main() -> None:
            loop: Any = asyncio.get_running_loop()
            loop.run_in_executor = _in_executor
            watcher = asyncio.create_task(self.watch())
            try:
                await work()
            finally:
                watcher.cancel()
                await asyncio.wait({watcher})
            if not watcher.cancelled():
                watcher.result()

        virtual_time.run_virtually(main())


def _in_executor(_executor: None, work: Callable[[], Any]) -> Awaitable[Any]:
    """What `asyncio.to_thread` calls.

    As with a thread, cancelling the caller does not stop the work.
    """
    computer = current.get()

    async def carried_out() -> Any:
        if computer is None:
            return work()
        await computer.sleep(computer.latency)
        try:
            return work()
        finally:
            await computer.sleep(computer.latency)

    return asyncio.shield(asyncio.ensure_future(carried_out()))
