"""A signal ends a process wherever it comes, and nothing that it interrupts can lose it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import HEARS_INTERRUPTS
from tests.support.effort import THOROUGH

pytestmark = pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")

SIGNALS = [("SIGINT", 130), ("SIGTERM", 143)]

BEGIN = """\
import asyncio, os, signal, sys, threading, time
from flowdsl.host import signals
signals.listen_for_signals()
def hit(number=signal.{name}):
    os.kill(os.getpid(), number)
"""

IN_A_DESTRUCTOR = """
class Loses:
    def __del__(self):
        hit()
        print("not reached")
Loses()
print("nor this")
"""

SWALLOWED = """
try:
    hit()
    threading.Event().wait()
except BaseException:
    print("raised")
threading.Event().wait()
"""

LOCKED = """
from concurrent.futures import thread
with thread._global_shutdown_lock:
    hit()
"""

WAITING = """
from flowdsl.cli.runtime import interrupts
async def work():
    try:
        asyncio.get_running_loop().call_later(0, hit)
        await asyncio.sleep(60)
    finally:
        print("given back", flush=True)
try:
    interrupts.run(work())
except signals.Interrupted as interrupted:
    sys.exit(interrupted.code)
"""

A_THREAD_THAT_DOES_NOT_END = """
from flowdsl.cli.runtime import interrupts
interrupts.LOST_SECONDS = 0.1
async def work():
    asyncio.get_running_loop().call_later(0, hit)
    await asyncio.to_thread(threading.Event().wait)
interrupts.run(work())
"""

TWICE = """
from flowdsl.cli.runtime import interrupts
async def work():
    hit()
    hit()
    print("not reached", flush=True)
interrupts.run(work())
"""

A_QUESTION_UNDER_A_LEASE = """
from flowdsl.cli.runtime import interrupts
async def work():
    try:
        interrupts.ask_interruptibly(lambda: (hit(), time.sleep(60)))
    except asyncio.CancelledError:
        print("given back", flush=True)
        raise
try:
    interrupts.run(work())
except signals.Interrupted as interrupted:
    sys.exit(interrupted.code)
"""

A_QUESTION_ELSEWHERE = """
from flowdsl.cli.runtime import interrupts
try:
    interrupts.ask_interruptibly(lambda: (hit(), time.sleep(60)))
except signals.Interrupted as interrupted:
    print("left", flush=True)
    sys.exit(interrupted.code)
"""

ENDINGS = """
held = threading.Lock()
held.acquire()
with signals.BeforeEnding(lambda number: print("first", flush=True)):
    with (
        signals.BeforeEnding(lambda number: 1 / 0),
        signals.BeforeEnding(lambda number: print("last", number, flush=True)),
    ):
        hit()
"""

AN_ENDING_THAT_WAITS_FOR_WHAT_WAS_INTERRUPTED = """
signals.LAST_SECONDS = 0.1
held = threading.Lock()
with signals.BeforeEnding(lambda number: held.acquire()), held:
    hit()
"""

HELD_BACK = """
with signals.HeldBack():
    hit()
    hit()
    with signals.HeldBack():
        pass
    print("finished", flush=True)
print("not reached", flush=True)
"""


def ended(code: str, name: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a process that sends itself a signal."""
    process = subprocess.run(
        [sys.executable, "-c", BEGIN.format(name=name) + code],
        preexec_fn=HEARS_INTERRUPTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return process.returncode, process.stdout, process.stderr


ENDED = {
    "in a destructor": (IN_A_DESTRUCTOR, "", "interrupted\n"),
    "where everything is caught": (SWALLOWED, "", "interrupted\n"),
    "under a lock": (LOCKED, "", "interrupted\n"),
    "in the event loop": (WAITING, "given back\n", ""),
    "in a thread that does not end": (A_THREAD_THAT_DOES_NOT_END, "", "interrupted\n"),
    "twice": (TWICE, "", "interrupted\n"),
    "asked in the event loop": (A_QUESTION_UNDER_A_LEASE, "given back\n", ""),
    "asked elsewhere": (A_QUESTION_ELSEWHERE, "left\n", ""),
    "what is left to do": (ENDINGS, "last {number}\nfirst\n", "interrupted\n"),
    "what cannot be done": (AN_ENDING_THAT_WAITS_FOR_WHAT_WAS_INTERRUPTED, "", ""),
    "held back": (HELD_BACK, "finished\n", "interrupted\n"),
}


@pytest.mark.parametrize(
    ("place", "name", "code"),
    [
        (place, *SIGNALS[(number + at) % 2])
        for number, place in enumerate(ENDED)
        for at in (range(2) if THOROUGH else range(1))
    ],
)
def test_a_signal_ends_a_process(place: str, name: str, code: int) -> None:
    script, said, told = ENDED[place]
    assert ended(script, name) == (code, said.format(number=code - 128), told)


def test_a_signal_that_the_process_ignores_stays_ignored() -> None:
    process = subprocess.run(
        [
            "sh",
            "-c",
            f"trap '' INT; exec '{sys.executable}' -c \"$0\"",
            BEGIN.format(name="SIGINT") + "hit()\nprint('on')",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (process.returncode, process.stdout) == (0, "on\n")


@pytest.mark.parametrize(("name", "code"), SIGNALS)
def test_the_repository_of_state_in_git_goes_too(tmp_path: Path, name: str, code: int) -> None:
    script = f"""
import tempfile
from flowdsl.state.stores.git_commands import Workshop
tempfile.tempdir = {str(tmp_path)!r}
workshop = Workshop("file:///nowhere", {{}})
workshop.local("rev-parse", "--is-bare-repository")
print(len(os.listdir(tempfile.tempdir)), flush=True)
hit()
"""
    assert ended(script, name) == (code, "1\n", "interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_files_are_all_written_or_none(tmp_path: Path) -> None:
    """A signal between the renames waits for the last; one before the first leaves nothing."""
    script = f"""
from flowdsl.host import writing
paths = {{r"{tmp_path}/%d" % number: b"new" for number in range(5)}}
rename, chmod = os.replace, os.fsync
def at(moment, function):
    def call(*arguments, **folders):
        function(*arguments, **folders)
        if sys.argv[-1] == moment:
            hit()
    return call
os.replace, os.fsync = at("rename", rename), at("stage", chmod)
writing.write_files(paths, below=r"{tmp_path}")
"""
    for moment, count in (("stage", 0), ("rename", 5)):
        code, _, err = ended(f"sys.argv = ['', '{moment}']\n{script}", "SIGTERM")
        assert (code, err) == (143, "interrupted\n")
        assert len(list(tmp_path.iterdir())) == count
