"""Does one more deploy heal everything that a killed deploy leaves behind?

    python benchmarks/faults/deploy_faults.py [--backend file|git|s3 ...] [--rounds N] [--at-once N]
        [--idempotency MODE ...]

With real processes, for each back end of state and each way of treating idempotency keys: deploys
by `flowdsl deploy` are killed with SIGKILL before and after every request and every write of state
that they make, each over an organisation with an earlier deploy and workflows of others. Then one
more deploy has to bring everything to what the source says. After that two processes start the
first deploy of a project at the same moment, `--rounds` times. Prints counts, and exits 1 for an
orphan, a duplicate or anything else that is wrong.

Most of its time it waits for leases (30 s) and for requests of dead processes (30 s), so many
scenarios run at once. Needs the development dependencies, git, and a system with SIGKILL.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.faults.process_world import AFTER, BEFORE, ProcessWorld, Stage
from tests.deploy.fault_world import IDEMPOTENCY, scratch_folder
from tests.deploy.invariants import check_invariants, deploy_clean, orphans
from tests.deploy.kill_switch import Point
from tests.support.services.state_backends import NAMES, s3_served

ROUNDS = 50
AT_ONCE = 16
MOST_STORE_CALLS = 12
"""More writes of state than any deploy here makes.

Points that are never reached are counted as such.
"""


@dataclass(frozen=True)
class Case:
    """One scenario: a deploy killed at `point`, or two first deploys if that is None."""

    back_end: str
    idempotency: str
    point: Point | None


@dataclass
class Found:
    """The result of a case: counts by name, and what was wrong."""

    counts: Counter[str]
    wrong: str = ""


def run_case(stages: dict[str, Stage], case: Case) -> Found:
    """Carries a case out and examines everything."""
    counts: Counter[str] = Counter()
    world = stages[case.idempotency].scenario(case.back_end)
    try:
        if case.point is None:
            _race(world, counts)
        else:
            _survive(world, case.point, counts)
    except Exception as error:  # noqa: BLE001 - counted, and shown at the end
        counts["wrong"] += 1
        return Found(counts, f"{case}: {type(error).__name__}: {str(error)[:400]}")
    finally:
        world.close()
    return Found(counts)


def _survive(world: ProcessWorld, point: Point, counts: Counter[str]) -> None:
    world.add_foreign()
    deploy_clean(world, world.write_sources(BEFORE))
    world.resolve()
    project = world.write_sources(AFTER)
    killed = world.kill_at(point)
    counts["crash points" if killed else "points not reached"] += 1
    if killed and world.document().get("pending"):
        counts["deaths with open intents"] += 1
    again = world.command()
    counts[f"exit {again.code}"] += 1
    counts["recoveries"] += "recovery: " in again.err
    _count(world, counts)
    world.resolve()
    check_invariants(world, project)


def _race(world: ProcessWorld, counts: Counter[str]) -> None:
    project = world.write_sources(AFTER)
    both = [world.start(), world.start()]
    for process in both:
        counts[f"exit {world.finish(process).code}"] += 1
    counts["first deploys at once"] += 1
    _count(world, counts)
    world.resolve()
    check_invariants(world, project)


def _count(world: ProcessWorld, counts: Counter[str]) -> None:
    """Counts workflows of ours that state does not know, and names that occur twice."""
    rows = {row.id: row for row in world.workflows()}
    counts["orphans"] += len(orphans(world, rows, set(world.ids())))
    names = Counter(row.name for row in rows.values() if row.id not in world.foreign)
    counts["duplicates"] += sum(number - 1 for number in names.values())


def cases(
    back_ends: Sequence[str], modes: Sequence[str], requests: int, writes: int, rounds: int
) -> Iterator[Case]:
    """Every scenario."""
    for back_end, mode in product(back_ends, modes):
        for number in range(1, requests + 1):
            yield Case(back_end, mode, Point("api", number, "before"))
        for number in range(1, writes + 1):
            yield Case(back_end, mode, Point("write", number, "after"))
        # On the disk one sees only that a file has been replaced.
        for when in ("after",) if back_end == "file" else ("before", "after"):
            for number in range(1, MOST_STORE_CALLS + 1):
                yield Case(back_end, mode, Point("store", number, when))
    for back_end in back_ends:
        for _ in range(rounds):
            yield Case(back_end, modes[0], None)


def count_requests(stage: Stage) -> tuple[int, int]:
    """The number of requests of a deploy, and of those that write."""
    world = stage.scenario("file")
    deploy_clean(world, world.write_sources(BEFORE))
    deploy_clean(world, world.write_sources(AFTER))
    requests = len(world.attempts)
    writes = sum(attempt.writes for attempt in world.attempts)
    world.close()
    return requests, writes


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--backend", action="append", choices=NAMES, default=[])
    parser.add_argument("--idempotency", action="append", choices=sorted(IDEMPOTENCY), default=[])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--races-only", action="store_true")
    arguments = parser.parse_args()
    back_ends = arguments.backend or list(NAMES)
    modes = arguments.idempotency or sorted(IDEMPOTENCY)
    began = time.monotonic()
    totals: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        stack.enter_context(s3_served())
        stages = {}
        for mode in modes:
            (folder / mode).mkdir()
            stages[mode] = stack.enter_context(Stage(folder / mode, mode).open())
        requests, writes = count_requests(stages[modes[0]])
        every = list(cases(back_ends, modes, requests, writes, arguments.rounds))
        if arguments.races_only:
            every = [case for case in every if case.point is None]
        with ThreadPoolExecutor(arguments.at_once) as pool:
            found = pool.map(lambda case: (case, run_case(stages, case)), every)
            for done, (case, result) in enumerate(found, 1):
                totals.setdefault(case.back_end, Counter()).update(result.counts)
                if result.wrong:
                    wrong.append(result.wrong)
                    print(result.wrong, file=sys.stderr, flush=True)
                if done % 100 == 0:
                    print(f"{done} of {len(every)}", file=sys.stderr, flush=True)
    names = sorted({name for counts in totals.values() for name in counts})
    print(f"{len(every)} scenarios, keys: {', '.join(modes)}, {time.monotonic() - began:.0f} s")
    for back_end, counts in totals.items():
        print(f"{back_end}: " + ", ".join(f"{name} {counts[name]}" for name in names))
    broken = any(counts["orphans"] or counts["duplicates"] for counts in totals.values())
    return 1 if wrong or broken else 0


if __name__ == "__main__":
    sys.exit(main())
