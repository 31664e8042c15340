"""Signals and time limits of a command that waits for a service or a store.

The first signal ends it gracefully, the next at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from flowdsl.host import signals

from .command_line.options import IS_OVER, TimeLimit, nothing_written
from .console import CommandError
from .exit_codes import PARTIAL

T = TypeVar("T")

LOST_SECONDS = 10.0
"""Seconds that a cancelled command has to end. One of its threads may be waiting for a store that
does not respond."""


class Interrupts:
    """Ends the work of a command when a signal arrives or its time is over.

    The first signal cancels the work or, while `writing` returns true, lets what is under way
    finish; the second ends the process. `say` tells the user about it. `limit` is the time for the
    whole command. Signals are handled from the creation of the object to the end of the process,
    and `run` does the work.
    """

    def __init__(
        self,
        writing: Callable[[], bool],
        say: Callable[[str], None],
        limit: TimeLimit | None = None,
    ) -> None:
        self.writing = writing
        self._say = say
        self.limit = limit or TimeLimit()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self.signal: int | None = None
        signals.answer = self

    def received(self) -> bool:
        return self.signal is not None

    def reason(self) -> str:
        """Why no further operation may start; empty while they may."""
        if self.received():
            return "the command was interrupted"
        return IS_OVER if self.limit.left() == 0.0 else ""

    def exit_code_or(self, code: int) -> int:
        """The exit code of the signal that arrived, else `code`."""
        return self.exit_code if self.received() else code

    @property
    def exit_code(self) -> int:
        """The exit code: 128 plus the number of the signal; without a signal, `PARTIAL`."""
        return PARTIAL if self.signal is None else 128 + self.signal

    def __call__(self, number: int) -> None:
        """Handle a signal; called by `host.signals.answer`."""
        again, self.signal = self.received(), number
        if again:
            signals.end_process(number)
        elif self._loop is not None:
            # A signal may arrive at any point, so the event loop acts on it between two steps of
            # tasks.
            self._loop.call_soon_threadsafe(self._stop, number)
        elif not self.writing():
            signals.end_process(number)

    def run(
        self,
        work: Coroutine[Any, Any, T],
        over: Callable[[], CommandError | None] = nothing_written,
    ) -> T:
        """Run `work` in an event loop of its own, and return its result.

        Raises `signals.Interrupted` if a signal cancels it. When the time is over, `work` is
        cancelled and the failure that `over` returns is raised; if `over` returns None, it
        continues: writes under way are completed, and none is started.
        """
        try:
            return asyncio.run(self._run_answering_signals(work, over))
        except asyncio.CancelledError:
            if self.signal is None:
                raise
            raise signals.Interrupted(self.signal) from None

    async def _run_answering_signals(
        self, work: Coroutine[Any, Any, T], over: Callable[[], CommandError | None]
    ) -> T:
        """Run `work` in the event loop, with the signals and the time limit of `run`."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        self._task, self._loop = task, loop
        late: list[CommandError] = []

        def end() -> None:
            failure = over()
            if failure is not None:
                late.append(failure)
                task.cancel()

        left = self.limit.left()
        timer = None if left is None else loop.call_later(left, end)
        try:
            return await work
        except asyncio.CancelledError:
            if not late or self.received():
                raise
        finally:
            self._loop = None
            if timer is not None:
                timer.cancel()
        raise late[0]

    def _stop(self, number: int) -> None:
        """Start to end the work, in the event loop."""
        if self.writing():
            self._say("stopping when what is under way is done; once more stops at once")
            return
        way_out = threading.Timer(LOST_SECONDS, signals.end_process, (number,))
        way_out.daemon = True
        way_out.start()
        if self._task is not None:
            self._task.cancel()


def run(work: Coroutine[Any, Any, T], limit: TimeLimit | None = None) -> T:
    """Run work that writes nothing, like `asyncio.run`.

    A signal or the deadline cancels it, and raises `signals.Interrupted` or a `CommandError`.
    """
    before = signals.answer
    try:
        return Interrupts(lambda: False, lambda _line: None, limit).run(work)
    finally:
        signals.answer = before


def ask_interruptibly(question: Callable[[], T]) -> T:
    """Return the result of `question`, which waits for a person, unless a signal arrives.

    A signal raises `CancelledError` if an event loop is running, so that resources are released,
    and `signals.Interrupted` otherwise.
    """
    before = signals.answer
    signals.answer = partial(_leave_question, before)
    try:
        return question()
    finally:
        signals.answer = before


def _leave_question(before: Callable[[int], object], number: int) -> None:
    signals.answer = before
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise signals.Interrupted(number) from None
    if isinstance(before, Interrupts):
        before.signal = number
    raise asyncio.CancelledError
