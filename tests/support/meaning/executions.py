"""The two executions of a program in a world, and where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.executions import (
    Disagreement,
    FirstRuns,
    disagreements_with,
    on_its_day,
    replay_disagreements_with,
)
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.machine.variants import Variant
from flowdsl.simulate.world import World


def disagreements(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    payload: Payload,
    world: World,
    environment: Mapping[str, str] | None = None,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a payload from its program in a world, at most one per variant.

    Raises `Refused` where the service would not start such a run.
    """
    program = interpret(model, workflow, world, environment or {})
    yield from disagreements_with(
        FirstRuns(payload, on_its_day(workflow, world), program), variants
    )


def replay_disagreements(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    payload: Payload,
    recorded: World,
    world: World,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Yield the differences of a replay of the run in `recorded` from the program in a world.

    A run that does not succeed is not recorded, and yields nothing.
    """
    recorded_program = interpret(model, workflow, recorded)
    if recorded_program.is_well:
        program = interpret(model, workflow, world)
        runs = FirstRuns(payload, on_its_day(workflow, recorded), recorded_program)
        started = on_its_day(workflow, world)
        yield from replay_disagreements_with(runs, program, started, variants)
