"""Does an exception anywhere in a call of `flowdsl.api` lose a run, or make one twice?

    python benchmarks/faults/api_exceptions.py [--every N]

Each call that makes runs or begins one anew is carried out once whole, and its points are counted:
the awaits of its tasks, and its requests. Then it is broken at each point in turn: an exception
comes out of the await, a request fails before or after the service carried it out, the call is
cancelled, or, for the methods that wait, Ctrl-C comes. What the result or the exception tells is
held against the runs that the service has. Prints a line for each call, kind of point and kind of
break, and exits 1 where a run was lost, made twice, invented, or said not to be made while it is
there. Takes some minutes; needs the development dependencies and a system with SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pytest

from flowdsl import api
from tests.api.api_desk import deploy
from tests.api.breaking import (
    CALLS,
    AsyncTrials,
    Breaking,
    BrokenDesk,
    Bug,
    PlainTrials,
    Point,
    Verdict,
)

AT = ("await", "before", "after")
LOST_REPLIES = (ConnectionResetError, TimeoutError)


@dataclass
class Row:
    """The trials of one call with one kind of break."""

    call: str
    at: str
    kind: str
    verdicts: list[Verdict] = field(default_factory=list)

    def line(self) -> str:
        """The row for people."""
        ended = Counter(each.ended for each in self.verdicts)
        runs = sum(len(each.there) for each in self.verdicts)
        lost, untold = (
            sum(getattr(each, name) for each in self.verdicts) for name in ("lost", "untold")
        )
        ways = ", ".join(f"{count} {name}" for name, count in ended.most_common())
        return (
            f"{self.call:<22} {self.at:<6} {self.kind:<21} {len(self.verdicts):>4} points  "
            f"{runs:>5} runs  {untold:>3} told as unknown  {lost} lost  {ways}"
        )


def kinds(at: str) -> Iterator[type[BaseException] | str]:
    """What happens at a point of a kind."""
    yield from ("cancel", Bug)
    if at == "await":
        yield from (OSError, MemoryError)
    else:
        yield from LOST_REPLIES


def name_of(kind: type[BaseException] | str) -> str:
    """A kind of break for people."""
    return kind if isinstance(kind, str) else kind.__name__


async def awaited(desk: BrokenDesk, every: int) -> list[Row]:
    """The rows of the methods that are awaited."""
    rows: list[Row] = []
    async with api.open_async_project(desk.desk.root) as project:
        trials = AsyncTrials(desk, project)
        await trials.begin()
        for call in CALLS:
            for at in AT:
                points = await trials.points(call, at)
                for kind in kinds(at):
                    row = Row(call.name, at, name_of(kind))
                    for nth in range(1, points + 1, every):
                        row.verdicts.append(
                            await trials.trial(call, Breaking(at, kind, Point(nth)))
                        )
                    print(row.line(), flush=True)
                    rows.append(row)
    return rows


def waited(desk: BrokenDesk, every: int) -> list[Row]:
    """The rows of the methods that wait, which Ctrl-C interrupts."""
    rows: list[Row] = []
    with api.open_project(desk.desk.root) as project:
        trials = PlainTrials(desk, project)
        for call in CALLS:
            for at in AT:
                row = Row(call.name, at, "Ctrl-C")
                for nth in range(1, trials.points(call, at) + 1, every):
                    row.verdicts.append(trials.trial(call, Breaking(at, "interrupt", Point(nth))))
                print(row.line(), flush=True)
                rows.append(row)
    return rows


def main() -> int:
    """Print the rows and what is wrong; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="of the points, every so many")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        deploy(Path(folder))
        desk = BrokenDesk(Path(folder), patch)
        rows = [*asyncio.run(awaited(desk, arguments.every)), *waited(desk, arguments.every)]
    verdicts = [each for row in rows for each in row.verdicts]
    lost, untold = (sum(getattr(each, name) for each in verdicts) for name in ("lost", "untold"))
    wrong = [
        f"{row.call}, {row.at}, {row.kind}: {sentence}"
        for row in rows
        for each in row.verdicts
        for sentence in each.wrong
    ]
    print(f"{len(verdicts)} trials, {lost} runs lost, {untold} told as unknown, {len(wrong)} wrong")
    for line in wrong:
        print(line)
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
