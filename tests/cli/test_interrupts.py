"""A signal ends a process even where the exception that it raises is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.command_line import HEARS_INTERRUPTS

STUCK = """\
import os, signal, threading
from flowdsl.cli import interrupts
interrupts.LOST_SECONDS = 0.1
interrupts.Interrupts(lambda: False, print, failed=lambda ended: print(type(ended).__name__, flush=True))
try:
    os.kill(os.getpid(), signal.{name})
    threading.Event().wait()
except BaseException:
    pass
threading.Event().wait()
"""


@pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("SIGINT", 130, "KeyboardInterrupt"), ("SIGTERM", 143, "SystemExit")],
)
def test_a_signal_that_is_lost_ends_the_process_soon(name: str, code: int, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK.format(name=name)],
        preexec_fn=HEARS_INTERRUPTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.strip()) == (code, said)
