"""Goes from run to run and collects the paths.

Every answer to every question that some run asks comes once, before two of them come together, and
two before three. An answer that was already given behind the same ways, in another round of a loop
as a rule, most likely leads where it led then: it comes after all others.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from itertools import count

from flowdsl.compiler.collector import sweep
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.machine.execute import Refused
from flowdsl.source.record import Record

from .choices import Choices, Other
from .running import Explored, Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .choices import Chosen
    from .running import PathKey

CHOICES_FOR_A_PATH = 1_000
"""Choices that runs may make for each path that is asked for: a tenth of a second, or less."""
STEPS_FOR_A_PATH = 3_000
"""Steps that runs may take for each path that is asked for: a fifth of a second, or less."""
MAX_STEPS = 20_000
"""The most steps of one path. What another round of a loop does is rarely another path."""


class Exploration(Record):
    """The paths, in the order in which they were found, of so many `runs`.

    `is_whole` is whether there is no run left to be made. `refused` is why the service would not
    start a run with values that were made up; empty where it started one.
    """

    paths: tuple[Path, ...]
    runs: int
    is_whole: bool
    refused: str = ""


def explored(subject: Explored, most_paths: int) -> Exploration:
    """The paths of a workflow or a chain, at most so many; the same for the same program.

    Raises NoSample for an input without a value.
    """
    order = count()
    pending: list[tuple[bool, int, int, Chosen | Other]] = [(False, 0, next(order), ())]
    answers: set[Hashable] = set()
    behind_ways: set[Hashable] = set()
    found: dict[PathKey, Path] = {}
    runs, left, refused = 0, most_paths * CHOICES_FOR_A_PATH, ""
    steps_left = most_paths * STEPS_FOR_A_PATH
    while pending and left > 0 and steps_left > 0 and len(found) < most_paths:
        _, unusual, _, given = heappop(pending)
        chosen = given.chosen if isinstance(given, Other) else given
        choices = Choices(chosen, Budget(MAX_STEPS))
        runs += 1
        try:
            path = subject.path(choices)
        except Refused as problem:
            refused = str(problem)
        else:
            _add(found, path)
        sweep()
        left -= 1 + choices.count
        steps_left -= choices.budget.taken
        for other in choices.others():
            again = (other.answer, other.behind) in behind_ways
            others = unusual + (other.answer in answers)
            heappush(pending, (again, others, next(order), other))
            answers.add(other.answer)
            behind_ways.add((other.answer, other.behind))
    return Exploration(tuple(found.values()), runs, not pending, "" if found else refused)


def _add(found: dict[PathKey, Path], path: Path) -> None:
    """Add a path; of a known one, take a run that goes well, or what is wrong in every run."""
    known = found.setdefault(path.key, path)
    if known is path or known.is_taken_well:
        return
    if path.is_taken_well:
        found[path.key] = path
    else:
        wrong = tuple(each for each in known.wrong if each in path.wrong)
        found[path.key] = known.__replace__(wrong=wrong)
