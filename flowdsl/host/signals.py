"""What SIGINT and SIGTERM do, from the first line of a process to its last.

A signal ends the process where it stands. Nothing is raised into code that might swallow it, or
that might leave a lock taken. What must not stay behind is cleared away first (`Ending`), and what
must not be half done is finished (`HeldBack`). Code that can do better replaces `answer`: the event
loop cancels its work, and a question to a person is left by `Interrupted`.

This module is imported before all others, so it imports only what Python itself has loaded.
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
"""How long the functions of `Ending` may take together before the process ends without them."""

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
    """Answer signals from now on, in this thread.

    A signal that the process was started to ignore, as `nohup` does, stays ignored.
    """
    global _main_thread, _process
    _main_thread, _process = _thread.get_ident(), os.getpid()
    for number in SIGNALS:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, deliver_signal)


def deliver_signal(number: int, _frame: object = None) -> None:
    """Answer a signal, now or at the end of the outermost `HeldBack`: the handler of
    `listen_for_signals`.
    """
    if _holding:
        _held.append(number)
    else:
        answer(number)


def end_process(number: int) -> None:
    """End the process at once, after the functions of `Ending`, with the exit code of a signal.

    The functions run in a thread of their own. What they wait for may be held by the code that the
    signal interrupted; then the process ends without them after `LAST_SECONDS`.
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
"""What a signal does now; called between any two instructions of the main thread."""


class Ending:
    """A context with a function that `end_process` calls with the signal when it ends the process
    in it.
    """

    def __init__(self, function: Callable[[int], object]) -> None:
        self._function = function

    def __enter__(self) -> None:
        _endings.append(self._function)

    def __exit__(self, *_failure: object) -> None:
        _endings.remove(self._function)


def at_end(function: Callable[[int], object]) -> None:
    """Call `function` with the signal when `end_process` ends the process, whenever that is."""
    _endings.append(function)


class HeldBack:
    """A context that a signal does not interrupt: it is answered at the end.

    The code inside must be too short to be waited for, and must ask nobody. In any thread but the
    main one, where signals do not come, this does nothing.
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


def _clear_away(number: int, done: _thread.LockType) -> None:
    """Call the functions of `Ending`, the last one first, tell the user, and release `done`."""
    for function in reversed(_endings):
        try:
            function(number)
        except BaseException:  # noqa: BLE001 - the others have their turn; nobody is left to tell
            continue
    try:
        if sys.stderr is not None:
            os.write(2, b"interrupted\n")
    except OSError:
        pass
    done.release()
