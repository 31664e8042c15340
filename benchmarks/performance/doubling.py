"""How the time of every check grows with texts of every kind: n, 2n and 4n characters of it.

    python benchmarks/performance/doubling.py [--kind PATTERN] [--phase PATTERN]
        [--jobs N] [--patience S] [--show N] [--verbose]

Each phase is timed by itself for each kind of text, in seconds on a processor, with the garbage
collector off. The text doubles until the phase takes `LONG`, or all the phases of the kind have
taken `--patience`. The two largest sizes are timed in turns, and the least time of each counts. A
ratio that is no clear pass is measured again, and then at twice the size, as long as that stays
below `GIVEN_UP`: a step at one size, where memory outgrows what the process has, is no growth.
What is left above `LIMIT` fails, and so does what is given up before it could be doubled twice.

A phase that takes less than `TOLD` at its largest size says nothing by its ratio; such rows are
counted apart, with what they take. A kind whose sizes end at a limit of the language says so.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import doubling_service
import doubling_texts
from doubling_phases import Job, Parts, few_phases, phases

LIMIT = 2.4
CLEAR = 2.15
"""A ratio up to which two runs are enough."""

SMALLEST_TEXT = 500
"""Characters of the smallest n."""

LONGEST_TEXT = 4_096_000
"""Characters of the largest 4n."""

LONG = 0.2
"""Seconds of a phase at its largest size."""

TOLD = 0.04
"""Seconds from which on a ratio says something."""

PATIENCE = 1.5
"""Seconds after which the text of a kind is not doubled again."""

GIVEN_UP = 3.0
"""Seconds after which a phase is given up."""

RUNS = 4
"""Further runs of a phase that looks bad."""

ALTOGETHER = 60
"""Seconds after which a kind is given up that cannot even be interrupted."""

ENDLESS = float("inf")

Phases = Callable[[dict[str, str]], Iterator[tuple[str, Job]]]


class TookTooLong(BaseException):
    """A phase that is given up; no error that a program handles."""


class Row(NamedTuple):
    """What one phase took for one kind of text: in seconds, by characters in order of size.

    `bound` says why there is no larger size where the kind has one.
    """

    kind: str
    phase: str
    times: dict[int, float]
    bound: str = ""

    @property
    def largest(self) -> float:
        return list(self.times.values())[-1]

    @property
    def is_small(self) -> bool:
        return self.largest < TOLD

    @property
    def ratio(self) -> float:
        """Of the last doubling; infinite where there were no two."""
        times = list(self.times.values())
        if len(times) < 2 or times[-1] == ENDLESS:
            return ENDLESS if self.largest == ENDLESS else 0.0
        return times[-1] / max(times[-2], 1e-4)

    @property
    def is_bad(self) -> bool:
        return self.ratio > LIMIT and not self.is_small

    def __str__(self) -> str:
        last = list(self.times.items())[-3:]
        sizes = " | ".join(f"{size / 1000:.0f}" for size, _ in last[-1:])
        milliseconds = ", ".join(f"{each * 1000:.0f}" for _, each in last)
        return f"| {self.ratio:.2f} | {self.kind} | {self.phase} | {sizes} | {milliseconds} |"


class Kind(NamedTuple):
    """Texts of one kind by their size, and what is done with them.

    `most` is the size of the longest.
    """

    make: Callable[[int], dict[str, str]]
    phases: Phases
    most: int = LONGEST_TEXT
    bound: str = ""


def phases_of(kind: str) -> Phases:
    """All phases, or those that differ for prose that gives the same findings in another place."""
    again = kind.startswith(("prose, many texts", "prose, target", "prose, rule"))
    return few_phases if again else phases


KINDS = {
    **{
        name: Kind(make, phases_of(name), *doubling_texts.BOUNDS.get(name, ()))
        for name, make in doubling_texts.KINDS.items()
    },
    **{
        f"service: {name}": Kind(make, doubling_service.phases)
        for name, make in doubling_service.KINDS.items()
    },
}


class Size:
    """The jobs of one size, each prepared when it is asked for."""

    def __init__(self, kind: Kind, size: int) -> None:
        self.size = size
        self._jobs = kind.phases(kind.make(size))
        self._ready: dict[str, Job] = {}

    def __iter__(self) -> Iterator[tuple[str, Job]]:
        """Every phase, those before it prepared."""
        yield from list(self._ready.items())
        for name, job in self._jobs:
            self._ready[name] = job
            yield name, job

    def job(self, name: str) -> Job | None:
        return next((job for each, job in self if each == name), None)


def seconds(job: Job) -> Parts:
    """What a job takes on a processor, under the name ``, and its parts; infinite when given up."""

    def over(*_: object) -> None:
        raise TookTooLong

    signal.signal(signal.SIGPROF, over)
    gc.collect()
    gc.disable()
    try:
        signal.setitimer(signal.ITIMER_PROF, GIVEN_UP)
        start = time.process_time()
        result = job()
        took = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
    except TookTooLong:
        return Parts({"": ENDLESS})
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.enable()
        gc.freeze()
    return Parts({"": took, **(result if isinstance(result, Parts) else {})})


class Phase:
    """The least times of one phase by size, and by its parts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.by_size: dict[int, Parts] = {}

    def run(self, size: Size) -> float:
        """Time it once more; the least time so far."""
        job = size.job(self.name)
        if job is None:
            return 0.0
        took = seconds(job)
        best = self.by_size.setdefault(size.size, took)
        for part, each in took.items():
            best[part] = min(best.get(part, ENDLESS), each)
        return best[""]

    def rows(self, kind: str, bound: str = "") -> list[Row]:
        parts = list(self.by_size.values())[-1]
        return [
            Row(
                kind,
                part or self.name,
                {size: each.get(part, each[""]) for size, each in self.by_size.items()},
                bound,
            )
            for part in parts
        ]


def measure(
    name: str, phase: re.Pattern[str], patience: float, tell: Callable[[object], None]
) -> None:
    """Tell the phase that begins and the rows of each that ended, for one kind of text."""
    kind = KINDS[name]
    sizes: list[Size] = []
    found: dict[str, Phase] = {}
    began = time.process_time()
    done: set[str] = set()
    while not sizes or 2 * sizes[-1].size <= kind.most:
        start = time.process_time()
        size = Size(kind, 2 * sizes[-1].size if sizes else SMALLEST_TEXT)
        sizes.append(size)
        tell(f"all at {size.size} characters")
        for each, _ in size:
            if not phase.search(each) or each in done:
                continue
            tell(f"{each} at {size.size} characters")
            took = found.setdefault(each, Phase(each)).run(size)
            if took == ENDLESS or (took >= LONG and len(found[each].by_size) > 2):
                done.add(each)
        now = time.process_time()
        if found.keys() <= done or now - began + 2 * (now - start) > patience:
            break
    for each in found.values():
        for row in _settled(name, kind, each, sizes, tell):
            tell(row)


def _settled(
    name: str, kind: Kind, phase: Phase, sizes: list[Size], tell: Callable[[object], None]
) -> list[Row]:
    """The rows of a phase, those that look bad measured again and at larger sizes."""
    tell(phase.name)
    most = kind.most
    while True:
        measured = [each for each in sizes if each.size in phase.by_size]
        if phase.by_size[measured[-1].size][""] == ENDLESS:
            if len(measured) < 4:
                return phase.rows(name)
            # The sizes before the one that took too long tell whether it grows as it should.
            del phase.by_size[measured.pop().size]
            most = measured[-1].size
        for runs, limit in ((1, 0.0), (RUNS, CLEAR), (RUNS, LIMIT)):
            if _worst(phase.rows(name)) > limit and len(measured) > 1:
                for _ in range(runs if phase.by_size[measured[-1].size][""] < 1 else 1):
                    for each in measured[-2:]:
                        phase.run(each)
        rows = phase.rows(name)
        last = measured[-1].size
        if _worst(rows) <= LIMIT:
            return rows
        if 2 * last > most:
            return phase.rows(name, kind.bound)
        if 4 * phase.by_size[last][""] > GIVEN_UP:
            return rows
        larger = next((each for each in sizes if each.size == 2 * last), None)
        if larger is None:
            larger = Size(kind, 2 * last)
            sizes.append(larger)
        tell(f"{phase.name} at {larger.size} characters")
        if larger.job(phase.name) is None:
            return rows
        phase.run(larger)


def _worst(rows: list[Row]) -> float:
    return max((row.ratio for row in rows if row.largest >= TOLD / 4), default=0.0)


def _bounded(
    kind: str, phase: re.Pattern[str], patience: float, tell: Callable[[object], None]
) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (ALTOGETHER, ALTOGETHER))
    before = time.process_time()
    measure(kind, phase, patience, tell)
    tell(time.process_time() - before)


class Child:
    """A kind that is measured in a process of its own."""

    def __init__(self, kind: str, asked: argparse.Namespace) -> None:
        self.verbose = asked.verbose
        forked = multiprocessing.get_context("fork")
        self.kind = kind
        self.rows: list[Row] = []
        self.at: object = "nothing"
        self.reading: Connection
        self.reading, writing = forked.Pipe(duplex=False)
        how = (kind, asked.phase, asked.patience, writing.send)
        self.process = forked.Process(target=_bounded, args=how)
        self.process.start()
        writing.close()

    def read(self) -> bool:
        """Take in what it tells; whether there may be more."""
        with suppress(EOFError):
            told = self.reading.recv()
            if isinstance(told, Row):
                self.rows.append(told)
            self.at = told
            return True
        self.process.join()
        if self.verbose:
            spent = f"{self.at:.1f} s" if isinstance(self.at, float) else "cut off"
            print(f"{self.kind}: {spent}", flush=True)
        if not isinstance(self.at, float):
            self.rows.append(Row(self.kind, f"cut off in {self.at}", {0: ENDLESS}))
        return False


def rows_of(kinds: list[str], asked: argparse.Namespace) -> Iterator[Row]:
    """The rows of all kinds, some of them at a time."""
    waiting = list(reversed(kinds))
    running: dict[Connection, Child] = {}
    while waiting or running:
        while waiting and len(running) < asked.jobs:
            child = Child(waiting.pop(), asked)
            running[child.reading] = child
        for ready in wait(list(running)):
            assert isinstance(ready, Connection)
            if not running[ready].read():
                yield from running.pop(ready).rows


def _keep_memory() -> None:
    """Let no run give memory back where the C library allows it: fetching it again takes time."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
        library.mallopt(-4, 0)  # M_MMAP_MAX


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", default="", type=re.compile, help="only kinds with this in them")
    parser.add_argument("--phase", default="", type=re.compile, help="only phases with this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="kinds at a time")
    parser.add_argument("--patience", default=PATIENCE, type=float, help="seconds for a kind")
    parser.add_argument("--show", type=int, default=25, help="rows of the list of the largest")
    parser.add_argument("--verbose", action="store_true", help="print each kind when it is done")
    arguments = parser.parse_args()
    began = time.monotonic()
    for name in ("do", "checks", "words", "unused", "service: prose"):  # What a first use imports.
        for _, job in KINDS[name].phases(KINDS[name].make(2_000)):
            job()
    _keep_memory()
    gc.collect()
    gc.freeze()
    rows: list[Row] = []
    kinds = [kind for kind in KINDS if arguments.kind.search(kind)]
    for row in rows_of(kinds, arguments):
        rows.append(row)
        if row.is_bad:
            print(row, flush=True)
    return _report(rows, arguments.show, (time.monotonic() - began) / 60)


def _report(rows: list[Row], show: int, minutes: float) -> int:
    counted = sorted((row for row in rows if not row.is_small), key=lambda row: -row.ratio)
    missed = [row for row in counted if row.is_bad and not row.bound]
    bounded = [row for row in counted if row.is_bad and row.bound]
    head = "| ratio | kind of text | phase | largest text (kB) | ms at n, 2n, 4n |\n"
    head += "|---|---|---|---|---|"
    print(f"\n{len(rows)} rows in {minutes:.1f} minutes; {len(rows) - len(counted)} of them take")
    print(f"less than {TOLD * 1000:.0f} ms at 4n. Ratios of the last doubling, limit {LIMIT}.")
    print(f"\nThe largest:\n\n{head}")
    for row in counted[: max(show, len(missed) + len(bounded))]:
        print(row)
    for title, by in (("phase", 1), ("kind", 0)):
        small = Counter(row[by] for row in rows if row.is_small)
        print(f"\nThe largest of each {title}:\n\n| {title} | ratio | where | counted | small |")
        print("|---|---|---|---|---|")
        for name in dict.fromkeys(row[by] for row in (*counted, *rows)):
            its = [row for row in counted if row[by] == name]
            largest = f"{its[0].ratio:.2f} | {its[0][1 - by]}" if its else "- | -"
            print(f"| {name} | {largest} | {len(its)} | {small[name]} |")
    for row in bounded:
        print(f"\nbounded by the limit: {row.kind}, {row.phase}: {row.bound}")
    print(f"\n{len(missed)} above the limit")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
