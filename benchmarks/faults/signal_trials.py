"""Does a signal end every command as it should, whenever it comes?

    python benchmarks/faults/signal_trials.py [--trials N] [--seed S] [--at-once N] [--script]
        [--only COMMAND ...]

Starts real commands, against a real `flowdsl emulator` that answers late, and sends each SIGINT or
SIGTERM at a random moment of its life, every fourth one two of them. Prints by command and signal
how they ended, the tracebacks that were seen, the commands that did not end within 15 s, and what
was wrong afterwards: a deploy that does not succeed, a lease or an intent that is left, a workflow
too many, a file half written. Commands that the signal itself ended before the first line of
FlowDSL ran, or in Python's own start, are counted by themselves, with the latest moment at which
that happened. Exits 1 for anything that is wrong.

`--script` runs the script `flowdsl` beside the interpreter in place of `python -m flowdsl`. Needs
the development dependencies and a system with signals and terminals.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flowdsl.state.stores.os_lock import hold_exclusive_lock
from tests.support import forked
from tests.support.command_line import HEARS_INTERRUPTS, environment, read_tree

SLOW = "40ms"
"""The delay of each reply of the service."""

HANGS = 15.0
"""Seconds from the last signal until a command counts as one that does not end."""

TWO = 0.25
"""The share of trials with a second signal."""

FLOW = """\
flow 1

## Reads the claim {number}.
workflow claim_{number} {{
  tags = ["claims"]

  steps {{
    do "Open the claim number {number} in the ledger."
  }}
}}
"""
WORKFLOWS = 5
PROJECT = """\
[project]
name = "harbour-claims"
id = "prj_{key}"

[env.local]
api = "{url}"
api_key = {{ env = "DESK_KEY" }}
"""

COMMANDS = {
    "--version": ["--version"],
    "check": ["check"],
    "fmt --check": ["fmt", "--check"],
    "compile -o": ["compile", "-o", "{out}"],
    "plan": ["plan", "--env", "local"],
    "state show": ["state", "show", "--env", "local"],
    "deploy": ["deploy", "--env", "local", "--yes", "--result", "result.json"],
    "deploy, waiting": ["deploy", "--env", "local", "--yes", "--lock-timeout", "60s"],
    "deploy, asking": ["deploy", "--env", "local"],
}
READS = ("--version", "check", "fmt --check", "compile -o", "plan", "state show")
NEVER_END = ("deploy, waiting", "deploy, asking")
"""Commands that wait for somebody who never comes."""

SHARES = [1, 1, 1, 1, 2, 1, 4, 2, 2]
"""How often each command is chosen, in the order of `COMMANDS`."""

OURS = re.compile(rb"flowdsl/(?!__main__\.py|__init__\.py)|in run_process\b")
"""Found in a traceback that came after FlowDSL's first line."""


@dataclass
class World:
    """One project, with an organisation of its own."""

    root: Path
    key: str
    url: str

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Runs a command without a signal."""
        return forked.run(
            words,
            folder=self.root,
            environ=environment(DESK_KEY=self.key, CI=""),
            stdin=b"",
            seconds=120,
        )

    def sources(self) -> dict[str, bytes]:
        return {
            path: content
            for path, content in read_tree(self.root).items()
            if not path.startswith(("out", "std"))
        }

    def wrong(self) -> str:
        """What one more deploy does not put right; empty if all is well."""
        again = self.run("deploy", "--env", "local", "--yes")
        if again.returncode:
            return f"the next deploy ends {again.returncode}: {again.stderr[-300:]!r}"
        plan = self.run("plan", "--env", "local", "--detailed-exitcode")
        if plan.returncode:
            return f"the next plan ends {plan.returncode}: {plan.stderr[-300:]!r}"
        headers = {"Authorization": f"Bearer {self.key}"}
        found = httpx.get(f"{self.url}/v1/workflows", headers=headers).json()["items"]
        if len(found) != WORKFLOWS:
            return f"there are {len(found)} workflows"
        state = httpx.Response(200, content=(self.root / ".flowdsl/state/local.json").read_bytes())
        if state.json()["lease"] or state.json()["pending"]:
            return "a lease or an intent is left"
        return _left(self.root)


def _left(root: Path) -> str:
    left = [path for path in read_tree(root) if path.endswith(".tmp")]
    return f"a temporary file is left: {left[0]}" if left else ""


@dataclass
class Trial:
    """One command, the signals it gets after a share of its life, and the result.

    Times are in seconds.
    """

    number: int
    command: str
    signals: list[int]
    share: float
    gap: float
    moment: float = 0.0
    code: int | None = None
    said: bytes = b""
    sent: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def traceback(self) -> bool:
        return b"Traceback" in self.said or b"Exception ignored" in self.said

    @property
    def before_us(self) -> bool:
        """Whether the command ended before a line of FlowDSL that could do anything about it."""
        if self.traceback:
            return OURS.search(self.said) is None
        return self.code is not None and self.code < 0

    def judge(self) -> None:
        """Fills `wrong` from how the command ended."""
        if self.code is None:
            self.wrong.append("it does not end")
        if self.before_us or self.code is None:
            return
        if self.traceback:
            self.wrong.append(f"a traceback: {self.said[-1500:].decode(errors='replace')}")
        expected = {128 + number for number in self.signals[: self.sent]}
        if self.command not in NEVER_END or not self.sent:
            expected.add(0)  # The command had ended before.
        if self.code not in expected:
            self.wrong.append(f"exit code {self.code}: {self.said[-300:]!r}")


class Trials:
    """All trials, with the emulator that they use."""

    def __init__(self, folder: Path, url: str, program: Sequence[str]) -> None:
        self._folder, self._url, self._program = folder, url, program
        self._calm = self.world("calm")
        done = self._calm.run("deploy", "--env", "local", "--yes")
        assert done.returncode == 0, done.stderr
        self._files = self._calm.sources()
        self.seconds: dict[str, float] = {}

    def world(self, name: str) -> World:
        """A fresh project."""
        root = self._folder / name
        (root / "flows").mkdir(parents=True)
        for number in range(WORKFLOWS):
            (root / f"flows/claim_{number}.flow").write_text(FLOW.format(number=number))
        key = f"key-{name}"
        (root / "flowdsl.toml").write_text(PROJECT.format(key=name, url=self._url))
        return World(root, key, self._url)

    def measure(self, command: str) -> None:
        """Finds out how long the command takes, or how long until it waits."""
        number = len(self.seconds)
        world = self.world(f"measure{number}")
        words = self._words(Trial(-number, command, [], 0.0, 0.0))
        if command in NEVER_END:
            words = ["plan", "--env", "local"]  # They do as much before they wait.
        elif command in READS:
            world = self._calm
        begun = time.perf_counter()
        subprocess.run(
            [*self._program, *words],
            cwd=world.root,
            env=environment(DESK_KEY=world.key, CI=""),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        seconds = time.perf_counter() - begun
        self.seconds[command] = seconds * (1.4 if command in NEVER_END else 1.0)

    def carry_out(self, trial: Trial) -> Trial:
        """Runs the command, sends the signals, and examines everything."""
        reads = trial.command in READS
        world = self._calm if reads else self.world(f"t{trial.number}")
        with ExitStack() as stack:
            if trial.command == "deploy, waiting":
                state = world.root / ".flowdsl/state"
                state.mkdir(parents=True)
                stack.enter_context(hold_exclusive_lock(state / "local.json.lock"))
            self._disturb(trial, world)
        trial.judge()
        wrong = self._afterwards_reading(trial) if reads else world.wrong()
        if wrong:
            trial.wrong.append(wrong)
        return trial

    def _afterwards_reading(self, trial: Trial) -> str:
        if self._calm.sources() != self._files:
            return "a file of the project has changed"
        out = self._folder / f"out{trial.number}"
        if out.exists():
            found = read_tree(out)
            if any(not content for content in found.values()):
                return "a file is empty"
            return _left(out)
        return ""

    def _words(self, trial: Trial) -> list[str]:
        out = str(self._folder / f"out{trial.number}")
        return [word.format(out=out) for word in COMMANDS[trial.command]]

    def _disturb(self, trial: Trial, world: World) -> None:
        with tempfile.TemporaryFile() as said, ExitStack() as stack:
            stdin: int = subprocess.DEVNULL
            stderr: int = said.fileno()
            if trial.command == "deploy, asking":
                ours, stdin = os.openpty()
                stderr = stdin
                stack.callback(os.close, ours)
                reader = threading.Thread(target=_drain, args=(ours, said.fileno()))
                reader.start()
                stack.callback(reader.join)
                stack.callback(os.close, stdin)
            process = subprocess.Popen(
                [*self._program, *self._words(trial)],
                cwd=world.root,
                env=environment(DESK_KEY=world.key, CI=""),
                stdin=stdin,
                stdout=said.fileno(),
                stderr=stderr,
                preexec_fn=HEARS_INTERRUPTS,
                start_new_session=True,
            )
            try:
                trial.moment = trial.share * self.seconds[trial.command]
                for number, pause in zip(trial.signals, (trial.moment, trial.gap), strict=False):
                    time.sleep(pause)
                    if process.poll() is not None:
                        break
                    process.send_signal(number)
                    trial.sent += 1
                if not trial.sent:  # The machine has become faster.
                    self.seconds[trial.command] *= trial.share
                trial.code = process.wait(HANGS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            stack.close()
            said.seek(0)
            trial.said = said.read()


def _drain(terminal: int, file: int) -> None:
    """Reads what a terminal shows until nobody has it open any more."""
    while True:
        try:
            shown = os.read(terminal, 4096)
        except OSError:
            return
        os.write(file, shown)


@contextmanager
def emulator(folder: Path, keys: Sequence[str]) -> Iterator[str]:
    """Runs a service with an organisation for each key; yields its address."""
    words = ["emulator", "--port", "0", "--data", str(folder / "emulator.sqlite")]
    words += ["--fault", f"* /v1/* slow seconds={SLOW}"]
    for number, key in enumerate(keys):
        words += ["--key", f"{key}=org_{number}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", *words],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=HEARS_INTERRUPTS,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield found.group()
    finally:
        process.terminate()
        assert process.wait(30) == 143


def show(trials: Sequence[Trial]) -> int:
    """Prints the figures; returns the exit code."""
    by = defaultdict(list)
    for trial in trials:
        names = "+".join(signal.Signals(number).name[3:] for number in trial.signals)
        by[trial.command, names].append(trial)
    print(f"{'command':<16} {'signals':<10} {'trials':>6}  exit codes")
    for (command, names), some in sorted(by.items()):
        codes = Counter(
            "ended before"
            if not each.sent
            else "in Python's start"
            if each.before_us
            else "does not end"
            if each.code is None
            else str(each.code)
            for each in some
        )
        shown = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        print(f"{command:<16} {names:<10} {len(some):>6}  {shown}")
    early = [each for each in trials if each.before_us]
    hit = [each for each in trials if each.sent]
    print(f"\n{len(trials)} trials, {len(hit)} of them hit a command at work")
    print(f"in Python's own start: {len(early)}", end="")
    if early:
        traced = sum(each.traceback for each in early)
        last = max(each.moment for each in early)
        print(f" ({traced} with Python's traceback), the latest after {last * 1000:.0f} ms", end="")
    wrong = [each for each in trials if each.wrong]
    print(f"\nhangs: {sum(each.code is None for each in trials)}")
    print(f"tracebacks after it: {sum(each.traceback and not each.before_us for each in trials)}")
    print(f"wrong: {len(wrong)}")
    for each in wrong:
        print(
            f"  #{each.number} {each.command}, {each.signals} at {each.moment:.3f} s: {each.wrong}"
        )
    return 1 if wrong else 0


def main() -> int:
    """Carries the trials out, and prints the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--script", action="store_true")
    parser.add_argument("--only", action="append", choices=COMMANDS)
    options = parser.parse_args()
    program = [sys.executable, "-m", "flowdsl"]
    if options.script:
        program = [str(Path(sys.executable).with_name("flowdsl"))]
    chance = random.Random(options.seed)
    chosen = chance.choices(list(COMMANDS), SHARES, k=options.trials)
    if options.only:
        chosen = [chance.choice(options.only) for _ in chosen]
    names = ["calm", *(f"t{number}" for number in range(options.trials))]
    names += [f"measure{number}" for number in range(100)]
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator(Path(folder), [f"key-{name}" for name in names]) as url,
        ThreadPoolExecutor(options.at_once) as pool,
    ):
        trials = Trials(Path(folder, "worlds"), url, program)
        for command in dict.fromkeys(chosen):
            trials.measure(command)
        print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in trials.seconds.items()))
        planned = [
            Trial(
                number,
                command,
                chance.choices([signal.SIGINT, signal.SIGTERM], k=1 + (chance.random() < TWO)),
                chance.uniform(0, 1),
                chance.uniform(0, 0.3),
            )
            for number, command in enumerate(chosen)
        ]
        return show(list(pool.map(trials.carry_out, planned)))


if __name__ == "__main__":
    raise SystemExit(main())
