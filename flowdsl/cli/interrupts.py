"""Signals and time limits of a command that writes: the first ends it in good order, the next at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import exit_codes
from .time_limit import IS_OVER, TimeLimit

SIGNALS = (signal.SIGINT, signal.SIGTERM)

LOST_SECONDS = 10.0
"""How long a process that a signal ends at once may take for that."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block too short to be interrupted: signals that come in it are lost."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


class Interrupts:
    """The first signal lets what is under way finish, once `writing` says so; before, and from the second on, it ends the
    process. `say` tells a person about it, `failed` records that the process ends where nothing else can do so any more.
    `limit` is how long the whole may take.
    """

    def __init__(
        self,
        writing: Callable[[], bool],
        say: Callable[[str], None],
        limit: TimeLimit | None = None,
        *,
        failed: Callable[[BaseException], None] = lambda _ended: None,
    ) -> None:
        self._writing = writing
        self._say = say
        self._failed = failed
        self.limit = limit or TimeLimit()
        self.signal: int | None = None
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def received(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    def reason(self) -> str:
        """Why no further operation may begin; empty while they may."""
        if self.received():
            return "the deploy is interrupted"
        return IS_OVER if self.limit.left() == 0.0 else ""

    @property
    def exit_code(self) -> int:
        """What the shell expects of a process that a signal ended; another code where only the time was over."""
        if not self.received():
            return exit_codes.PARTIAL
        terminated = self.signal == signal.SIGTERM
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED

    def _on_signal(self, number: int, _frame: object) -> None:
        if self.received() or not self._writing():
            self.signal = number
            ended = (
                KeyboardInterrupt()
                if number == signal.SIGINT
                else SystemExit(exit_codes.TERMINATED)
            )
            # What is raised in a destructor is lost, and what is raised while a lock is taken may leave it taken for ever.
            way_out = threading.Timer(LOST_SECONDS, self._end_now, (ended,))
            way_out.daemon = True
            way_out.start()
            raise ended
        self.signal = number
        self._say("stopping when what is under way is done; once more stops at once")

    def _end_now(self, ended: BaseException) -> None:
        self._failed(ended)
        os._exit(self.exit_code)
