"""Execute a workflow twice in one world, by its source and by its payload, and compare them.

for found in disagreements(model, workflow, payload, world):
    print(found.variant, found.difference)
for found in replay_disagreements(model, workflow, payload, recorded, world):
    print(found.variant, found.difference)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template, WorkflowArtifact
from flowdsl.ir.days import fill_in_days
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.record import Record

from .compare import TraceDifference, find_differences
from .interpreter.interpret import interpret
from .machine.execute import Execution, Payload, execute_payload
from .machine.variants import Observed, Variant, main_variants
from .trace import SUCCESS, Trace
from .world import World


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


def disagreements(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    payload: Payload,
    world: World,
    environment: Mapping[str, str] | None = None,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a payload from its program in a world, at most one per variant.

    Raises `machine.execute.Refused` where the service would not start such a run.
    """
    program = interpret(model, workflow, world, environment or {})
    runs = FirstRuns(payload, on_its_day(workflow, world), program)
    yield from disagreements_with(runs, variants)


def disagreements_with(
    runs: FirstRuns, variants: Iterable[Variant] | None = None
) -> Iterator[Disagreement]:
    """Yield the differences of a payload from the trace of its program, at most one per variant.

    Variants that only differ in assumptions that an earlier execution did not consult are skipped.
    Raises `Refused` as `disagreements` does.
    """
    done: list[Observed] = []
    for variant in main_variants() if variants is None else variants:
        observed, executed = runs.under(variant)
        if observed not in done:
            done.append(observed)
            yield from _find_first_disagreement(variant, runs.program, executed.trace)


def replay_disagreements(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    payload: Payload,
    recorded: World,
    world: World,
    environment: Mapping[str, str] | None = None,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a replay from the program in a world, at most one per variant.

    The replayed recording is that of a run in the world `recorded`. A run that does not succeed is
    not recorded, and yields nothing. A replay does not give a reason at its end: the reason of a
    `finish` is not compared. Raises `machine.execute.Refused` as `disagreements` does.
    """
    recorded_program = interpret(model, workflow, recorded, environment or {})
    if not recorded_program.is_well:
        return
    program = interpret(model, workflow, world, environment or {})
    runs = FirstRuns(payload, on_its_day(workflow, recorded), recorded_program)
    yield from replay_disagreements_with(runs, program, on_its_day(workflow, world), variants)


def replay_disagreements_with(
    runs: FirstRuns,
    program: Trace,
    world: World,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a replay from the trace of its program (`replay_disagreements`).

    `runs` are the recorded ones; of the world only the inputs count. Variants that only differ in
    assumptions that an earlier execution did not consult are skipped.
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
        yield from _find_first_disagreement(variant, program, replayed)


def _find_first_disagreement(
    variant: Variant, program: Trace, payload: Trace
) -> Iterator[Disagreement]:
    """Yield the first difference of two traces, if there is one."""
    for difference in find_differences(program, payload):
        yield Disagreement(variant, difference, program, payload)
        return
