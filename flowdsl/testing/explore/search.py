"""Goes from run to run and collects the paths.

Every answer to every question that some run asks comes once, before two of them come together, and
two before three. An answer that was already given behind the same ways, in another round of a loop
as a rule, most likely leads where it led then: it comes after all others.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.simulate.executions import started_world
from flowdsl.simulate.interpreter.errors import MissingInText, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, Refused, accepted_inputs
from flowdsl.simulate.trace import SUCCESS, Ending
from flowdsl.simulate.world import World
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ..following import Follower
from .choices import Choices, Other
from .deciding import Deciding
from .exploring import Answered, Explorer
from .outputs import wrong_outputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from ..coverage import Key
    from .choices import Chosen

    PathKey: TypeAlias = tuple[frozenset[Key], str]
    """What makes a path: the ways that it takes, and how it ends."""

FINISHES = "finishes"
"""How a run ends that a `finish` ends; the others end as `Ending.status` says."""
CHOICES_FOR_A_PATH = 1_000
"""Choices that runs may make for each path that is asked for: a tenth of a second, or less."""


class Path(Record):
    """A path that a run can take, as the first run took it that was found.

    - `ways`: in the order in which it takes them.
    - `ending`: None where the run cannot be carried out, and `problem` says why.
    - `inputs`: by their names on the wire; `asked`: its questions in order, with the answers.
    - `wrong`: what is wrong with outputs, in every run that took the path.
    """

    key: PathKey
    ways: tuple[Key, ...]
    inputs: Mapping[str, Any]
    asked: tuple[Answered, ...]
    ending: Ending | None
    problem: str
    wrong: tuple[str, ...]


class Exploration(Record):
    """The paths, in the order in which they were found, of so many `runs`.

    `is_whole` is whether there is no run left to be made. `refused` is why the service would not
    start a run with values that were made up; empty where it started one.
    """

    paths: tuple[Path, ...]
    runs: int
    is_whole: bool
    refused: str = ""


class Explored(Record):
    """What is explored: a workflow, and its payload, which checks inputs.

    - `ways`: those that make paths.
    - `inputs`: some that are known, beside those that are made up; by their names on the wire.
    - `outer_calls`: the calls around what is explored.
    """

    model: SemanticModel
    workflow: WorkflowSymbol
    payload: Payload
    environment: Mapping[str, str]
    ways: Collection[Key]
    inputs: Sequence[Mapping[str, Any]] = ()
    outer_calls: int = 0


def path_key(follower: Follower, ending: Ending | None, ways: Collection[Key]) -> PathKey:
    """The key of the path that a run took; of its ways those count that are among `ways`."""
    how = "" if ending is None else ending.status
    if ending is not None and ending.status == SUCCESS and ending.reason is not None:
        how = FINISHES
    return frozenset(way for way in follower.ways if way in ways), how


def explored(subject: Explored, most_paths: int) -> Exploration:
    """The paths of a workflow, at most so many; the same for the same program.

    Raises NotAProgram for a workflow without steps, and NoSample for an input without a value.
    """
    steps = steps_of(subject.workflow)
    deciding = Deciding(subject.model, steps)
    order = count()
    pending: list[tuple[bool, int, int, Chosen | Other]] = [(False, 0, next(order), ())]
    answers: set[Hashable] = set()
    behind_ways: set[Hashable] = set()
    found: dict[PathKey, Path] = {}
    runs, left, refused = 0, most_paths * CHOICES_FOR_A_PATH, ""
    while pending and left > 0 and len(found) < most_paths:
        _, unusual, _, given = heappop(pending)
        choices = Choices(given.chosen if isinstance(given, Other) else given)
        explorer = Explorer(subject.model, steps, deciding, choices, subject.outer_calls)
        runs += 1
        try:
            path = _run(subject, explorer)
        except Refused as problem:
            refused = str(problem)
        else:
            _add(found, path)
        left -= 1 + choices.count
        for other in choices.others():
            again = (other.answer, other.behind) in behind_ways
            others = unusual + (other.answer in answers)
            heappush(pending, (again, others, next(order), other))
            answers.add(other.answer)
            behind_ways.add((other.answer, other.behind))
    return Exploration(tuple(found.values()), runs, not pending, "" if found else refused)


def steps_of(workflow: WorkflowSymbol) -> ast.Block:
    """The steps of a workflow."""
    for item in workflow.declaration.items:
        if isinstance(item, ast.StepsSection):
            return item.body
    raise NotAProgram(workflow.name)


def _add(found: dict[PathKey, Path], path: Path) -> None:
    """Add a path, or what is wrong with its outputs too if it is known."""
    known = found.setdefault(path.key, path)
    if known.wrong and known is not path:
        wrong = tuple(each for each in known.wrong if each in path.wrong)
        found[path.key] = known.__replace__(wrong=wrong)


def _run(subject: Explored, explorer: Explorer) -> Path:
    """Carry the workflow out once."""
    workflow = subject.workflow
    inputs = explorer.inputs(workflow.inputs, subject.inputs)
    accepted_inputs(subject.payload.input_schema, _with_defaults(subject, inputs))
    world = World(inputs, explorer.answer, {})
    ending, problem = None, ""
    try:
        ending = interpret(subject.model, workflow, world, subject.environment, explorer).ending
    except MissingInText as missing:
        problem = f"`{missing.place.text}` stands in a text, and its value is missing"
    except TooLong as too_long:
        problem = str(too_long)
    key = path_key(explorer, ending, subject.ways)
    ways = tuple(way for way in explorer.ways if way in subject.ways)
    wrong: Iterator[str] = iter(())
    if ending is not None and ending.status == SUCCESS:
        wrong = wrong_outputs(types.RecordOf(None, workflow.outputs), ending.outputs)
    return Path(key, ways, inputs, tuple(explorer.asked), ending, problem, tuple(wrong))


def _with_defaults(subject: Explored, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    started = started_world(subject.payload, World(inputs, _nobody, {}))
    return started.inputs


def _nobody(question: object, position: int) -> Any:
    raise AssertionError("only inputs are looked at")
