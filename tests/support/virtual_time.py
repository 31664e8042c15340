"""An event loop whose clock stands while there is work, and then jumps to the next sleeper."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """What the loop moves: seconds that only grow."""

    elapsed: float


class _FromZero:
    elapsed = 0.0


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nobody: the time it would have waited is added to the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "every task waits for another: a deadlock"
        self.clock.elapsed += timeout
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__(_JumpingSelector(clock))

    def time(self) -> float:
        return self._clock.elapsed


class _WithoutThreads(_VirtualLoop):
    """Does the work of threads at once, in order.

    Its result is known `seconds` later, so that others get their turn.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__(clock)
        self._seconds = seconds

    def run_in_executor(  # type: ignore[override]
        self, _executor: object, work: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            result, failure = work(*arguments), None
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            result, failure = None, error

        def tell() -> None:
            if future.done():
                return
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

        self.call_later(self._seconds, tell)
        return future


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which may sleep for hours in no time.

    `asyncio.get_running_loop().time()` is its clock, from 0.

    Raises `AssertionError` when all tasks wait for each other.
    """
    with asyncio.Runner(loop_factory=lambda: _VirtualLoop(_FromZero())) as runner:
        return runner.run(work)


def run_without_threads(
    work: Coroutine[Any, Any, T], clock: Clock, *, thread_seconds: float = 0.0
) -> T:
    """As `run_virtually` over a clock of the caller's.

    What goes to threads takes `thread_seconds` of it.
    """
    with asyncio.Runner(loop_factory=lambda: _WithoutThreads(clock, thread_seconds)) as runner:
        return runner.run(work)


def now() -> float:
    """Seconds since the running loop began."""
    return asyncio.get_running_loop().time()
