"""Do prompts do what their programs do? Generated programs and worlds, always the same.

    python benchmarks/prompts/law.py [--programs N] [--worlds M] [--seed S] [--jobs J]
        [--shown K] [--seconds T]

Each program that checks is executed by its source and by its prompt in M worlds, in a first run and
in the replay of it in another world, for the main ways in which the service may work. Prints how
many programs and worlds there were, how many had nothing to replay, and the differences by kind,
with the seeds and the numbers of the worlds. Of each kind, the `--shown` shortest programs are told
with prompt, worlds and both traces, after what is not needed for the difference was left out as far
as `--seconds` allow. Exits 1 on a difference. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.meaning.chains import wrongly_sent  # noqa: E402
from tests.support.meaning.checked import Checked, checked  # noqa: E402
from tests.support.meaning.generator.programs import program  # noqa: E402
from tests.support.meaning.law import Outcome, both, report  # noqa: E402
from tests.support.meaning.shrinking import smaller, two_worlds  # noqa: E402

SHOWN = 8
"""Seeds that are printed of a kind."""

UNCHECKED = "programs with errors"
CRASH = "crash, "
CHAIN = "wrongly sent in a chain, step "


class Place(NamedTuple):
    """Where a difference was seen; the shortest program stands first in order."""

    length: int
    seed: int
    world: int


class Task(NamedTuple):
    """A program and its worlds."""

    seed: int
    worlds: int


class Result(NamedTuple):
    """What became of a program: verdicts, and its differences by kind."""

    verdicts: list[str]
    differences: list[tuple[str, Place]]


def made(seed: int) -> Checked | None:
    """The program of a seed, if it checks."""
    return checked(program(seed))


def tried(task: Task) -> Result:
    """Execute a program in its worlds."""
    found = made(task.seed)
    if found is None:
        return Result([UNCHECKED], [])
    verdicts, differences = [], []
    for number in range(task.worlds):
        try:
            first, again = two_worlds(task.seed, found, number)
            outcome = both(found, first, again)
            sent = wrongly_sent(found, first)
        except Exception as error:  # noqa: BLE001 - a crash counts as a difference
            verdicts.append("crashes")
            kind = f"{CRASH}{type(error).__name__}: {str(error)[:60]}"
            differences.append((kind, _place(found, task, number)))
            continue
        verdicts.append(outcome.verdict)
        if sent:
            differences.append(
                (f"{CHAIN}{sent.split(' is sent ')[0]}", _place(found, task, number))
            )
        if not outcome.holds:
            differences.append((outcome.kind, _place(found, task, number)))
    return Result(verdicts, differences)


def _place(found: Checked, task: Task, number: int) -> Place:
    return Place(len(found.source), task.seed, number)


def told(place: Place, seconds: float) -> str:
    """The report on a difference, of the smallest program that shows it."""
    found = made(place.seed)
    assert found is not None
    outcome: Outcome = both(found, *two_worlds(place.seed, found, place.world))
    return report(*smaller(found, outcome, seconds))


def _smallest(places: list[Place]) -> list[Place]:
    """The smallest programs, each in one world."""
    return sorted({each.seed: each for each in sorted(places, reverse=True)}.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first program")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shown", type=int, default=1, help="differences told of each kind")
    parser.add_argument("--seconds", type=float, default=20, help="for shrinking each")
    options = parser.parse_args()
    started = time.perf_counter()
    verdicts: Counter[str] = Counter()
    kinds: defaultdict[str, list[Place]] = defaultdict(list)
    seeds = range(options.seed, options.seed + options.programs)
    tasks = [Task(seed, options.worlds) for seed in seeds]
    with multiprocessing.Pool(options.jobs) as pool:
        for result in pool.imap_unordered(tried, tasks, chunksize=20):
            verdicts.update(result.verdicts)
            for kind, place in result.differences:
                kinds[kind].append(place)
        took = time.perf_counter() - started
        _say(options.programs, verdicts, kinds, took)
        _tell(pool, kinds, options.shown, options.seconds)
    return 1 if kinds else 0


def _say(
    programs: int, verdicts: Counter[str], kinds: dict[str, list[Place]], seconds: float
) -> None:
    unchecked = verdicts.pop(UNCHECKED, 0)
    print(
        f"{programs} programs, {unchecked} of them with errors, in {sum(verdicts.values())} worlds"
    )
    for verdict, count in verdicts.most_common():
        print(f"{count:8}  {verdict}")
    print(f"{len(kinds)} kinds of differences, {seconds:.0f} s")


def _tell(
    pool: multiprocessing.pool.Pool, kinds: dict[str, list[Place]], shown: int, seconds: float
) -> None:
    ordered = sorted(kinds.items(), key=lambda each: -len(each[1]))
    for kind, places in ordered:
        seen = ", ".join(f"{each.seed}/{each.world}" for each in sorted(places)[:SHOWN])
        print(f"{len(places):8}  {kind}  (seed/world {seen})")
    reports = pool.starmap(
        told,
        [
            (place, seconds)
            for kind, places in ordered
            if not kind.startswith((CRASH, CHAIN))
            for place in _smallest(places)[:shown]
        ],
        chunksize=1,
    )
    for each in reports:
        print(f"\n{'=' * 78}\n{each}")


if __name__ == "__main__":
    sys.exit(main())
