"""Converts JSON Schema to fields: the inverse of `codegen.json_schema`.

A schema is accepted only if the resulting fields, declared in source and compiled again, give an
equal schema. Numbers are equal if they have the same value, objects regardless of the order of
their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flowdsl.codegen.json_schema import SCALARS, input_schema, output_schema
from flowdsl.codegen.prompt.document import source_words
from flowdsl.compiler.collector import collector_paused
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir import nodes
from flowdsl.ir.lowering.program import lower_program
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.resolve import analyze_program
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import replace
from flowdsl.source.refused_texts import remove_restrictions

from .notes import (
    FieldReason,
    explain_untyped_schema,
    schema_difference,
    unsaid_keyword,
    why_no_object,
)
from .writing.type_names import ANNOTATIONS, TypeNames, Unspeakable, field_text, source_names

Fields = tuple[nodes.FieldSpec, ...]
Schema = dict[str, Any]

ANY = nodes.ScalarType(name="any")
SCALAR_OF = {
    (schema["type"], schema.get("format")): nodes.ScalarType(name=name)
    for name, schema in reversed(SCALARS.items())
    if schema
}
"""The scalar type of a schema, by its `type` and `format`.

Of several scalars with equal schemas, the first in `SCALARS`.
"""

MAX_DEPTH = 60
"""The maximum nesting depth of types; less than what the parser accepts."""


class UnreadableSchema(Exception):
    """Raised for a schema that cannot be declared as fields, with the reason."""

    def __init__(self, reason: FieldReason) -> None:
        super().__init__(reason.words)
        self.reason = reason


def read_inputs(schema: Any) -> tuple[Fields, Fields] | None:
    """Return the inputs and the secrets (without `$`); None if no fields give the schema.

    What the uses of inputs in a prompt add to the schema is removed.
    """
    found = _read_input_fields(schema)
    return None if isinstance(found, FieldReason) else found


def read_outputs(schema: Any, sources: tuple[nodes.OutputSource, ...]) -> Fields | None:
    """Return the outputs that give `schema` in a workflow whose prompt names `sources`.

    What the sources add to the schema is removed. None if no fields with these sources give it.
    """
    found = _read_output_fields(schema, sources)
    return None if isinstance(found, FieldReason) else found


def why_no_inputs(schema: Any) -> FieldReason | None:
    """Return the reason why `read_inputs` returns None."""
    found = _read_input_fields(schema)
    return found if isinstance(found, FieldReason) else None


def why_no_outputs(schema: Any) -> FieldReason | None:
    """Return the reason why `read_outputs` returns None for a schema without sources."""
    found = _read_output_fields(schema, ())
    return found if isinstance(found, FieldReason) else None


def _read_input_fields(schema: Any) -> tuple[Fields, Fields] | FieldReason:
    try:
        schema = remove_restrictions(schema)
        fields = read_root_fields(schema, ())
        inputs = tuple(field for field in fields if not field.name.startswith("$"))
        secrets = tuple(
            replace(field, name=field.name[1:]) for field in fields if field.name.startswith("$")
        )
        workflow = compile_fields(inputs, secrets, ())
    except (UnreadableSchema, Unspeakable) as error:
        return _reason_for_error(error)
    declared = json.loads(input_schema(workflow) or "null")
    if is_same_json(declared, schema):
        return workflow.inputs, workflow.secrets
    return schema_difference(declared, schema, reported=False)


def _read_output_fields(
    schema: Any, sources: tuple[nodes.OutputSource, ...]
) -> Fields | FieldReason:
    try:
        fields = read_root_fields(schema, sources)
        if sources and [source.field for source in sources] != [field.name for field in fields]:
            return FieldReason(
                "has other fields than the prompt names", "other fields than in prompts"
            )
        workflow = compile_fields((), (), fields)
    except (UnreadableSchema, Unspeakable) as error:
        return _reason_for_error(error)
    declared = json.loads(output_schema(replace(workflow, sources=sources)) or "null")
    if is_same_json(declared, schema):
        return workflow.outputs
    return schema_difference(declared, schema, reported=True)


def _reason_for_error(error: UnreadableSchema | Unspeakable) -> FieldReason:
    if isinstance(error, UnreadableSchema):
        return error.reason
    return FieldReason(f"cannot be said in source: {error}", "texts that source cannot say")


# Reading


def read_root_fields(schema: Any, sources: Iterable[nodes.OutputSource]) -> Fields:
    """Return the fields that a schema's object has; raises `UnreadableSchema`."""
    if (reason := why_no_object(schema)) is not None:
        raise UnreadableSchema(reason)
    source_of = {source.field: source for source in sources}
    return tuple(
        _read_field_schema(name, entry, required, MAX_DEPTH)
        if name not in source_of
        else _read_sourced_field(name, entry, required, source_of[name])
        for name, entry, required in _list_properties(schema)
    )


def _list_properties(schema: Any) -> list[tuple[str, Any, bool]]:
    """Return the properties of an object: name, schema, and whether it is required.

    Required properties are sorted as in `required`, and take the positions that required ones have
    in `properties`.
    """
    properties, required = schema.get("properties"), schema.get("required", ())
    if not isinstance(properties, dict):
        raise UnreadableSchema(
            FieldReason("is an object without `properties`", "objects without `properties`")
        )
    if not isinstance(required, list | tuple):
        raise UnreadableSchema(unsaid_keyword("required"))
    _refuse_others(schema, ("type", "properties", "required"))
    if not all(isinstance(name, str) and name in properties for name in required):
        words = "requires a field that it does not have"
        raise UnreadableSchema(FieldReason(words, "required fields that are not there"))
    wanted = frozenset(required)
    if len(wanted) != len(required):
        raise UnreadableSchema(FieldReason("requires a field twice", "fields required twice"))
    ordered = iter(required)
    names = [next(ordered) if name in wanted else name for name in properties]
    return [(name, properties[name], name in wanted) for name in names]


def _read_sourced_field(
    name: str, schema: Any, required: bool, source: nodes.OutputSource
) -> nodes.FieldSpec:
    """Return an output without what its source adds: a sentence in its description, and `const`."""
    if not isinstance(schema, dict):
        raise UnreadableSchema(_NO_SCHEMA)
    bare = {key: value for key, value in schema.items() if key != "description"}
    if source.kind == "const" and not (
        "const" in bare and is_same_json(bare.pop("const"), source.value)
    ):
        raise UnreadableSchema(_SOURCE.inside(name))
    field = _read_field_schema(name, bare, required, MAX_DEPTH)
    types = [field.type]
    if field.type == ANY and field.default is None:
        # `any?` has the schema of `any`: the first whose sentence is in the description is taken.
        optional = nodes.OptionalType(inner=ANY)
        types = [optional, ANY] if source.kind == "none" else [ANY, optional]
    for type_ in types:
        words = source_words(source, type_, absent=field.absent)
        sentence = f"{words[0].upper()}{words[1:]}."
        description = schema.get("description")
        if description == sentence:
            return replace(field, type=type_)
        if isinstance(description, str) and description.endswith(f" {sentence}"):
            own = description[: -len(sentence) - 1]
            return replace(field, type=type_, description=own)
    raise UnreadableSchema(_SOURCE.inside(name))


def _read_field_schema(name: str, schema: Any, required: bool, depth: int) -> nodes.FieldSpec:
    try:
        return _read_field(name, schema, required, depth)
    except UnreadableSchema as error:
        raise UnreadableSchema(error.reason.inside(name)) from None


def _read_field(name: str, schema: Any, required: bool, depth: int) -> nodes.FieldSpec:
    if not isinstance(schema, dict):
        raise UnreadableSchema(_NO_SCHEMA)
    rest = dict(schema)
    description = rest.pop("description", None)
    if "description" in schema and not isinstance(description, str):
        raise UnreadableSchema(unsaid_keyword("description"))
    has_default = "default" in rest
    default = _normalise_numbers(rest.pop("default", None))
    constraints = _collect_constraints(rest)
    for keyword in constraints:
        del rest[keyword]
    if not isinstance(constraints.get("examples", []), list):
        raise UnreadableSchema(unsaid_keyword("examples"))
    if not isinstance(constraints.get("pattern", ""), str):
        raise UnreadableSchema(unsaid_keyword("pattern"))
    type_ = _read_schema_type(rest, depth)
    if default is not None and isinstance(type_, nodes.OptionalType):
        raise UnreadableSchema(_DEFAULTED)
    absent = False
    if not required and not has_default and not isinstance(type_, nodes.OptionalType):
        absent = type_ != ANY
        type_ = nodes.OptionalType(inner=type_)
    return nodes.FieldSpec(
        name=name,
        type=type_,
        constraints=constraints,
        has_default=has_default,
        default=default,
        description=description,
        absent=absent,
    )


def _collect_constraints(schema: Schema) -> Schema:
    """Return the keywords of a schema that annotations can set, with their values.

    A `format` that belongs to a scalar type is left out.
    """
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    formats = [format_ for name, format_ in SCALAR_OF if name in kinds]
    return {
        keyword: _normalise_numbers(schema[keyword])
        for keyword in ANNOTATIONS
        if keyword in schema and not (keyword == "format" and schema["format"] in formats)
    }


def _read_schema_type(schema: Any, depth: int) -> nodes.Type:
    if not isinstance(schema, dict):
        raise UnreadableSchema(_NO_SCHEMA)
    if not depth:
        raise UnreadableSchema(FieldReason("is nested too deeply", "schemas nested too deeply"))
    if not schema:
        return ANY
    kind = schema.get("type")
    if "anyOf" in schema:
        return _open_enum(schema, depth)
    if isinstance(kind, list):
        return nodes.OptionalType(inner=_read_schema_type(_without_null(schema, kind), depth - 1))
    if kind == "object":
        return nodes.RecordType(
            fields=tuple(
                _read_field_schema(*entry, depth - 1) for entry in _list_properties(schema)
            )
        )
    if kind == "array":
        return nodes.ListType(element=_read_element_type(schema, depth))
    if kind in ("string", "integer") and "enum" in schema:
        _refuse_others(schema, ("type", "enum"))
        values = _normalise_numbers(schema["enum"])
        wanted = str if kind == "string" else int
        if not isinstance(values, list) or not all(type(value) is wanted for value in values):
            raise UnreadableSchema(_ENUM)
        return nodes.EnumType(values=tuple(values))
    if not isinstance(kind, str) or (kind, None) not in SCALAR_OF:
        raise UnreadableSchema(explain_untyped_schema(schema))
    if "enum" in schema:
        raise UnreadableSchema(_ENUM)
    _refuse_others(schema, ("type", "format"))
    format_ = schema.get("format")
    if not isinstance(format_, str | None) or (kind, format_) not in SCALAR_OF:
        raise UnreadableSchema(unsaid_keyword("format"))
    return SCALAR_OF[kind, format_]


def _open_enum(schema: Schema, depth: int) -> nodes.Type:
    """Return the type of listed texts or any other text; optional if null is allowed."""
    _refuse_others(schema, ("anyOf",))
    choice = schema["anyOf"]
    if not isinstance(choice, list):
        raise UnreadableSchema(unsaid_keyword("anyOf"))
    optional = len(choice) == 3 and choice[2] == {"type": "null"}
    if choice[1:] not in ([SCALARS["string"]], [SCALARS["string"], {"type": "null"}]):
        raise UnreadableSchema(_CHOICE)
    enum = _read_schema_type(choice[0], depth - 1)
    if not isinstance(enum, nodes.EnumType) or enum.numeric or enum.open:
        raise UnreadableSchema(_CHOICE)
    enum = replace(enum, open=True)
    return nodes.OptionalType(inner=enum) if optional else enum


def _read_element_type(schema: Schema, depth: int) -> nodes.Type:
    """Return the type of the entries of a list."""
    if "items" not in schema:
        raise UnreadableSchema(
            FieldReason("is a list of entries that nothing describes", "lists without `items`")
        )
    _refuse_others(schema, ("type", "items"))
    try:
        return _read_schema_type(schema["items"], depth - 1)
    except UnreadableSchema as error:
        raise UnreadableSchema(error.reason.inside("[]")) from None


def _refuse_others(schema: Schema, keywords: tuple[str, ...]) -> None:
    for name in schema:
        if name not in keywords:
            raise UnreadableSchema(unsaid_keyword(name))


def _without_null(schema: Schema, kinds: list[Any]) -> Schema:
    """Return a schema whose `type` is `[kind, "null"]` without null."""
    if len(kinds) != 2 or not isinstance(kinds[0], str) or kinds[1] != "null":
        raise UnreadableSchema(explain_untyped_schema({"type": kinds}))
    inner = schema | {"type": kinds[0]}
    if "enum" in schema:
        values = schema["enum"]
        if not isinstance(values, list) or values[-1:] != [None]:
            raise UnreadableSchema(_ENUM)
        inner["enum"] = values[:-1]
    return inner


_DEFAULTED = FieldReason(
    "has a default and may be null, and a field with a default is never missing",
    "defaults of fields that may be null",
)
_NO_SCHEMA = FieldReason("is described by no object", "fields described by no object")
_ENUM = FieldReason(
    "has an `enum` of other values than its type has",
    "an `enum` of other values than texts or whole numbers",
)
_CHOICE = FieldReason(
    "has an `anyOf` that no type says: only one of an `enum` of texts and any text",
    "an `anyOf` of other things than an `enum` and any text",
)
_SOURCE = FieldReason(
    "is described otherwise than the prompt says", "other descriptions than in prompts"
)
"""Reasons for refusing a schema that are used in several places."""


def _normalise_numbers(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a JSON value with whole numbers as integers, as in a compiled constant.

    Values nested deeper than `depth` are unchanged.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list) and depth:
        return [_normalise_numbers(entry, depth - 1) for entry in value]
    if isinstance(value, dict) and depth:
        return {key: _normalise_numbers(entry, depth - 1) for key, entry in value.items()}
    return value


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
