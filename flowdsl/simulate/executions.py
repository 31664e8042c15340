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
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.source.record import Record

from .compare import Difference, find_differences
from .interpreter.interpret import interpret
from .machine.execute import Payload, execute_payload
from .machine.variants import Observed, Variant, main_variants
from .trace import SUCCESS, Trace
from .world import World


class Disagreement(Record):
    """A payload that behaves differently from its program.

    `variant` is the behaviour of the service in that case; `program` and `payload` are the two
    traces.
    """

    variant: Variant
    difference: Difference
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
    yield from disagreements_with(program, payload, on_its_day(workflow, world), variants)


def disagreements_with(
    program: Trace,
    payload: Payload,
    world: World,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a payload from the trace of its program, at most one per variant.

    Variants that only differ in assumptions that an earlier execution did not consult are skipped.
    Of the world only the inputs count: its answers are in the trace. Raises `Refused` as
    `disagreements` does.
    """
    started = world_with_defaults(payload, world)
    done: list[Observed] = []
    for variant in main_variants() if variants is None else variants:
        if any(each.decides(variant) for each in done):
            continue
        observed = Observed(variant)
        executed = execute_payload(payload, started, program, cast(Variant, observed)).trace
        done.append(observed)
        yield from _find_first_disagreement(variant, program, executed)


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
    began, begins = on_its_day(workflow, recorded), on_its_day(workflow, world)
    yield from replay_disagreements_with(
        recorded_program, program, payload, began, begins, variants
    )


def replay_disagreements_with(
    recorded_program: Trace,
    program: Trace,
    payload: Payload,
    recorded: World,
    world: World,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a replay from the trace of its program (`replay_disagreements`).

    The first trace is that of the recorded run; of the worlds only the inputs count. Variants that
    only differ in assumptions that an earlier execution did not consult are skipped.
    """
    if program.ending.status == SUCCESS:
        program = program.__replace__(ending=program.ending.__replace__(reason=None))
    began, started = world_with_defaults(payload, recorded), world_with_defaults(payload, world)
    done: list[Observed] = []
    for variant in main_variants() if variants is None else variants:
        if any(each.decides(variant) for each in done):
            continue
        observed = Observed(variant)
        first = execute_payload(payload, began, recorded_program, cast(Variant, observed))
        done.append(observed)
        if first.recording is None:
            continue
        replayed = execute_payload(
            payload, started, program, cast(Variant, observed), first.recording
        ).trace
        yield from _find_first_disagreement(variant, program, replayed)


def _find_first_disagreement(
    variant: Variant, program: Trace, payload: Trace
) -> Iterator[Disagreement]:
    """Yield the first difference of two traces, if there is one."""
    for difference in find_differences(program, payload):
        yield Disagreement(variant, difference, program, payload)
        return
