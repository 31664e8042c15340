"""Execute a workflow or a chain once, with choices as answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints
from flowdsl.simulate.executions import on_its_day, world_with_defaults
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.interpreter.chains import ChainRun, bindings_of_step, inputs_of_chain
from flowdsl.simulate.interpreter.errors import MissingInText, NoSuchDay, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, accept_inputs
from flowdsl.simulate.trace import SUCCESS, Ending, Trace
from flowdsl.simulate.world import World
from flowdsl.source.record import Record
from flowdsl.testing.explore.samples import Choices

from ..coverage import Key
from ..following import RunFollower
from ..suite import find_failed_checks
from ..wrapping import RESULT
from .deciding import Deciding, steps_of
from .exploring import Answered, Explorer
from .samples import Samples

RunKey = tuple[frozenset[Key], str]
"""The branches that a run of a workflow takes, and how it ends."""
PathKey = tuple[RunKey, ...]
"""The identity of a path: the keys of its runs, one for each step of a chain that ran."""


SOME_DAY = "2026-01-31"
"""The day of a run for which a test sets none."""
FINISHES = "finishes"
"""How a run ends that a `finish` ends; other endings are those of `Ending.status`."""


class PathRun(Record):
    """A run of a workflow: of the whole path, or of one `step` of a chain.

    - `step`: the name of the step; empty for a workflow alone.
    - `branches`: the branches in the order in which it takes them.
    - `asked`: its questions in order, with the answers.
    - `ending`: None if the run cannot be executed; `problem` is the reason.
    - `wrong`: the errors in its outputs.
    - `refused`: why the service refuses its outputs; None if it accepts them.
    - `failed_checks`: the names of the post-run checks that fail.
    """

    step: str
    workflow: WorkflowSymbol
    key: RunKey
    branches: tuple[Key, ...]
    asked: tuple[Answered, ...]
    ending: Ending | None
    problem: str
    wrong: tuple[str, ...]
    refused: str | None = None
    failed_checks: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the following step of the chain runs."""
        is_well = self.ending is not None and _is_well(self.ending)
        return is_well and self.refused is None and not self.failed_checks


class Path(Record):
    """A path that a run can take, as taken by the first run that was found, or by a test.

    - `inputs`: by wire name.
    - `runs`: one, or those of the steps of a chain until one fails.
    - `wrong`: the errors in outputs that every run of the path has.
    """

    inputs: Mapping[str, Any]
    runs: tuple[PathRun, ...]
    wrong: tuple[str, ...]

    @property
    def key(self) -> PathKey:
        return tuple(run.key for run in self.runs)

    @property
    def branches(self) -> tuple[Key, ...]:
        """The branches that it takes, in order."""
        return tuple(dict.fromkeys(branch for run in self.runs for branch in run.branches))

    @property
    def ending(self) -> Ending | None:
        """How it ends; None if it cannot be executed, and `problem` is the reason."""
        return self.runs[-1].ending

    @property
    def is_taken_well(self) -> bool:
        """Whether the service accepts the outputs of this run, and no check fails."""
        return all(run.refused is None and not run.failed_checks for run in self.runs)

    @property
    def problem(self) -> str:
        return self.runs[-1].problem

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Its outputs by wire name; for a chain, by step, of the steps that succeeded."""
        ended = {
            run.step: run.ending.outputs
            for run in self.runs
            if run.ending is not None and _is_well(run.ending) and run.refused is None
        }
        return ended if self.runs[0].step else ended.get("", {})


def path_of(inputs: Mapping[str, Any], runs: Sequence[PathRun]) -> Path:
    """Build the path of some runs: that of a workflow alone, or those of the steps of a chain."""
    wrong = (
        f"step `{run.step}`: {what}" if run.step else what for run in runs for what in run.wrong
    )
    return Path(inputs, tuple(runs), tuple(wrong))


class Program(Record):
    """The data that all runs of an exploration share.

    - `payload`: the deployed form of a workflow, used to validate inputs.
    - `branches`: the branches that distinguish paths.
    - `known`: given inputs to try besides generated ones, by wire name.
    """

    model: SemanticModel
    payload: Callable[[WorkflowSymbol], Payload]
    environment: Mapping[str, str]
    branches: Collection[Key]
    known: Sequence[Mapping[str, Any]] = ()


class ExploredWorkflow:
    """Explores a workflow alone.

    `outer_calls` is the number of calls around the explored task. Raises NotAProgram for a workflow
    without steps; `path` raises NoSample for an input without a value.
    """

    def __init__(self, program: Program, workflow: WorkflowSymbol, outer_calls: int = 0) -> None:
        self._program = program
        self._workflow = workflow
        self._outer_calls = outer_calls
        self._steps = steps_of(workflow)
        self._deciding = Deciding(program.model, [workflow])

    def path(self, choices: Choices) -> Path:
        """Return the path that a run takes by some choices.

        Raises `machine.execute.Refused` if the service would not start it.
        """
        program, workflow = self._program, self._workflow
        samples = Samples(choices, self._deciding, self._steps)
        inputs = _choose_inputs(choices, samples, workflow.inputs, program.known)
        explorer = Explorer(program.model, self._steps, self._deciding, choices, self._outer_calls)
        ran = _run_workflow(program, workflow, explorer, inputs, choices.budget)
        return path_of(inputs, [ran])


class ExploredChain:
    """Explores a chain: its steps one after the other, until one fails.

    The inputs of a path include the day of the run, `today`, if a step depends on it. Raises as
    `ExploredWorkflow` does.
    """

    def __init__(self, program: Program, chain: ChainSymbol) -> None:
        self._program = program
        self._chain = chain
        self._steps = [(step, workflow) for step, workflow in chain.steps if workflow is not None]
        workflows = [workflow for _, workflow in self._steps]
        self._deciding = Deciding(program.model, workflows, chain)
        self._days = {types.TODAY: SOME_DAY} if needs_today(chain) else {}

    def path(self, choices: Choices) -> Path:
        program, chain = self._program, self._chain
        samples = Samples(choices, self._deciding, chain.declaration)
        inputs = _choose_inputs(choices, samples, inputs_of_chain(chain), program.known)
        inputs = {**self._days, **inputs}
        day = inputs.get(types.TODAY) if self._days else None
        today = None if day is None else date.fromisoformat(day)
        given = {name: value for name, value in inputs.items() if name not in self._days}
        run = ChainRun(program.model, chain, given, program.environment, today, choices.budget)
        done: list[PathRun] = []
        for step, workflow in self._steps:
            name, steps = step.name.text, steps_of(workflow)
            choices.record_branch(name)
            explorer = Explorer(
                program.model, steps, self._deciding, choices, step=name, today=today
            )
            handed = run.given(step, workflow)
            ran = _run_workflow(program, workflow, explorer, handed, choices.budget, name, today)
            done.append(ran)
            if ran.ending is None or not ran.goes_on:
                break
            run.ends(step, ran.ending.outputs)
        return path_of(inputs, done)


Explored = ExploredWorkflow | ExploredChain
"""The subject of an exploration."""


def needs_today(chain: ChainSymbol) -> bool:
    """Whether a test of a chain must set `today`.

    This is so if a step computes the default of an input, and no input of the chain has that name.
    """
    if any(field.wire_name == types.TODAY for field in inputs_of_chain(chain)):
        return False
    return any(
        field.day is not None
        and field.day.needs_today
        and field.name not in bindings_of_step(chain, step)
        for step, workflow in chain.steps
        if workflow is not None
        for field in workflow.inputs
    )


def _choose_inputs(
    choices: Choices,
    samples: Samples,
    fields: tuple[types.FieldType, ...],
    known: Sequence[Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Choose inputs, by wire name, without those that are left out.

    They are one of the `known` ones, or generated.
    """
    number = choices.choose(1 + len(known), "inputs")
    if number < len(known):
        return known[number]
    made = {field.wire_name: samples.field(field, (field.name,)) for field in fields}
    return {name: value for name, value in made.items() if value is not None}


def _run_workflow(
    program: Program,
    workflow: WorkflowSymbol,
    explorer: Explorer,
    inputs: Mapping[str, Any],
    budget: Budget,
    step: str = "",
    today: date | None = None,
) -> PathRun:
    """Execute a workflow once."""
    payload = program.payload(workflow)
    world = World(inputs, explorer.answer, {}, today)
    begun = world_with_defaults(payload, on_its_day(workflow, world))
    accept_inputs(payload.input_schema, begun.inputs)
    trace, problem = None, ""
    try:
        environment = program.environment
        trace = interpret(program.model, workflow, world, environment, explorer, budget)
    except MissingInText as missing:
        problem = f"`{missing.place.text}` stands in a text, and its value is missing"
    except (NoSuchDay, TooLong) as impossible:
        problem = str(impossible)
    ending = None if trace is None else trace.ending
    found = path_run(
        step, workflow, explorer, ending, program.branches, asked=explorer.asked, problem=problem
    )
    return found if trace is None else judge_run(found, payload, trace)


def judge_run(run: PathRun, payload: Payload, trace: Trace) -> PathRun:
    """Return a run with the service's verdict: whether outputs are refused, which checks fail."""
    failed = find_failed_checks(payload, trace)
    found: PathRun = run.__replace__(refused=trace.refused, failed_checks=failed)
    return found


def path_run(
    step: str,
    workflow: WorkflowSymbol,
    follower: RunFollower,
    ending: Ending | None,
    branches: Collection[Key],
    *,
    asked: Iterable[Answered] = (),
    problem: str = "",
) -> PathRun:
    """Build the run that a follower recorded; only branches among `branches` count."""
    how = "" if ending is None else ending.status
    wrong: Iterator[str] = iter(())
    if ending is not None and _is_well(ending):
        how = how if ending.reason is None else FINISHES
        wrong = wrong_outputs(types.RecordOf(None, workflow.outputs), ending.outputs)
    taken = tuple(branch for branch in follower.branches if branch in branches)
    key = (frozenset(taken), how)
    return PathRun(step, workflow, key, taken, tuple(asked), ending, problem, tuple(wrong))


def _is_well(ending: Ending) -> bool:
    return ending.status == SUCCESS


def wrong_outputs(record: types.RecordOf, outputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each missing required value, and each list of an invalid length.

    Other bounds concern values that a desktop shows, not the program.
    """
    for field in record.fields:
        name = "the result" if field.name == RESULT else f"`{field.name}`"
        yield from _find_wrong_values(
            field.type, outputs.get(field.wire_name), name, field.constraints
        )


def _find_wrong_values(
    type_: types.Type, value: Any, name: str, constraints: Constraints = NO_CONSTRAINTS
) -> Iterator[str]:
    match type_, value:
        case types.Optional(), None:
            return
        case _, None:
            yield f"{name} is missing, and has to be there"
        case _, list():
            yield from _wrong_length(len(value), name, constraints)
            inner = types.strip_optional(type_)
            if isinstance(inner, types.ListOf):
                for entry in value:
                    yield from _find_wrong_values(inner.element, entry, f"an entry of {name}")
        case _, dict():
            inner = types.strip_optional(type_)
            if isinstance(inner, types.RecordOf):
                for field in inner.fields:
                    part = f"`{field.name}` of {name}"
                    yield from _find_wrong_values(
                        field.type, value.get(field.wire_name), part, field.constraints
                    )
        case _:
            return


def _wrong_length(entries: int, name: str, constraints: Constraints) -> Iterator[str]:
    least, most = constraints.min_items, constraints.max_items
    has = "1 entry" if entries == 1 else f"{entries} entries"
    if least is not None and entries < least:
        yield f"{name} has {has}, and has to have {least} or more"
    elif most is not None and entries > most:
        yield f"{name} has {has}, and may have {most}"
