"""What a reader of prompts is given, for compiled and for made workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.codegen.json_schema import output_schema
from flowdsl.codegen.prompt.document import emit_prompt
from flowdsl.compiler.pipeline import Compilation
from flowdsl.decompile.model import PromptHints
from flowdsl.ir import nodes
from flowdsl.ir.images import image_extension, image_hash
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import replace

NO_HINTS = PromptHints(inputs=None, secrets=(), outputs=None, pictures={})


def hints_of(workflow: nodes.Workflow, *images: bytes) -> PromptHints:
    """What the rest of a workflow tells about its prompt.

    Pictures have the addresses that `plain` gives them.
    """
    return PromptHints(
        inputs=workflow.inputs,
        secrets=workflow.secrets,
        outputs=_described(workflow),
        pictures={
            f"image:{image_hash(content)}.{image_extension(content)}": content for content in images
        },
    )


def _described(workflow: nodes.Workflow) -> tuple[nodes.FieldSpec, ...]:
    """The outputs, with the descriptions that they have in the schema."""
    properties = json.loads(output_schema(workflow) or "{}").get("properties", {})
    return tuple(
        replace(field, description=properties.get(field.name, {}).get("description"))
        for field in workflow.outputs
    )


def prompt_of(workflow: nodes.Workflow, capabilities: Capabilities) -> str:
    """The prompt of a workflow, open parts in their readable form."""
    return str(render_plain_json(emit_prompt(workflow, capabilities)[1].template))


def compiled_prompts(compilation: Compilation) -> Iterator[tuple[nodes.Workflow, str, PromptHints]]:
    """The compiled workflows that have statements, each with its prompt and the hints on it."""
    assert compilation.program is not None
    assert compilation.bundle is not None
    images = [image.content for image in compilation.bundle.images.values()]
    artifacts = compilation.bundle.workflows
    for workflow, artifact in zip(compilation.program.workflows, artifacts, strict=True):
        if workflow.prompt is None:
            prompt = render_plain_json(artifact.payload["main_prompt"])
            yield workflow, str(prompt), hints_of(workflow, *images)
