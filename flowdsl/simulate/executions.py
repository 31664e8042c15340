"""Executes a workflow twice in one world, by its source and by its payload, and compares.

for found in disagreements(model, workflow, payload, world):
    print(found.variant, found.difference)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template, WorkflowArtifact
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.source.record import Record

from .compare import Difference, differences
from .interpreter.interpret import interpret
from .machine.execute import Payload, execute
from .machine.variants import Variant, main_variants
from .trace import Trace
from .world import World


class Disagreement(Record):
    """A payload that does something else than its program.

    `variant` is how the service works then; `program` and `payload` are the two traces.
    """

    variant: Variant
    difference: Difference
    program: Trace
    payload: Trace


def payload_of(artifact: WorkflowArtifact) -> Payload:
    """What the machine executes of an artifact; models go by their aliases, pictures by hash."""
    fields = artifact.payload
    prompt = fields["main_prompt"]
    allowlist = fields["terminal_command_allowlist"]
    return Payload(
        prompt.render(_open_part) if isinstance(prompt, Template) else prompt,
        fields.get("input_schema"),
        fields.get("output_schema"),
        None if allowlist is None else tuple(allowlist),
    )


def _open_part(part: ModelName | ImageRef) -> str:
    return part.alias if isinstance(part, ModelName) else part.sha256


def disagreements(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    payload: Payload,
    world: World,
    environment: Mapping[str, str] | None = None,
    variants: Iterable[Variant] | None = None,
) -> Iterator[Disagreement]:
    """Where a payload differs from its program in a world, at most once for each variant.

    Raises `machine.execute.Refused` where the service would not start such a run.
    """
    program = interpret(model, workflow, world, environment or {})
    for variant in main_variants() if variants is None else variants:
        executed = execute(payload, world, program, variant).trace
        for difference in differences(program, executed):
            yield Disagreement(variant, difference, program, executed)
            break
