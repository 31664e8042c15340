"""Map types to JSON Schema 2020-12 (assumption `schema-dialect`).

No other module does this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import Any, assert_never

from flowdsl.ir import nodes
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics.values.schema_files import read_schema_fields

from .input_patterns import restrict_inputs
from .prompt.document import source_words

SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "file": {"type": "string"},
    "any": {},
}

Schema = dict[str, Any]


def type_schema(type_: nodes.Type, given: bool = False) -> Schema:
    """Return the schema of a type; with `given`, for a value that a run receives.

    Only FlowDSL fills in defaults, so other callers must be told to: with `given`, fields with a
    default are required, too. The service treats null as missing, so a field whose default is null
    must not be required. Records are inlined wherever they are used, because the service may not
    support `$ref`.
    """
    match type_:
        case nodes.ScalarType(name=name):
            return dict(SCALARS[name])
        case nodes.EnumType(values=values):
            listed = {"type": "integer" if type_.numeric else "string", "enum": list(values)}
            return {"anyOf": [listed, dict(SCALARS["string"])]} if type_.open else listed
        case nodes.ListType(element=element):
            return {"type": "array", "items": type_schema(element, given)}
        case nodes.OptionalType(inner=inner):
            return _make_nullable(type_schema(inner, given))
        case nodes.RecordType(fields=fields):
            return object_schema(fields, given=given)
        case _:
            assert_never(type_)


def _make_nullable(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "type" not in schema:
        return schema
    nullable = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def object_schema(
    fields: Iterable[nodes.FieldSpec], all_required: bool = False, given: bool = False
) -> Schema:
    """Return the schema of an object; `given` is that of `type_schema`.

    Additional properties are allowed: the service merges machine parameters in before it validates.
    `restrict_inputs` refuses them inside of inputs.
    """
    fields = tuple(fields)
    schema: Schema = {
        "type": "object",
        "properties": {field.name: field_schema(field, given) for field in fields},
    }
    required = [
        field.name
        for field in fields
        if field.required
        or (all_required and not field.absent)
        or (given and field.default is not None)
    ]
    if required:
        schema["required"] = required
    return schema


def field_schema(field: nodes.FieldSpec, given: bool = False) -> Schema:
    """Return the schema of a field, with its constraints, default and description."""
    type_ = field.type
    if field.absent and isinstance(type_, nodes.OptionalType):
        type_ = type_.inner
    schema = {**type_schema(type_, given), **field.constraints}
    if field.has_default:
        schema["default"] = field.default
    return {"description": field.description} | schema if field.description else schema


def input_schema(workflow: nodes.Workflow) -> str | None:
    """Return the schema of a run's inputs, as JSON; secrets are `$name`.

    None if nothing is declared.
    """
    if workflow.input_schema is not None:
        schema = json.loads(workflow.input_schema)
        restrict_inputs(schema, workflow)
        return dump_schema(schema)
    secrets = [
        nodes.FieldSpec(
            name=f"${field.name}",
            type=field.type,
            constraints=field.constraints,
            description=field.description,
            absent=field.absent,
        )
        for field in workflow.secrets
    ]
    fields = [*workflow.inputs, *secrets]
    patch = workflow.extra.get("input_schema")
    if not fields and patch is None:
        return None
    schema = merge_schema(object_schema(fields, given=True), patch or {}, given=True)
    restrict_inputs(schema, workflow)
    take_out_kinds(schema, patch or {})
    return dump_schema(schema)


def output_schema(workflow: nodes.Workflow) -> str | None:
    """Return the schema of a run's outputs, as JSON, each field described by its source.

    None if the workflow has no outputs.
    """
    if workflow.output_schema is not None:
        schema = json.loads(workflow.output_schema)
        _describe_missing_outputs(schema, workflow)
        return dump_schema(schema)
    patch = workflow.extra.get("output_schema")
    if not workflow.outputs and patch is None:
        return None
    sources = {source.field: source for source in workflow.sources}
    every = object_schema(workflow.outputs, all_required=True)
    schema = merge_schema(every, patch or {}, given=False)
    for field in workflow.outputs:
        if (source := sources.get(field.name)) is not None:
            entry = schema["properties"][field.name]
            schema["properties"][field.name] = _add_source(entry, field, source)
    return dump_schema(schema)


def merge_schema(schema: Schema, patch: Schema, *, given: bool) -> Schema:
    """Return a schema with the part of `extra` that types do not say.

    Objects are merged, and anything else replaces what is there; null takes out a keyword that the
    types give. With `given`, for values that a run receives, required fields stay required, since
    types may require more than when the patch was made, and what says that something is a text, or
    holds some, stays until `take_out_kinds`, since texts are restricted.
    """
    merged = dict(schema)
    for key, value in patch.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[key] = merge_schema(known, value, given=given)
        elif given and key == "required" and isinstance(known, list) and isinstance(value, list):
            merged[key] = [*value, *(each for each in known if each not in value)]
        elif value is None and key in merged:
            if not (given and key in (*_KINDS, *_PARTS)):
                del merged[key]
        else:
            merged[key] = value
    return merged


_KINDS = ("type", "anyOf")
"""The keywords by which `type_schema` says what kind of value something is."""

_PARTS = ("properties", "items")
"""The keywords by which it says what a record or list holds."""


def take_out_kinds(schema: Schema, patch: Schema) -> None:
    """Take out the kinds and parts of values that a patch takes out.

    Where the patch says in another way what something holds, as by a reference, restrictions of
    the texts in there stay.
    """
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(known := schema.get(key), dict):
            take_out_kinds(known, value)
        elif value is None and key in _PARTS and key in schema:
            closed = schema.keys() & {"additionalProperties"} - patch.keys()
            rest = _find_restrictions({each: schema[each] for each in (key, *closed)})
            if key in rest:
                schema[key] = rest[key]
            else:
                del schema[key]
        elif value is None and key in _KINDS:
            schema.pop(key, None)


def _find_restrictions(schema: Schema) -> Schema:
    """Return what `restrict_inputs` added to the schema of a type."""
    added = ("not", "additionalProperties")
    found: Schema = {each: schema[each] for each in added if each in schema}
    if "items" in schema and (items := _find_restrictions(schema["items"])):
        found["items"] = items
    fields = {name: _find_restrictions(each) for name, each in schema.get("properties", {}).items()}
    if "additionalProperties" in found or any(fields.values()):
        found["properties"] = fields
    return found


def _describe_missing_outputs(schema: Any, workflow: nodes.Workflow) -> None:
    """Say in a schema by the author where outputs are, and what becomes of missing ones.

    Nothing is added where an output is the value of the variable of that name, and never missing:
    what no description explains is copied.
    """
    listed = read_schema_fields(workflow.output_schema or "")
    if listed is None:
        return
    fields = {each.name: each for each in TypeLowering(lambda value: value).fields(listed.fields)}
    for source in workflow.sources:
        field, entry = fields[source.field], schema["properties"][source.field]
        if not isinstance(entry, dict):
            continue
        words = source_words(source, field.type, absent=field.absent)
        sentence = _make_sentence(words)
        doc = str(entry.get("description", "")).strip()
        plain = source_words(
            nodes.OutputSource(
                field=field.name, kind="stored", variable=field.name, origin=source.origin
            ),
            None,
        )
        if source.kind != "none" and words != plain and not doc.endswith(sentence):
            entry["description"] = f"{doc} {sentence}".strip()


def _make_sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _add_source(schema: Schema, field: nodes.FieldSpec, source: nodes.OutputSource) -> Schema:
    """Return the schema of an output with what its source adds: a sentence, and `const`."""
    sentence = _make_sentence(source_words(source, field.type, absent=field.absent))
    doc = str(schema.get("description", "")).strip()
    described = {"description": f"{doc} {sentence}".strip()}
    constant = {"const": source.value} if source.kind == "const" else {}
    return described | {k: v for k, v in schema.items() if k != "description"} | constant


def dump_schema(schema: Any) -> str:
    """Return a schema as the service stores it: indented JSON, with keys in declared order."""
    return _spell_indented(schema, "\n")


def _spell_indented(value: Any, line: str) -> str:
    """Return what `json.dumps` makes of a value with `indent=2`, which it spells in Python alone.

    `line` begins a line of the text that a value is in.
    """
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is bool:
        return "true" if value else "false"
    inner = line + "  "
    if isinstance(value, dict) and value:
        members = [
            f"{encode_basestring(name)}: {_spell_indented(each, inner)}"
            for name, each in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}"
    if isinstance(value, list | tuple) and value:
        return (
            f"[{inner}{f',{inner}'.join([_spell_indented(each, inner) for each in value])}{line}]"
        )
    return _spell(value)


_spell = json.JSONEncoder(ensure_ascii=False).encode
