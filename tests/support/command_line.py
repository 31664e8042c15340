"""The real program, in a process of its own or in this one."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from tests.support import forked

LOCAL_PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[env.local]
api = "local"
"""
"""A `flowdsl.toml` that deploys to the embedded emulator."""
SERVED_PROJECT = LOCAL_PROJECT.replace(
    '[env.local]\napi = "local"', '[env.prod]\napi = "{api}"\napi_key = {{ env = "DESK_KEY" }}'
)
"""One that deploys to the service at the address `api`, with the key in `DESK_KEY`."""
SMALL_FLOW = """\
flow 1

## Opens a record.
workflow look_up {
  title = "Look up"
  steps {
    do "Open the record of the day."
  }
}
"""

SECONDS = 60.0
"""How long a command takes at most."""


class Result(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output, line breaks as they came."""
        return self.out.decode()


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what configures the program, and `more`."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLOWDSL_", "GITHUB_"))
    }
    return ours | more


HEARS_INTERRUPTS: Callable[[], object] | None = (
    None if sys.platform == "win32" else partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
)
"""The `preexec_fn` of a process that is to be interrupted.

A job in the background of a script ignores Ctrl-C, and so would what it starts.
"""


def run_command(
    folder: Path, *words: str, stdin: bytes = b"", started: bool = False, **environ: str
) -> Result:
    """Run `flowdsl` in a folder, its output in files, or `started` anew with pipes.

    Fails the test on a traceback.
    """
    run = forked.start if started else forked.run
    process = run(
        words, folder=folder, environ=environment(**environ), stdin=stdin, seconds=SECONDS
    )
    result = Result(process.returncode, process.stdout, process.stderr.decode())
    check_no_traceback(result)
    return result


def run_here(
    folder: Path, *words: str, stdin: bytes = b"", together: bool = False, **environ: str
) -> Result:
    """Run `flowdsl` in a folder, in this process, its streams in files.

    `together`, its messages are part of its output, in the order in which a terminal shows them.

    For what a command says and does: it takes half of the time of a process. What is claimed of a
    process, of its signals, its streams or its end, is shown with `run_command`. Fails the test on
    a traceback, and where the command does not end.
    """
    from flowdsl.cli.main import run

    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(stdin)
        files[0].seek(0)
        given, out, err = (io.TextIOWrapper(file, encoding="utf-8") for file in files)
        # Where nobody has imported it, nothing is served.
        if served := sys.modules.get("tests.support.services.served"):
            stack.enter_context(served.asked_directly())
        with (
            contextlib.chdir(folder),
            patch.dict(os.environ, environment(**environ), clear=True),
            patch.multiple(sys, stdin=given, stdout=out, stderr=out if together else err),
            _ends_in_time(),
        ):
            code = run(list(words))
        for stream in (out, err):
            stream.flush()
            stream.buffer.seek(0)
        result = Result(code, out.buffer.read(), err.buffer.read().decode())
    check_no_traceback(result)
    return result


@contextlib.contextmanager
def _ends_in_time() -> Iterator[None]:
    """Fail the test in a block that takes longer than a command does, where a clock can tell."""
    if sys.platform == "win32":
        yield
        return

    def over(*_: object) -> None:
        pytest.fail(f"the command has not ended after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Beside:
    """`flowdsl` beside this process, its output in pipes that are read as it runs."""

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        pipes = [os.pipe(), os.pipe()]
        with open(os.devnull, "rb") as nothing:
            streams = (nothing.fileno(), *(theirs for _, theirs in pipes))
            self._running = forked.begin_on(
                words, streams, folder=folder, environ=environment(**environ)
            )
        for _, theirs in pipes:
            os.close(theirs)
        self.pid, self.send_signal = self._running.pid, self._running.send_signal
        self.stdout, self.stderr = (os.fdopen(ours, encoding="utf-8") for ours, _ in pipes)

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._running.poll()

    def wait(self, seconds: float = SECONDS) -> int:
        """The exit code; raises `subprocess.TimeoutExpired`."""
        return self._running.wait(seconds)

    def communicate(self) -> tuple[str, str]:
        """What it wrote until its end, and was not read yet.

        Raises `subprocess.TimeoutExpired` where it does not end; it is killed then.
        """
        with ThreadPoolExecutor(2) as pool:
            out, err = (pool.submit(each.read) for each in (self.stdout, self.stderr))
            try:
                self.wait()
            finally:
                self.send_signal(signal.SIGKILL)
            said = out.result(), err.result()
        self.end()
        return said

    def end(self) -> None:
        """End it at once, where it runs, and close what is open."""
        self.send_signal(signal.SIGKILL)
        self._running.close()
        self.stdout.close()
        self.stderr.close()


def check_no_traceback(result: Result) -> None:
    """A command ends with a line of its own, also where it fails."""
    assert b"Traceback" not in result.out and "Traceback" not in result.err
    assert "internal error" not in result.err


def write_tree(root: Path, files: dict[str, str | bytes]) -> None:
    """Make files below a folder; text is written with the line breaks it has."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def read_tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }
