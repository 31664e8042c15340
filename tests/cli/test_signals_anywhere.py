"""Signals between any two calls of a command, from its first line to its last.

`benchmarks/faults/signal_trials.py` is the long version.

A hook in Python's start-up counts the calls of functions and sends the signal at the n-th, so that
it comes anywhere, and nothing depends on time.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.command_line import (
    HEARS_INTERRUPTS,
    LOCAL_PROJECT,
    environment,
    read_tree,
    run_here,
)
from tests.support.effort import THOROUGH, rows
from tests.support.services.served import Server, serving

pytestmark = pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")

HOOK = """\
import atexit, os, sys
folder, at, number = os.environ["TRIAL"].rsplit(" ", 2)
at, number, calls = int(at), int(number), 0
def tell(name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
def watch(frame, event, what):
    global calls
    calls += 1
    if calls == at:
        sys.settrace(None)
        tell("sent", "")
        os.kill(os.getpid(), number)
def wait(frame, event, what):
    if frame.f_code.co_name == "_open_missing_streams":
        sys.settrace(watch)
def leave(code, leave=os._exit):
    sys.settrace(None)
    tell("calls", str(calls))
    leave(code)
if sys.orig_argv[1:3] == ["-m", "flowdsl"]:
    atexit.register(lambda: tell("calls", str(calls)))
    os._exit = leave
    sys.settrace(wait)
"""

PROD = """
[env.prod]
api = "{url}"
api_key = {{ env = "DESK_KEY" }}
"""
"""A service that this process serves: to import the emulator is most of a plan in a local one."""

FLOWS = 3
FLOW = """\
flow 1

## Reads the claim {number}.
workflow claim_{number} {{
  steps {{
    do "Open the claim number {number} in the ledger."
  }}
}}
"""

COMMANDS = {
    "version": ["--version"],
    "check": ["check"],
    "fmt": ["fmt"],
    "compile": ["compile", "-o", "out"],
    "show": ["state", "show", "--env", "local"],
    "plan": ["plan", "--env", "prod"],
    "deploy": ["deploy", "--env", "local", "--yes", "--json", "--result", "result.json"],
}
TRIALS = {"version": 1, "check": 4, "fmt": 3, "compile": 3, "show": 2, "plan": 3, "deploy": 6}


class Trial:
    """A project, and a command in it that gets a signal."""

    def __init__(self, root: Path, command: str, url: str) -> None:
        self.root, self.command = root, command
        self._hook = root.with_name("hook")
        self._hook.mkdir(parents=True)
        (self._hook / "sitecustomize.py").write_text(HOOK)
        (root / "flows").mkdir(parents=True)
        (root / "flowdsl.toml").write_text(LOCAL_PROJECT + PROD.format(url=url))
        for number in range(FLOWS):
            text = FLOW.format(number=number)
            # Something to do for `fmt`.
            (root / f"flows/claim_{number}.flow").write_text(text.replace("    do", "  do"))
        self.sources = self._sources()
        if command == "show":
            assert run_here(root, "deploy", "--env", "local", "--yes").code == 0

    def run(self, at: int, number: int) -> subprocess.CompletedProcess[str]:
        """The command, with the signal `number` at the call `at`."""
        return subprocess.run(
            [sys.executable, "-m", "flowdsl", *COMMANDS[self.command]],
            cwd=self.root,
            env=environment(
                CI="",
                DESK_KEY="key",
                FLOWDSL_ENV="local",
                PYTHONPATH=str(self._hook),
                TRIAL=f"{self._hook} {at} {number}",
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            preexec_fn=HEARS_INTERRUPTS,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> int:
        """How many calls the command made that nobody disturbed."""
        return int((self._hook / "calls").read_text())

    @property
    def sent(self) -> bool:
        return (self._hook / "sent").exists()

    def check_afterwards(self) -> None:
        """Nothing is torn, and nothing is in the way of the next command."""
        assert not [path for path in read_tree(self.root) if path.endswith(".tmp")]
        if self.command == "fmt":
            changed = [self._sources()[path] != before for path, before in self.sources.items()]
            assert all(changed) or not any(changed), "files are all written, or none"
        else:
            assert self._sources() == self.sources
        if self.command == "deploy":
            assert run_here(self.root, "deploy", "--env", "local", "--yes").code == 0
            assert run_here(self.root, "plan", "--env", "local", "--detailed-exitcode").code == 0
            state = json.loads((self.root / ".flowdsl/state/local.json").read_text())
            assert (state["lease"], state["pending"]) == (None, [])
            assert len(state["resources"]) == FLOWS

    def _sources(self) -> dict[str, bytes]:
        return read_tree(self.root / "flows")


@pytest.fixture
def url() -> Iterator[str]:
    with Store.open(None) as store:
        server = Server(create_app(store))
        with serving(server):
            yield server.url


@pytest.mark.parametrize("command", rows(list(COMMANDS), 0, 1, 5))
def test_a_signal_at_any_call(tmp_path: Path, command: str, url: str) -> None:
    calm = Trial(tmp_path / "calm/project", command, url)
    done = calm.run(0, 0)
    assert done.returncode == 0, done.stderr
    chance = random.Random(command)
    for index in range(TRIALS[command] if THOROUGH else 1):
        trial = Trial(tmp_path / f"{index}/project", command, url)
        number = chance.choice([signal.SIGINT, signal.SIGTERM])
        at = chance.randrange(1, calm.calls)
        ended = trial.run(at, number)
        where = f"signal {number} at call {at} of {calm.calls}: {ended.stderr}"
        assert "Traceback" not in ended.stderr, where
        assert "Exception ignored" not in ended.stderr, where
        # A deploy whose last write is done has nothing left to be stopped.
        normal = {0} if command == "deploy" or not trial.sent else set()
        assert ended.returncode in {128 + number} | normal, where
        if (trial.root / "result.json").exists():
            result = json.loads((trial.root / "result.json").read_text())
            assert result["exit_code"] == ended.returncode, where
        trial.check_afterwards()
