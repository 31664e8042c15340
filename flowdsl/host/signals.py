"""The handling of SIGINT and SIGTERM, from the first line of a process to its last.

A signal ends the process immediately. No exception is raised in code that might swallow it, or that
might leave a lock taken. Leftovers that must not remain are removed first (`BeforeEnding`), and
operations that must not be left half done are finished (`HeldBack`). Code with a better response
replaces `answer`: the event loop cancels its work, and a question to a person is left by
`Interrupted`.

This module is imported before all others, so it imports only modules that Python itself has loaded.
"""

from __future__ import annotations

import _thread
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
else:
    import _signal

SIGNALS = (int(_signal.SIGINT), int(_signal.SIGTERM))

LAST_SECONDS = 2.0
"""The limit for all functions of `BeforeEnding` together before the process ends without them."""

_endings: list[Callable[[int], object]] = []
_main_thread = 0
_process = 0
_over = False
_holding = 0
_held: list[int] = []


class Interrupted(BaseException):
    """The signal `number` ends the command, whose exit code is `code`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def listen_for_signals() -> None:
    """Handle signals from now on, in this thread.

    A signal that the process was started to ignore, as `nohup` does, stays ignored.
    """
    global _main_thread, _process
    _main_thread, _process = _thread.get_ident(), os.getpid()
    for number in SIGNALS:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, deliver_signal)


def deliver_signal(number: int, _frame: object = None) -> None:
    """Handle a signal, now or at the end of the outermost `HeldBack`.

    This is the handler that `listen_for_signals` installs.
    """
    if _holding:
        _held.append(number)
    else:
        answer(number)


def end_process(number: int) -> None:
    """End the process, after the functions of `BeforeEnding`, with the exit code of a signal.

    The functions run in a thread of their own. They may wait for something held by the code that
    the signal interrupted; then the process ends without them after `LAST_SECONDS`.
    """
    global _over
    if _over:  # the end is near already
        return
    _over = True
    if os.getpid() == _process:  # and not one that it has forked
        done = _thread.allocate_lock()
        done.acquire()
        _thread.start_new_thread(_clear_away, (number, done))
        done.acquire(timeout=LAST_SECONDS)
    os._exit(128 + number)


answer: Callable[[int], object] = end_process
"""The current response to a signal; called between any two instructions of the main thread."""


class BeforeEnding:
    """A context with a function that `end_process` calls before it ends the process."""

    def __init__(self, function: Callable[[int], object]) -> None:
        self._function = function

    def __enter__(self) -> None:
        _endings.append(self._function)

    def __exit__(self, *_failure: object) -> None:
        _endings.remove(self._function)


def at_end(function: Callable[[int], object]) -> None:
    """Call `function` when the process ends, with the signal, or with 0 where there was none."""
    _endings.append(function)


class HeldBack:
    """A context that a signal does not interrupt: it is handled at the end.

    The code inside must be short, and must not prompt. In any thread but the main one, which gets
    no signals, this does nothing.
    """

    def __enter__(self) -> None:
        global _holding
        _holding += _thread.get_ident() == _main_thread

    def __exit__(self, *_failure: object) -> None:
        global _holding
        if _thread.get_ident() == _main_thread:
            _holding -= 1
            while _held and not _holding:
                answer(_held.pop(0))


def remove_leftovers(number: int = 0) -> None:
    """Call the functions of `at_end` and of every open `BeforeEnding`, last one first."""
    for function in reversed(_endings):
        try:
            function(number)
        except BaseException:  # noqa: BLE001 - the others have their turn; nobody is left to tell
            continue


def _clear_away(number: int, done: _thread.LockType) -> None:
    """Remove leftovers, tell the user, and release `done`."""
    remove_leftovers(number)
    try:
        if sys.stderr is not None:
            os.write(2, b"interrupted\n")
    except OSError:
        pass
    done.release()
