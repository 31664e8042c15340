"""How times, memory and goals are measured and told; `speed.py` and `peers.py` use it."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Job = Callable[[], object]

IDLE = 0.9
"""The share of each core that a process which only computes gets on an idle machine."""


def measure_idleness(seconds: float = 1.0) -> float:
    """The share of the time that processes get which compute all the time, one on each core."""
    code = (
        "import time\n"
        f"wall, cpu = time.perf_counter() + {seconds}, time.process_time()\n"
        "while time.perf_counter() < wall: pass\n"
        f"print((time.process_time() - cpu) / {seconds})"
    )
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return min(float(each.communicate()[0]) for each in running)


def interleaved(jobs: dict[str, Job], runs: int) -> dict[str, float]:
    """The median seconds of each job; the jobs take turns, so that drift affects all alike."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            gc.collect()
            start = time.perf_counter()
            result = job()
            times[name].append(time.perf_counter() - start)
            del result  # Freeing what a job made is not timed, be it Lark's or ours.
    return {name: statistics.median(found) for name, found in times.items()}


def process(*arguments: str, folder: Path) -> Job:
    """A job that runs a whole process of this Python."""

    def run() -> None:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)

    return run


class Command:
    """A command that is run again and again, with what it takes each time.

    `before` makes ready and is not timed. The exit codes 0 and 1 are answers, any other is an
    error: those who lint exit 1 when they find something.
    """

    def __init__(self, words: Sequence[str], folder: Path, before: Job | None = None) -> None:
        self._words = list(words)
        self._folder = folder
        self._before = before
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def run(self) -> None:
        """Run it once, and note the seconds, also those of the processes it waited for."""
        if self._before is not None:
            self._before()
        started = time.perf_counter()
        child = subprocess.Popen(
            self._words,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(used.ru_utime + used.ru_stime)
        if child.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(self._words)} exits {child.returncode}")

    def medians(self) -> tuple[float, float]:
        """Seconds on processors, and seconds that pass."""
        return statistics.median(self.cpu), statistics.median(self.wall)


Row = dict[str, Any]
"""A figure: `goal`, `what`, `value`, `unit`, and `gate` and `stretch`, which may be None.

`more` is true where more is better.
"""


def is_met(row: Row, limit: str) -> bool:
    """Whether the figure of a row reaches its `gate` or `stretch`."""
    value, wanted = row["value"], row[limit]
    return bool(value >= wanted if row["more"] else value <= wanted)


def render_row(row: Row, *, judged: bool) -> str:
    """A row of the table: the figure, what is wanted, and by how much it is missed."""
    gate, stretch = row["gate"], row["stretch"]
    sign = "≥" if row["more"] else "≤"
    wanted = "" if gate is None else f"{sign} {gate:g}"
    further = "" if stretch is None else f"{sign} {stretch:g}"
    verdict = ""
    if gate is not None and judged:
        if not is_met(row, "gate"):
            verdict = f"MISSED by {abs(row['value'] / gate - 1):.0%}" if gate else "MISSED"
        else:
            verdict = "met"
            if stretch is not None and is_met(row, "stretch"):
                verdict = "stretch"
    return (
        f"{row['goal']:<4} {row['what']:<56} {row['value']:9.2f} {row['unit']:<9} "
        f"{wanted:>8} {further:>8}  {verdict}"
    ).rstrip()


class Report:
    """The rows of one section."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.remarks: list[str] = []

    def row(
        self,
        goal: str,
        what: str,
        value: float,
        unit: str,
        gate: float | None = None,
        stretch: float | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Add a figure; with `more` the goals are what it has to reach, and not to stay below."""
        values = (goal, what, value, unit, gate, stretch, more)
        names = ("goal", "what", "value", "unit", "gate", "stretch", "more")
        self.rows.append(dict(zip(names, values, strict=True)))

    def remark(self, text: str) -> None:
        self.remarks.append(text)


class Results:
    """What sections have given, kept in a file after each, so that a run can go on later."""

    def __init__(self, path: Path | None, key: str) -> None:
        self._path = path
        self.key = key
        self.sections: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            document = json.loads(path.read_text("utf-8"))
            if document["key"] == key:
                self.sections = document["sections"]

    def keep(self, name: str, section: dict[str, Any]) -> None:
        self.sections[name] = section
        if self._path is not None:
            document = {"key": self.key, "sections": self.sections}
            self._path.write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")
