"""Do prompts do what their programs do? Generated programs and worlds, always the same.

    python benchmarks/prompts/law.py [--programs N] [--worlds M] [--seed S] [--jobs J]
        [--shown K] [--seconds T] [--hostile]

Each program that checks is executed by its source and by its prompt in M worlds, in a first run and
in the replay of it in another world, for the main ways in which the service may work. Prints how
many programs and worlds there were, how many had nothing to replay, and the differences by kind,
with the seeds and the numbers of the worlds. Of each kind, the `--shown` shortest programs are told
with prompt, worlds and both traces, after what is not needed for the difference was left out as far
as `--seconds` allow. Exits 1 on a difference. Needs the development dependencies.

With `--hostile`, the guarantee is tried: every text that an input has, that a screen shows, that is
copied and that a command prints is one that would go on as an instruction, if its ends were not
kept: sentences of ours, lines of the program's own prompt behind whatever could end their place,
placeholders of secrets, JSON, markup. The programs are for an account whose focused agents have a
terminal. Such texts are counted by where they came from. Inputs that a type forbids have to be
refused; that is tried of both kinds of worlds.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.simulate.machine.execute import load_grammar  # noqa: E402
from flowdsl.simulate.world import World  # noqa: E402
from tests.support.meaning.chains import wrongly_sent  # noqa: E402
from tests.support.meaning.checked import DOCUMENTED, Checked, account, checked  # noqa: E402
from tests.support.meaning.generator.programs import program  # noqa: E402
from tests.support.meaning.hostile import hostile_texts, taken_though_forbidden  # noqa: E402
from tests.support.meaning.law import Outcome, both, report  # noqa: E402
from tests.support.meaning.shrinking import smaller, two_worlds  # noqa: E402
from tests.support.meaning.worlds import hostile_world, world  # noqa: E402

SHOWN = 8
"""Seeds that are printed of a kind."""

UNCHECKED = "programs with errors"
CRASH = "crash, "
CHAIN = "wrongly sent in a chain, step "
TAKEN = "taken though its type forbids it"
UNTOLD = (CRASH, CHAIN, TAKEN)
"""Beginnings of kinds that have no traces to tell."""

TERMINAL = account(("execute_terminal_command",))


class Place(NamedTuple):
    """Where a difference was seen; the shortest program stands first in order."""

    length: int
    seed: int
    world: int


class Task(NamedTuple):
    """A program and its worlds."""

    seed: int
    worlds: int
    hostile: bool = False


class Result(NamedTuple):
    """What became of a program: verdicts, its differences by kind, and hostile texts by origin."""

    verdicts: list[str]
    differences: list[tuple[str, Place]]
    texts: Counter[str]


def made(seed: int, *, hostile: bool = False) -> Checked | None:
    """The program of a seed, if it checks."""
    return checked(program(seed, printed=hostile), TERMINAL if hostile else DOCUMENTED)


def worlds_of(task: Task, found: Checked, number: int) -> tuple[World, World]:
    """The worlds of a run and of its replay."""
    make = hostile_world if task.hostile else world
    return two_worlds(task.seed, found, number, make)


def _collect_seldom() -> None:
    """Look for garbage seldom: a program is a large tree, and little of it has cycles."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def tried(task: Task) -> Result:
    """Execute a program in its worlds."""
    load_grammar().forget()
    texts: Counter[str] = Counter()
    try:
        found = made(task.seed, hostile=task.hostile)
    except Exception as error:  # noqa: BLE001 - a crash counts as a difference
        return Result(["crashes"], [(_crash(error), Place(0, task.seed, 0))], texts)
    if found is None:
        return Result([UNCHECKED], [], texts)
    verdicts, differences = [], []
    for number in range(task.worlds):
        try:
            first, again = worlds_of(task, found, number)
            outcome = both(found, first, again)
            sent = wrongly_sent(found, first)
            taken = taken_though_forbidden(found, first) if number == 0 else ""
            if task.hostile:
                texts.update(hostile_texts(found, first))
        except Exception as error:  # noqa: BLE001 - a crash counts as a difference
            verdicts.append("crashes")
            differences.append((_crash(error), _place(found, task, number)))
            continue
        verdicts.append(outcome.verdict)
        if taken:
            differences.append((f"{TAKEN}: {taken}", _place(found, task, number)))
        if sent:
            differences.append(
                (f"{CHAIN}{sent.split(' is sent ')[0]}", _place(found, task, number))
            )
        if not outcome.holds:
            differences.append((outcome.kind, _place(found, task, number)))
    return Result(verdicts, differences, texts)


def _crash(error: Exception) -> str:
    """The kind of an exception in the checker, the compiler or a run."""
    return f"{CRASH}{type(error).__name__}: {str(error)[:60]}"


def _place(found: Checked, task: Task, number: int) -> Place:
    return Place(len(found.source), task.seed, number)


def told(place: Place, seconds: float, hostile: bool) -> str:
    """The report on a difference, of the smallest program that shows it."""
    found = made(place.seed, hostile=hostile)
    assert found is not None
    task = Task(place.seed, 1, hostile)
    outcome: Outcome = both(found, *worlds_of(task, found, place.world))
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
    parser.add_argument("--hostile", action="store_true", help="texts that mean harm everywhere")
    options = parser.parse_args()
    started = time.perf_counter()
    verdicts: Counter[str] = Counter()
    kinds: defaultdict[str, list[Place]] = defaultdict(list)
    seeds = range(options.seed, options.seed + options.programs)
    tasks = [Task(seed, options.worlds, options.hostile) for seed in seeds]
    texts: Counter[str] = Counter()
    with multiprocessing.Pool(options.jobs, _collect_seldom) as pool:
        for result in pool.imap_unordered(tried, tasks, chunksize=20):
            verdicts.update(result.verdicts)
            texts.update(result.texts)
            for kind, place in result.differences:
                kinds[kind].append(place)
        took = time.perf_counter() - started
        _say(options.programs, verdicts, kinds, took)
        for origin, count in sorted(texts.items()):
            print(f"{count:8}  hostile texts: {origin}")
        _tell(pool, kinds, options)
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
    pool: multiprocessing.pool.Pool, kinds: dict[str, list[Place]], options: argparse.Namespace
) -> None:
    ordered = sorted(kinds.items(), key=lambda each: -len(each[1]))
    for kind, places in ordered:
        seen = ", ".join(f"{each.seed}/{each.world}" for each in sorted(places)[:SHOWN])
        print(f"{len(places):8}  {kind}  (seed/world {seen})")
    reports = pool.starmap(
        told,
        [
            (place, options.seconds, options.hostile)
            for kind, places in ordered
            if not kind.startswith(UNTOLD)
            for place in _smallest(places)[: options.shown]
        ],
        chunksize=1,
    )
    for each in reports:
        print(f"\n{'=' * 78}\n{each}")


if __name__ == "__main__":
    sys.exit(main())
