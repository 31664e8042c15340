"""Lays out an imported workflow in one way: its `.flow` file and other files, compiled again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.ir import nodes
from flowdsl.prompt.text import commands_of
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from .checks import ReadChecks, checks_document
from .fields import Fields, SchemaFields
from .model import NOWHERE, FlowFile, Payload, PromptHints, PromptProgram
from .payload import Schema, StoredWorkflow
from .settings import Settings, derive_terminal_settings
from .writing.type_names import source_names

FOLDER = "flows"
"""The folder of a project that contains the files of workflows."""


class Shape(Record, eq=True):
    """Which parts of a workflow are written in source; the others are kept in separate files."""

    statements: bool
    inputs: bool
    outputs: bool
    checks: bool


class WorkflowParts(Record):
    """The parsed parts of a workflow.

    `checks` are the checks, or the reason why no source gives them. `program` is None for a prompt
    that FlowDSL did not write.
    """

    name: str
    stored: StoredWorkflow
    settings: Settings
    hints: PromptHints
    checks: ReadChecks | str
    program: PromptProgram | None


def file_name(name: str, part: str) -> str:
    """Return the path of the file that keeps a part of the workflow called `name`."""
    return f"{name}.{part}.{'md' if part == 'prompt' else 'json'}"


def lay_out_source(
    parts: WorkflowParts, shape: Shape, inputs: SchemaFields, outputs: SchemaFields
) -> tuple[FlowFile, dict[str, bytes]]:
    """Return the source of a workflow in a shape, and its other files by path.

    `inputs` and `outputs` are empty where the shape keeps their schemas in files.
    """
    stored, settings = parts.stored, parts.settings
    checks = parts.checks if shape.checks and isinstance(parts.checks, ReadChecks) else None
    program = parts.program if shape.statements else None
    declared = inputs.inputs
    if not shape.inputs and (program is not None or (checks is not None and checks.checks)):
        # Statements and checks may name the inputs that the schema file declares.
        declared = select_nameable_inputs(parts.hints.inputs or ())
    patches = {"input_schema": inputs.patch, "output_schema": outputs.patch}
    body = program.body if program is not None else ()
    commands = frozenset(commands_of(body))
    workflow = nodes.Workflow(
        origin=NOWHERE,
        name=parts.name,
        title=settings.title,
        description=program.description if program is not None else None,
        tags=settings.tags,
        webhooks=stored.webhooks,
        file_exports=stored.file_exports,
        inputs=declared,
        secrets=inputs.secrets,
        outputs=outputs.outputs,
        models=settings.models,
        terminal=derive_terminal_settings(settings, commands),
        rules=program.rules if program is not None else (),
        body=body,
        sources=program.sources if program is not None else (),
        checks=checks.checks if checks is not None else None,
        cleanup=checks.cleanup if checks is not None else None,
        extra=settings.extra | {field: patch for field, patch in patches.items() if patch},
    )
    kept = {
        "prompt": None if shape.statements else _encode_verbatim(stored.prompt),
        "inputs": None if shape.inputs else _schema_file(stored.input_schema),
        "outputs": None if shape.outputs else _schema_file(stored.output_schema),
        "checks": None if shape.checks else _json_file(checks_document(stored)),
        "extra": _json_file(settings.kept) if settings.kept else None,
    }
    files = {
        f"{FOLDER}/{file_name(parts.name, part)}": content
        for part, content in kept.items()
        if content is not None
    }
    names = {
        part: None if content is None else f"./{file_name(parts.name, part)}"
        for part, content in kept.items()
    }
    untrusted = checks.untrusted if checks is not None else frozenset()
    return (
        FlowFile(
            workflow,
            prompt_file=names["prompt"],
            inputs_file=names["inputs"],
            outputs_file=names["outputs"],
            checks_file=names["checks"],
            extra_file=names["extra"],
            untrusted=untrusted | (program.untrusted if program is not None else frozenset()),
        ),
        files,
    )


def select_nameable_inputs(fields: Fields) -> Fields:
    """Return the inputs of a schema file whose wire names are valid names in source."""
    names = source_names(fields)
    return tuple(field for field in fields if names[field.name] == field.name)


def _json_file(value: Any) -> bytes:
    """Return the content of a JSON file; keys keep their order."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _schema_file(schema: Schema | None) -> bytes | None:
    """Return the content of a schema file; None if it is no object: `extra` then keeps it."""
    return None if schema is None or schema.document is None else _json_file(schema.document)


def _encode_verbatim(text: str) -> bytes:
    """Return the bytes of a file that is read back as `text`.

    A byte order mark at the beginning of the text is doubled, because reading removes one.
    """
    return ("\ufeff" + text if text.startswith("\ufeff") else text).encode()


# Compiled again


class Recompiled(Record):
    """A compiled payload with its tags and the errors that `check` has, or those in its way."""

    module: ast.Module
    payload: Payload | None
    errors: tuple[Diagnostic, ...]


def compile_written_files(
    files: Mapping[str, bytes],
    path: str,
    capabilities: Capabilities,
) -> Recompiled:
    """Compile the one workflow in the file at `path`."""
    options = CompileOptions(assumed=capabilities, lenient=True)  # A live workflow may have errors.
    compilation = compile_project(MemoryFiles(dict(files)), [path], options)
    analysis = compilation.analysis
    module = analysis.model.modules[0]
    if compilation.bundle is None:
        errors = tuple(each for each in analysis.diagnostics if options.stops(each))
        return Recompiled(module, None, errors)
    (artifact,) = compilation.bundle.workflows
    payload = render_plain_json(artifact.payload) | {"tags": list(artifact.tags)}
    errors = tuple(each for each in analysis.diagnostics if each.severity == ERROR)
    return Recompiled(module, payload, errors)
