"""Runs a program to its end, signals included."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def run(words: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> int:
    """The exit code of a program, as a shell gives it; its output goes where ours goes.

    A signal to the job is passed on, and the program is waited for: a deploy that is told to stop
    finishes what it has begun and saves its state.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with _signals() as received:
        try:
            child = subprocess.Popen(
                list(words), cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL
            )
        except OSError as error:
            print(f"error: `{words[0]}` cannot be started: {error.strerror}", file=sys.stderr)
            return 126
        with child:
            received.child = child
            received.pass_on()
            code = child.wait()
    return code if code >= 0 else 128 - code


class _Received:
    """The signals received, and the program to pass them to once it runs."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self._numbers: list[int] = []

    def receive(self, number: int, _frame: object) -> None:
        self._numbers.append(number)
        self.pass_on()

    def pass_on(self) -> None:
        if self.child is None:
            return
        while self._numbers:
            self.child.send_signal(self._numbers.pop(0))


@contextmanager
def _signals() -> Iterator[_Received]:
    received = _Received()
    numbers = () if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, received.receive) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
