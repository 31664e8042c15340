"""Execute a workflow twice in one world, by its source and by its payload, and compare them.

runs = FirstRuns(payload, world, interpret(model, workflow, world))
for found in disagreements_with(runs):
    print(found.variant, found.difference)
for found in replay_disagreements_with(runs, interpret(model, workflow, again), again):
    print(found.variant, found.difference)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, cast

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template, WorkflowArtifact
from flowdsl.ir.days import fill_in_days
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.record import Record

from .machine.execute import Execution, Payload, execute_payload
from .machine.variants import Observed, Variant, main_variants
from .trace import BROKEN, HANDLE, MISS, SUCCESS, Event, Trace
from .world import World


class TraceDifference(Record):
    """A difference between the traces of a payload and its program.

    `at` is the index of the event, from 0; None if the difference is not in an event.
    """

    what: str
    program: object
    payload: object
    at: int | None = None

    def __str__(self) -> str:
        place = "" if self.at is None else f" {self.at + 1}"
        return f"{self.what}{place}: the program {self.program}, the prompt {self.payload}"


class Disagreement(Record):
    """A payload that behaves differently from its program.

    `variant` is the behaviour of the service in that case; `program` and `payload` are the two
    traces.
    """

    variant: Variant
    difference: TraceDifference
    program: Trace
    payload: Trace


def payload_of(artifact: WorkflowArtifact) -> Payload:
    """Return the payload of an artifact; models are named by alias, pictures by hash."""
    fields = artifact.payload
    prompt = fields["main_prompt"]
    allowlist = fields["terminal_command_allowlist"]
    return Payload(
        prompt.render(_open_part) if isinstance(prompt, Template) else prompt,
        fields.get("input_schema"),
        fields.get("output_schema"),
        None if allowlist is None else tuple(allowlist),
        tuple(fields.get("post_run_checks") or ()),
    )


def _open_part(part: ModelName | ImageRef) -> str:
    return part.alias if isinstance(part, ModelName) else part.sha256


def world_with_defaults(payload: Payload, world: World) -> World:
    """Return the world of a run that FlowDSL starts, with the defaults of inputs filled in."""
    schema = json.loads(payload.input_schema or "{}")
    return _replace_inputs(world, _fill_in_defaults(dict(world.inputs), schema))


def on_its_day(workflow: WorkflowSymbol, world: World) -> World:
    """Return the world of a run that FlowDSL starts, with date inputs computed; raises `NoDay`."""
    fields = TypeLowering(lambda value: value).fields(workflow.inputs)
    return _replace_inputs(world, fill_in_days(fields, world.inputs, world.today))


def _replace_inputs(world: World, inputs: Mapping[str, Any]) -> World:
    """Return the same world with other inputs."""
    return World(inputs, world.answer, world.situations, world.today)


def _fill_in_defaults(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value with the defaults of a schema, also inside records."""
    match value:
        case dict():
            properties = schema.get("properties", {})
            defaults = {
                name: each["default"]
                for name, each in properties.items()
                if "default" in each and name not in value
            }
            return {
                name: _fill_in_defaults(each, properties.get(name, {}))
                for name, each in (value | defaults).items()
            }
        case list():
            return [_fill_in_defaults(each, schema.get("items", {})) for each in value]
        case _:
            return value


class FirstRuns:
    """The first runs of a payload under all variants: executed once where no axis tells them apart.

    `program` is the trace of the program in the world, of which only the inputs count.
    """

    def __init__(self, payload: Payload, world: World, program: Trace) -> None:
        self.payload = payload
        self.program = program
        self._started = world_with_defaults(payload, world)
        self._done: list[tuple[Observed, Execution]] = []

    def under(self, variant: Variant) -> tuple[Observed, Execution]:
        """Return the execution under a variant, and the one under which it was executed.

        Raises `machine.execute.Refused` where the service would not start such a run.
        """
        for observed, execution in self._done:
            if observed.decides(variant):
                return observed, execution
        observed = Observed(variant)
        execution = execute_payload(
            self.payload, self._started, self.program, cast(Variant, observed)
        )
        self._done.append((observed, execution))
        return observed, execution


def disagreements_with(
    runs: FirstRuns, variants: Iterable[Variant] | None = None
) -> Iterator[Disagreement]:
    """Yield the differences of a payload from the trace of its program, at most one per variant.

    Variants that only differ in assumptions that an earlier execution did not consult are skipped.
    Raises `machine.execute.Refused` where the service would not start such a run.
    """
    done: list[Observed] = []
    for variant in main_variants() if variants is None else variants:
        observed, executed = runs.under(variant)
        if observed not in done:
            done.append(observed)
            yield from _compare(variant, runs.program, executed.trace)


def replay_disagreements_with(
    runs: FirstRuns,
    program: Trace,
    world: World,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a replay from the trace of its program, at most one per variant.

    `runs` are the recorded ones; of the world only the inputs count. A replay does not give a
    reason at its end: that of a `finish` is not compared. Variants that only differ in assumptions
    that an earlier execution did not consult are skipped.
    """
    if program.ending.status == SUCCESS:
        program = program.__replace__(ending=program.ending.__replace__(reason=None))
    started = world_with_defaults(runs.payload, world)
    done: list[Observed] = []
    for variant in main_variants() if variants is None else variants:
        if any(each.decides(variant) for each in done):
            continue
        recorded, first = runs.under(variant)
        observed = Observed(variant, recorded.axes)
        done.append(observed)
        if first.recording is None:
            continue
        replayed = execute_payload(
            runs.payload, started, program, cast(Variant, observed), first.recording
        ).trace
        yield from _compare(variant, program, replayed)


def _compare(variant: Variant, program: Trace, payload: Trace) -> Iterator[Disagreement]:
    difference = find_difference(program, payload)
    if difference is not None:
        yield Disagreement(variant, difference, program, payload)


def find_difference(program: Trace, payload: Trace) -> TraceDifference | None:
    """Return the first difference of the trace of a payload from that of its program.

    A question that the payload does not ask is no difference: if its answer matters, another world
    with another answer shows it.
    """
    if payload.ending.status == BROKEN:
        return TraceDifference("ending", program.ending, payload.ending)
    if program.heading != payload.heading:
        return TraceDifference("heading", program.heading, payload.heading)
    pairs = zip_longest(_meaningful_events(program), _meaningful_events(payload))
    for number, (first, second) in enumerate(pairs):
        if first != second:
            nothing = "does nothing"
            return TraceDifference("event", first or nothing, second or nothing, number)
    if program.ending != payload.ending:
        return TraceDifference("ending", program.ending, payload.ending)
    # Each side has its own error messages.
    if (program.refused is None) != (payload.refused is None):
        return TraceDifference("refused outputs", program.refused, payload.refused)
    if [each.status for each in program.checks] != [each.status for each in payload.checks]:
        return TraceDifference("post-run checks", program.checks, payload.checks)
    return None


def _meaningful_events(trace: Trace) -> list[Event]:
    """Return the events up to the last action; a situation after that changes nothing."""
    events = list(trace.events)
    while events and events[-1].verb in (HANDLE, MISS):
        events.pop()
    return events
