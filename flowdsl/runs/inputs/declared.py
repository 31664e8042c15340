"""The declared inputs and secrets of a workflow or a chain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from flowdsl.codegen.json_schema import input_schema
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.ir import nodes
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics.values.schema_files import read_schema_fields
from flowdsl.source.record import Record, replace

Kind = Literal["workflow", "chain"]


class DeclaredInputs(Record, eq=True):
    """The inputs and secrets of one workflow or chain, by their names on the wire.

    `is_open`: others may be given, since a schema from a file allows that, or does not list all.
    `schema` is the text of such a file, None if the types of the fields are complete. `schemas` are
    those that an input has to fit, by its name, with the patterns of its places in prompts.
    """

    kind: Kind
    name: str
    inputs: Mapping[str, nodes.FieldSpec]
    secrets: Mapping[str, nodes.FieldSpec]
    is_open: bool = False
    schema: str | None = None
    schemas: Mapping[str, Sequence[Any]] = {}

    def __str__(self) -> str:
        return self.name


def collect_declared(source: nodes.Workflow | nodes.Chain) -> DeclaredInputs:
    """Return the declared inputs and secrets of a compiled workflow or chain."""
    kind: Kind = "chain" if isinstance(source, nodes.Chain) else "workflow"
    if isinstance(source, nodes.Workflow) and source.input_schema is not None:
        return _by_schema(source.name, source.input_schema, source.secrets)
    schemas = (
        _parse_input_schemas(input_schema(source)) if isinstance(source, nodes.Workflow) else {}
    )
    inputs, secrets = _index_fields_by_name(source.inputs), _index_fields_by_name(source.secrets)
    return DeclaredInputs(kind, source.name, inputs, secrets, schemas=schemas)


def declared_from_schema(name: str, schema: str | None) -> DeclaredInputs:
    """Return the declarations of a workflow without source, from its `input_schema`."""
    if schema is None:
        return DeclaredInputs("workflow", name, {}, {}, is_open=True)
    return _by_schema(name, schema, ())


def _by_schema(name: str, text: str, secrets: Iterable[nodes.FieldSpec]) -> DeclaredInputs:
    listed = read_schema_fields(text)
    fields = () if listed is None else TypeLowering(lambda value: value).fields(listed.fields)
    inputs = [each for each in fields if not each.name.startswith("$")]
    hidden = [replace(each, name=each.name[1:]) for each in fields if each.name.startswith("$")]
    return DeclaredInputs(
        "workflow",
        name,
        _index_fields_by_name(inputs),
        _index_fields_by_name([*hidden, *secrets]),
        is_open=listed is None or listed.is_open,
        schema=text,
        schemas=_parse_input_schemas(text),
    )


def _parse_input_schemas(text: str | None) -> Mapping[str, Sequence[Any]]:
    """Return the schemas of single inputs from a schema of all; none if it is unreadable."""
    try:
        schema = read_json(text or "{}")
    except UnreadableJson:
        return {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return (
        {name: (each,) for name, each in properties.items()} if isinstance(properties, dict) else {}
    )


def _index_fields_by_name(fields: Iterable[nodes.FieldSpec]) -> dict[str, nodes.FieldSpec]:
    return {each.name: each for each in fields}
