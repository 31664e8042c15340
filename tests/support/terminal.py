"""Programs at a terminal of their own, as a person uses them."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support import forked

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")

SECONDS = 60.0
"""How long a person waits for an answer at most."""


class Terminal:
    """What stands on the screen of a program, and the keyboard before it."""

    def __init__(self, running: forked.Running, keyboard: int) -> None:
        self._running = running
        self._keyboard = keyboard
        self._screen = b""

    def type(self, keys: str) -> None:
        """Press keys; a lone surrogate is a byte that is not UTF-8."""
        os.write(self._keyboard, keys.encode(errors="surrogateescape"))

    def until(self, pattern: str) -> str:
        """What is shown up to the first match of `pattern`, and taken off; fails without one."""
        deadline = time.monotonic() + SECONDS
        while (found := re.search(pattern.encode(), self._screen)) is None:
            if not self._read(deadline):
                pytest.fail(
                    f"{pattern!r} is not shown, but {self._screen.decode(errors='replace')!r}"
                )
        shown = self._screen[: found.end()]
        self._screen = self._screen[found.end() :]
        return shown.decode(errors="replace")

    def ended(self) -> tuple[int, str]:
        """The exit code, and the rest of the screen."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        return self._running.wait(SECONDS), self._screen.decode(errors="replace")

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            piece = os.read(self._keyboard, 65536)
        except OSError:  # Linux: the other end is closed
            return False
        self._screen += piece
        return bool(piece)


@contextlib.contextmanager
def terminal(
    words: Sequence[str], *, folder: Path, environ: Mapping[str, str]
) -> Iterator[Terminal]:
    """Start a program at a new terminal, 200 columns wide; it is hung up at the end."""

    def begin(screen: int) -> forked.Running:
        return forked.started(
            subprocess.Popen(
                words,
                cwd=folder,
                env=dict(environ),
                stdin=screen,
                stdout=screen,
                stderr=screen,
                start_new_session=True,
                preexec_fn=forked.sit_down,
            )
        )

    with _sitting_at(begin) as shown:
        yield shown


@contextlib.contextmanager
def flowdsl_at_terminal(
    words: Sequence[str], *, folder: Path, environ: Mapping[str, str]
) -> Iterator[Terminal]:
    """`flowdsl` with these words at a new terminal, forked."""

    def begin(screen: int) -> forked.Running:
        streams = (screen, screen, screen)
        return forked.begin_on(words, streams, folder=folder, environ=environ, terminal=True)

    with _sitting_at(begin) as shown:
        yield shown


@contextlib.contextmanager
def _sitting_at(begin: Callable[[int], forked.Running]) -> Iterator[Terminal]:
    """What `begin` begins on a terminal, whose number it is given."""
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    running = begin(theirs)
    os.close(theirs)
    try:
        yield Terminal(running, ours)
    finally:
        os.close(ours)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        running.close()
