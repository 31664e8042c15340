"""Converts JSON Schema to fields: the inverse of `codegen.json_schema`.

A schema becomes fields that source can declare, and a patch of what their types do not say:
references are followed, and keywords that no type has are left to the patch. It stands in `extra`,
and `codegen.json_schema.merge_schema` takes it back to the schema that it was. The fields are
declared in source and compiled before they are returned. Numbers are equal if they have the same
value, objects regardless of the order of their keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.codegen.json_schema import (
    input_schema,
    merge_schema,
    output_schema,
    take_out_kinds,
)
from flowdsl.codegen.prompt.document import source_words
from flowdsl.compiler.collector import collector_paused
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir import nodes
from flowdsl.ir.lowering.program import lower_program
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import Record, replace
from flowdsl.source.refused_texts import remove_restrictions

from .field_reader import (
    ALL,
    ANY,
    NO_BOUNDS,
    NO_DEFAULTS,
    NO_TYPES,
    FieldReader,
    Schema,
    list_properties,
)
from .notes import FieldReason, schema_difference, why_no_object
from .writing.type_names import TypeNames, Unspeakable, field_text, source_names

Fields = tuple[nodes.FieldSpec, ...]
Sources = Sequence[nodes.OutputSource]


class SchemaFields(Record):
    """Fields whose types, with `patch`, give a schema; `secrets` are without `$`.

    `reason` says what no type says of the schema; None without a patch.
    """

    inputs: Fields = ()
    secrets: Fields = ()
    outputs: Fields = ()
    patch: Mapping[str, Any] = {}
    reason: FieldReason | None = None


class UnreadableSchema(Exception):
    """Raised for fields that source refuses, with the reason."""

    def __init__(self, reason: FieldReason) -> None:
        super().__init__(reason.words)
        self.reason = reason


def read_inputs(schema: Any, *, restricted: bool = True) -> SchemaFields | FieldReason:
    """Return the inputs and secrets of a schema, or the reason why no patch takes them back to it.

    `restricted`: what the uses of inputs in a prompt add to the schema is removed first.
    """
    schema = remove_restrictions(schema) if restricted and isinstance(schema, dict) else schema
    return _read_schema(schema, is_output=False)


def read_outputs(schema: Any, sources: Sources = ()) -> SchemaFields | FieldReason:
    """Return the outputs of a schema, or the reason why no patch takes them back to it.

    With `sources`, which a prompt names, they give the schema without a patch: what the sources
    add to it is removed.
    """
    return _read_schema(schema, is_output=True, sources=sources)


def loose_fields(schema: Any) -> Fields | None:
    """Return the top-level properties of a schema, without constraints and defaults.

    None if it names none. They keep the names that they have in the schema: `$name` is a secret.
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return None
    return _read_root_fields(schema, {}, NO_BOUNDS, is_output=False)


def split_secrets(fields: Fields) -> tuple[Fields, Fields]:
    """Return fields as inputs and secrets (without `$`)."""
    secrets = (replace(each, name=each.name[1:]) for each in fields if each.name.startswith("$"))
    return tuple(each for each in fields if not each.name.startswith("$")), tuple(secrets)


def _read_schema(
    schema: Any, *, is_output: bool, sources: Sources = ()
) -> SchemaFields | FieldReason:
    try:
        return _read_fields_and_patch(schema, is_output=is_output, sources=sources)
    except RecursionError:
        return FieldReason("is nested too deeply", "schemas nested too deeply")


def _read_fields_and_patch(
    schema: Any, *, is_output: bool, sources: Sources
) -> SchemaFields | FieldReason:
    reason = why_no_object(schema)
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return reason or FieldReason(
            "is an object without `properties`", "objects without `properties`"
        )
    found = _compile_schema(schema, {}, is_output=is_output, sources=sources)
    if isinstance(found, FieldReason):
        reason = reason or found
        found = found if sources else _compile_in_part(schema, is_output=is_output)
    if isinstance(found, FieldReason):
        return found
    text = output_schema(found) if is_output else input_schema(found)
    declared = json.loads(text or '{"type": "object", "properties": {}}')
    patch = find_patch(declared, schema)
    if not patch and text is None:
        patch = {"type": "object"}  # without fields there is no schema but for a patch
    if patch:
        reason = reason or schema_difference(declared if text else None, schema)
        merged = merge_schema(declared, patch, given=not is_output)
        take_out_kinds(merged, patch)
        if sources or not is_same_json(merged, schema):
            return reason
    return SchemaFields(found.inputs, found.secrets, found.outputs, patch, reason)


def _compile_in_part(schema: Schema, *, is_output: bool) -> nodes.Workflow | FieldReason:
    """Compile the fields of a schema, with less of each that source refuses as it is."""
    kept = {
        name: next(
            (
                level
                for level in (ALL, NO_DEFAULTS, NO_BOUNDS)
                if not isinstance(
                    _compile_schema(
                        {**schema, "properties": {name: each}}, {name: level}, is_output=is_output
                    ),
                    FieldReason,
                )
            ),
            NO_TYPES,
        )
        for name, each in schema["properties"].items()
    }
    return _compile_schema(schema, kept, is_output=is_output)


def _compile_schema(
    schema: Schema, kept: Mapping[str, int], *, is_output: bool, sources: Sources = ()
) -> nodes.Workflow | FieldReason:
    """Compile the fields of a schema, each as far as `kept` says, or the reason why it fails."""
    fields = _read_root_fields(schema, kept, ALL, is_output=is_output)
    try:
        if not is_output:
            return compile_fields(*split_secrets(fields), ())
        if not sources:
            return compile_fields((), (), fields)
        if [each.field for each in sources] != [each.name for each in fields]:
            words = "has other fields than the prompt names"
            return FieldReason(words, "other fields than in prompts")
        properties = schema["properties"]
        outputs = [
            _remove_source(each, properties[each.name], source)
            for each, source in zip(fields, sources, strict=True)
        ]
        return replace(compile_fields((), (), tuple(outputs)), sources=tuple(sources))
    except UnreadableSchema as error:
        return error.reason
    except Unspeakable as error:
        words = f"cannot be said in source: {error}"
        return FieldReason(words, "texts that source cannot say")


def find_patch(declared: Schema, schema: Schema) -> Schema:
    """Return what `merge_schema` makes `schema` of `declared` with, where anything does."""
    patch: Schema = {}
    for key, value in schema.items():
        known = declared.get(key)
        if key not in declared:
            patch[key] = value
        elif isinstance(known, dict) and isinstance(value, dict):
            if inner := find_patch(known, value):
                patch[key] = inner
        elif not is_same_json(known, value):
            patch[key] = value
    patch |= {key: None for key in declared if key not in schema}
    return dict(sorted(patch.items()))


# Reading


def _read_root_fields(
    schema: Schema, kept: Mapping[str, int], level: int, *, is_output: bool
) -> Fields:
    return tuple(
        FieldReader(schema, kept.get(name, level), is_output=is_output).field(
            name, each, required=required
        )
        for name, each, required in list_properties(schema)
    )


def _remove_source(
    field: nodes.FieldSpec, schema: Any, source: nodes.OutputSource
) -> nodes.FieldSpec:
    """Return an output without what its source adds: a sentence in its description, and `const`."""
    reason = FieldReason(
        "is described otherwise than the prompt says", "other descriptions than in prompts"
    ).inside(field.name)
    description = schema.get("description") if isinstance(schema, dict) else None
    if not isinstance(description, str):
        raise UnreadableSchema(reason)
    if source.kind == "const":
        bare = {key: value for key, value in schema.items() if key != "const"}
        if "const" not in schema or not is_same_json(schema["const"], source.value):
            raise UnreadableSchema(reason)
        reader = FieldReader(bare, ALL, is_output=True)
        field = reader.field(field.name, bare, required=not field.absent)
    types = [field.type]
    if field.type == ANY and field.default is None:
        # `any?` has the schema of `any`: the first whose sentence is in the description is taken.
        optional = nodes.OptionalType(inner=ANY)
        types = [optional, ANY] if source.kind == "none" else [ANY, optional]
    for type_ in types:
        words = source_words(source, type_, absent=field.absent)
        sentence = f"{words[0].upper()}{words[1:]}."
        if description == sentence:
            return replace(field, type=type_, description=None)
        if description.endswith(f" {sentence}"):
            own = description[: -len(sentence) - 1]
            return replace(field, type=type_, description=own)
    raise UnreadableSchema(reason)


# Proof by compiling again


def compile_fields(inputs: Fields, secrets: Fields, outputs: Fields) -> nodes.Workflow:
    """Compile, from source text, a workflow that declares these fields and nothing else."""
    types = TypeNames(inputs, secrets, outputs, taken=("w",))
    names = source_names(inputs)
    sections = [("inputs", inputs, names)]
    sections.append(("secrets", secrets, source_names(secrets, names.values())))
    sections.append(("outputs", outputs, source_names(outputs)))
    lines = ["flow 1", "workflow w {", 'prompt from "./w.md"']
    for section, fields, spelled in sections:
        if fields:
            texts = (field_text(field, types, name=spelled[field.name]) for field in fields)
            lines += [f"{section} {{", *texts, "}"]
    lines += ["}", *types.declarations(), ""]
    files = MemoryFiles({"w.flow": "\n".join(lines), "w.md": "-"})
    with collector_paused():
        sink = Sink()
        model = analyze_program(load_sources(files, ["w.flow"], sink), None, files, sink)
        for found in sink.findings_in_order():
            if found.severity == ERROR:
                words = f"has a field that source refuses: {found.message}"
                raise UnreadableSchema(FieldReason(words, "fields that source refuses"))
        return lower_program(model, {}).workflows[0]


def is_same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; unlike in Python, `true` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
