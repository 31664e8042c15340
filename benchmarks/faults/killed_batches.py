"""Does a table of runs whose command is killed end with each row made exactly once?

    python benchmarks/faults/killed_batches.py [--rows N] [--points N] [--late SECONDS]
        [--idempotency honour|ignore|expire ...] [--at-once N] [--hurried]

With real processes and a real server: `flowdsl run --inputs rows.csv` is killed with SIGKILL at
points spread over its requests: before one is carried out, after it without its reply, and with it
on its way, so that the server carries it out `--late` seconds later. At every third point what goes
on with the batch is killed, too. Then the same command is called, which has to refuse and to start
nothing, and then `--resume`. The runs that the server has are held against the rows, and their ids
against what `--resume` printed. Prints for each service how many commands were killed, with how
many runs made, and what was lost, made twice or not told; exits 1 for any of it. `--hurried` lets
the waits of the command go twenty times as fast. Takes some minutes, in which it mostly waits.
Needs the development dependencies and a system with SIGKILL.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.faults.batch_world import Outcome, survive
from benchmarks.faults.process_world import Stage
from tests.deploy.fault_world import IDEMPOTENCY, scratch_folder
from tests.deploy.kill_switch import Point, When

ROWS = 300
POINTS = 40
LATE_SECONDS = 5.0
AT_ONCE = 4
HURRY = 20
"""How many times as fast the waits of a hurried command go (`tests.runs.hurried_runs`)."""
WHENS: tuple[When, ...] = ("before", "after", "late")


def points_of(rows: int, count: int) -> list[tuple[Point, ...]]:
    """Where to kill: `count` places over all requests that make runs."""
    found: list[tuple[Point, ...]] = []
    for at in range(count):
        number = 1 + at * (rows - 1) // max(1, count - 1)
        points = [Point("write", number, WHENS[at % 3])]
        if at % 3 == 2 and number + 10 < rows:
            # One request of a project is late at most: the server keeps that of the first death.
            points.append(Point("write", 5, WHENS[at // 3 % 2]))
        found.append(tuple(points))
    return found


def study(arguments: argparse.Namespace, idempotency: str) -> list[Outcome]:
    """Every point against a service that treats keys in one way."""
    places = points_of(arguments.rows, arguments.points)
    first = "tests.runs.hurried_runs" if arguments.hurried else ""
    with (
        scratch_folder() as folder,
        Stage(folder, idempotency, first).open() as stage,
        ThreadPoolExecutor(arguments.at_once) as pool,
    ):
        return list(
            pool.map(lambda points: survive(stage, arguments.rows, points, arguments.late), places)
        )


def told(idempotency: str, outcomes: Sequence[Outcome]) -> bool:
    """Print what came of one service; whether all is well."""
    made = [each.made_before for each in outcomes if each.is_killed]
    lost, twice, untold = (
        sum(getattr(each, name) for each in outcomes) for name in ("lost", "twice", "untold")
    )
    wrong = [each for each in outcomes if each.wrong or not each.is_killed]
    print(
        f"| {idempotency} | {len(made)} | {min(made, default=0)} to {max(made, default=0)} | "
        f"{sum(each.is_refused for each in outcomes)} | {lost} | {twice} | {untold} | "
        f"{max(each.seconds for each in outcomes):.0f} s |",
        flush=True,
    )
    for each in wrong:
        print(f"{idempotency}, {each.point}: {each.wrong or 'not killed'}", file=sys.stderr)
    return not (lost or twice or untold or wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--late", type=float, help=f"seconds (default: {LATE_SECONDS:g})")
    parser.add_argument("--idempotency", action="append", choices=sorted(IDEMPOTENCY), default=[])
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--hurried", action="store_true")
    arguments = parser.parse_args()
    if arguments.late is None:
        # Where waits go faster, so does what they wait for: a later request is made twice.
        arguments.late = LATE_SECONDS / (HURRY if arguments.hurried else 1)
    print(
        "| keys | killed | with so many runs made | same command refused | lost | twice | "
        "not told | longest |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    good = [
        told(each, study(arguments, each)) for each in arguments.idempotency or ["honour", "ignore"]
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
