"""Signals and time limits of a command that waits for a service or a store: the first ends it in good order, the next at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from flowdsl.host import signals

T = TypeVar("T")

LOST_SECONDS = 10.0
"""How long a cancelled command may take to end: a thread of it may wait for a store that does not answer."""


class Interrupts:
    """The first signal lets what is under way finish, once `writing` says so, and cancels the work before; the second ends the
    process. `say` tells a person about it. `seconds` is how long the whole may take, None for ever.

    It answers signals from its creation to the end of the process, and `run` carries out the work.
    """

    def __init__(
        self,
        writing: Callable[[], bool],
        say: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        self._writing = writing
        self._say = say
        self._end = None if seconds is None else time.monotonic() + seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self.signal: int | None = None
        signals.answer = self

    def received(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    def reason(self) -> str:
        """Why no further operation may begin; empty while they may."""
        if self.received():
            return "the deploy is interrupted"
        if self.seconds_left() == 0.0:
            return "the time that `--timeout` gives is over"
        return ""

    def seconds_left(self) -> float | None:
        """How much of the time is left; None where it is not limited."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def exit_code(self) -> int:
        """What the shell expects of a process that a signal ended."""
        return 128 + (self.signal or signals.SIGNALS[0])

    def __call__(self, number: int) -> None:
        """A signal has come: `answer`."""
        again, self.signal = self.received(), number
        if again:
            signals.end(number)
        elif self._loop is not None:
            # Nothing is done here, in the middle of anything: the loop does it between two steps of its tasks.
            self._loop.call_soon_threadsafe(self._stop, number)
        elif not self._writing():
            signals.end(number)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, in an event loop of its own; raises `signals.Interrupted` where a signal cancels it."""
        try:
            return asyncio.run(self._answering(work))
        except asyncio.CancelledError:
            if self.signal is None:
                raise
            raise signals.Interrupted(self.signal) from None

    async def _answering(self, work: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        try:
            return await work
        finally:
            self._loop = None

    def _stop(self, number: int) -> None:
        """Begin to end the work."""
        if self._writing():
            self._say("stopping when what is under way is done; once more stops at once")
            return
        way_out = threading.Timer(LOST_SECONDS, signals.end, (number,))
        way_out.daemon = True
        way_out.start()
        if self._task is not None:
            self._task.cancel()


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, but a signal cancels the work; raises `signals.Interrupted` then."""
    before = signals.answer
    try:
        return Interrupts(lambda: False, lambda _line: None).run(work)
    finally:
        signals.answer = before


def asked(question: Callable[[], T]) -> T:
    """The result of `question`, which waits for a person. A signal raises out of it: `CancelledError` where the event loop runs,
    so that what is held is given back, and `signals.Interrupted` elsewhere."""
    before = signals.answer
    signals.answer = partial(_leave, before)
    try:
        return question()
    finally:
        signals.answer = before


def _leave(before: Callable[[int], object], number: int) -> None:
    signals.answer = before
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise signals.Interrupted(number) from None
    if isinstance(before, Interrupts):
        before.signal = number
    raise asyncio.CancelledError
