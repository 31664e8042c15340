"""Compiled workflows as the writer of source gets them, and the results of its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.decompile.model import FlowFile
from flowdsl.decompile.writing.statement_text import PICTURES
from flowdsl.decompile.writing.writer import write_flow
from flowdsl.ir import nodes
from flowdsl.ir.passes.numbering import restore_whole_lists
from flowdsl.ir.walk import statements, walk
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import replace

PATH = "flows/w.flow"
_VERBATIM = {
    "prompt": "prompt_file",
    "input_schema": "inputs_file",
    "output_schema": "outputs_file",
    "checks_text": "checks_file",
    "extra_text": "extra_file",
}
"""What a workflow may take from a file, and where a `FlowFile` names that file."""


def flow_file(workflow: nodes.Workflow) -> tuple[FlowFile, dict[str, str]]:
    """What the writer is given for a compiled workflow, and the files beside it by path."""
    texts = {field: getattr(workflow, field) for field in _VERBATIM}
    kept = {field: text for field, text in texts.items() if text is not None}
    named: Any = {_VERBATIM[field]: f"./{field}.txt" for field in kept}
    workflow = replace(workflow, body=restore_whole_lists(workflow.body, workflow.sources))
    bare = replace(workflow, **dict.fromkeys(_VERBATIM))
    looked_at = (workflow.body, workflow.rules, workflow.checks or ())
    untrusted = frozenset(
        each.name
        for each in walk(looked_at)
        if isinstance(each, nodes.Variable) and each.quoted and each.sigil == "input"
    )
    flow = FlowFile(workflow=bare, untrusted=untrusted, **named)
    return flow, {f"flows/{field}.txt": text for field, text in kept.items()}


def compile_written(
    text: str, workflow: nodes.Workflow, beside: dict[str, str], bundle: Bundle
) -> Compilation:
    """The compilation of the text written for a workflow, with the files and pictures beside it."""
    files: dict[str, str | bytes] = {PATH: text, **beside}
    for statement in statements(workflow.body):
        if isinstance(statement, nodes.Picture):
            path = f"flows/{PICTURES.removeprefix('./')}{statement.alternative}"
            files[path] = bundle.images[statement.sha256].content
    return compile_project(MemoryFiles(files), [PATH], CompileOptions())


def pairs(compilation: Compilation) -> Iterator[tuple[nodes.Workflow, WorkflowArtifact]]:
    """The workflows of a compilation with what they compile to."""
    assert compilation.program is not None
    assert compilation.bundle is not None
    yield from zip(compilation.program.workflows, compilation.bundle.workflows, strict=True)


def payload_of(artifact: WorkflowArtifact) -> Any:
    """An artifact to compare: schemas parsed, open parts in their readable form."""
    payload = dict(render_plain_json(artifact.payload))
    for name in ("input_schema", "output_schema"):
        if isinstance(payload.get(name), str):
            payload[name] = json.loads(payload[name])
    return payload, artifact.tags, artifact.title, artifact.renamed_from, artifact.protect


def check_written(workflow: nodes.Workflow, artifact: WorkflowArtifact, bundle: Bundle) -> str:
    """Writes a workflow, compiles the text and compares the payloads.

    The text that is written for the second program must be the same, too. Returns the text.
    """
    flow, beside = flow_file(workflow)
    text = write_flow(flow)
    assert text is not None
    compilation = compile_written(text, workflow, beside, bundle)
    errors = [each.message for each in compilation.analysis.diagnostics if each.severity == "error"]
    assert (errors, compilation.bundle is not None) == ([], True), text
    ((again, written),) = pairs(compilation)
    assert payload_of(written) == payload_of(artifact), text
    assert write_flow(flow_file(again)[0]) == text
    return text


def check_all(compilation: Compilation) -> list[str]:
    """The texts written for all workflows of a compilation, each checked."""
    assert compilation.bundle is not None
    return [
        check_written(workflow, artifact, compilation.bundle)
        for workflow, artifact in pairs(compilation)
    ]
