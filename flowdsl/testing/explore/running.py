"""Carries a workflow or a chain out once, with answers that are choices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import ChainSymbol, SemanticModel, WorkflowSymbol
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints
from flowdsl.simulate.executions import on_its_day, world_with_defaults
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.interpreter.chains import ChainRun
from flowdsl.simulate.interpreter.errors import MissingInText, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, accept_inputs
from flowdsl.simulate.trace import SUCCESS, Ending, Trace
from flowdsl.simulate.world import World
from flowdsl.source.record import Record
from flowdsl.testing.explore.samples import Choices

from ..coverage import Key
from ..following import Follower
from ..suite import find_failed_checks
from ..wrapping import RESULT
from .deciding import Deciding, bindings_of_step, steps_of
from .exploring import Answered, Explorer
from .samples import Samples

RunKey = tuple[frozenset[Key], str]
"""The ways that a run of a workflow takes, and how it ends."""
PathKey = tuple[RunKey, ...]
"""What makes a path: the keys of its runs, one for each step of a chain that ran."""


SOME_DAY = "2026-01-31"
"""The day of a run for which a test says none."""
FINISHES = "finishes"
"""How a run ends that a `finish` ends; the others end as `Ending.status` says."""


class PathRun(Record):
    """A run of a workflow: of the whole path, or of one `step` of a chain.

    - `step`: its name; empty for a workflow alone.
    - `ways`: in the order in which it takes them.
    - `asked`: its questions in order, with the answers.
    - `ending`: None where the run cannot be carried out, and `problem` says why.
    - `wrong`: what is wrong with its outputs.
    - `refused`: why the service refuses its outputs, whatever they are; None where it takes them.
    - `failed_checks`: the names of the post-run checks that fail.
    """

    step: str
    workflow: WorkflowSymbol
    key: RunKey
    ways: tuple[Key, ...]
    asked: tuple[Answered, ...]
    ending: Ending | None
    problem: str
    wrong: tuple[str, ...]
    refused: str | None = None
    failed_checks: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the step of a chain behind it runs."""
        is_well = self.ending is not None and _is_well(self.ending)
        return is_well and self.refused is None and not self.failed_checks


class Path(Record):
    """A path that a run can take, as the first run took it that was found, or a test.

    - `inputs`: by their names on the wire.
    - `runs`: one, or those of the steps of a chain until one fails.
    - `wrong`: what is wrong with outputs, in every run that took the path.
    """

    inputs: Mapping[str, Any]
    runs: tuple[PathRun, ...]
    wrong: tuple[str, ...]

    @property
    def key(self) -> PathKey:
        return tuple(run.key for run in self.runs)

    @property
    def ways(self) -> tuple[Key, ...]:
        """The ways that it takes, in their order."""
        return tuple(dict.fromkeys(way for run in self.runs for way in run.ways))

    @property
    def ending(self) -> Ending | None:
        """How it ends; None where it cannot be carried out, and `problem` says why."""
        return self.runs[-1].ending

    @property
    def is_taken_well(self) -> bool:
        """Whether the service takes what this run of it makes, and no check fails."""
        return all(run.refused is None and not run.failed_checks for run in self.runs)

    @property
    def problem(self) -> str:
        return self.runs[-1].problem

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Its outputs by their names on the wire; those of a chain by the steps that ended well."""
        ended = {
            run.step: run.ending.outputs
            for run in self.runs
            if run.ending is not None and _is_well(run.ending) and run.refused is None
        }
        return ended if self.runs[0].step else ended.get("", {})


def path_of(inputs: Mapping[str, Any], runs: Sequence[PathRun]) -> Path:
    """The path of some runs, which is the workflow's alone or those of the steps of a chain."""
    wrong = (
        f"step `{run.step}`: {what}" if run.step else what for run in runs for what in run.wrong
    )
    return Path(inputs, tuple(runs), tuple(wrong))


class Program(Record):
    """What every run of an exploration needs.

    - `payload`: what is deployed of a workflow, which checks inputs.
    - `ways`: those that make paths.
    - `known`: some inputs, beside those that are made up; by their names on the wire.
    """

    model: SemanticModel
    payload: Callable[[WorkflowSymbol], Payload]
    environment: Mapping[str, str]
    ways: Collection[Key]
    known: Sequence[Mapping[str, Any]] = ()


class ExploredWorkflow:
    """A workflow alone. `outer_calls` are the calls around what is explored.

    Raises NotAProgram for a workflow without steps; `path` raises NoSample for an input without a
    value.
    """

    def __init__(self, program: Program, workflow: WorkflowSymbol, outer_calls: int = 0) -> None:
        self._program = program
        self._workflow = workflow
        self._outer_calls = outer_calls
        self._steps = steps_of(workflow)
        self._deciding = Deciding(program.model, [workflow])

    def path(self, choices: Choices) -> Path:
        """The path that a run takes by some choices.

        Raises `machine.execute.Refused` where the service would not start it.
        """
        program, workflow = self._program, self._workflow
        samples = Samples(choices, self._deciding, self._steps)
        inputs = _choose_inputs(choices, samples, workflow.inputs, program.known)
        explorer = Explorer(program.model, self._steps, self._deciding, choices, self._outer_calls)
        ran = _run_workflow(program, workflow, explorer, inputs, choices.budget)
        return path_of(inputs, [ran])


class ExploredChain:
    """A chain: its steps one after the other, until one fails.

    The inputs of a path have the day of the run too, `today`, where a step depends on it. Raises as
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
            choices.takes(name)
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
"""What is explored."""


def inputs_of_chain(chain: ChainSymbol) -> tuple[types.FieldType, ...]:
    """The inputs of a chain, with what a person answers in its pauses."""
    return (*chain.inputs, *(field for pause in chain.pauses for field in pause.inputs))


def needs_today(chain: ChainSymbol) -> bool:
    """Whether a test of a chain has to say which day is `today`.

    So it is where a step is left to work an input out, and no input of the chain has that name.
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
    """Values for inputs by their names on the wire, without those that are left out.

    They are some of those that are `known`, else made up.
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
    """Carry a workflow out once."""
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
    except TooLong as too_long:
        problem = str(too_long)
    ending = None if trace is None else trace.ending
    found = path_run(
        step, workflow, explorer, ending, program.ways, asked=explorer.asked, problem=problem
    )
    return found if trace is None else judge_run(found, payload, trace)


def judge_run(run: PathRun, payload: Payload, trace: Trace) -> PathRun:
    """A run with what the service makes of it: whether outputs are refused, which checks fail."""
    failed = find_failed_checks(payload, trace)
    found: PathRun = run.__replace__(refused=trace.refused, failed_checks=failed)
    return found


def path_run(
    step: str,
    workflow: WorkflowSymbol,
    follower: Follower,
    ending: Ending | None,
    ways: Collection[Key],
    *,
    asked: Iterable[Answered] = (),
    problem: str = "",
) -> PathRun:
    """The run that somebody followed; of its ways those count that are among `ways`."""
    how = "" if ending is None else ending.status
    wrong: Iterator[str] = iter(())
    if ending is not None and _is_well(ending):
        how = how if ending.reason is None else FINISHES
        wrong = wrong_outputs(types.RecordOf(None, workflow.outputs), ending.outputs)
    taken = tuple(way for way in follower.ways if way in ways)
    key = (frozenset(taken), how)
    return PathRun(step, workflow, key, taken, tuple(asked), ending, problem, tuple(wrong))


def _is_well(ending: Ending) -> bool:
    return ending.status == SUCCESS


def wrong_outputs(record: types.RecordOf, outputs: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each value that has to be there and is not, and each list of a wrong length.

    Other bounds are about values that a desktop shows, and say nothing of the program.
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
