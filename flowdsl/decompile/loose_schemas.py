"""Reads any JSON Schema as fields, and as a patch of what the types of these fields do not say.

A schema is made simpler first, until types say it: references are followed, and keywords that no
type has are left out. The patch stands in `extra`, and `codegen.json_schema.merge_schema` takes it
back to the schema that it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowdsl.codegen.json_schema import input_schema, merge_schema, output_schema
from flowdsl.ir import nodes
from flowdsl.source.record import Record, replace
from flowdsl.source.refused_texts import remove_restrictions

from .fields import (
    MAX_DEPTH,
    SCALAR_OF,
    Fields,
    Schema,
    UnreadableSchema,
    compile_fields,
    is_same_json,
    read_root_fields,
)
from .writing.type_names import Unspeakable, doc_lines

ALL, NO_DEFAULTS, NO_BOUNDS, NO_TYPES = range(4)
"""How much of a field is kept: source refuses some defaults, and some bounds."""

_BOUNDS = {
    "string": ("pattern", "format", "minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}
_HINTS = {
    "properties": "object",
    "items": "array",
    "pattern": "string",
    "minLength": "string",
    "maxLength": "string",
    "format": "string",
    "minimum": "number",
    "maximum": "number",
}
"""The type that a keyword is for, where a schema names none."""


class LooseFields(Record):
    """Fields whose types, with `patch`, give a schema; `secrets` are without `$`."""

    inputs: Fields
    secrets: Fields
    outputs: Fields
    patch: Schema


def read_loose_inputs(schema: Schema, *, restricted: bool) -> LooseFields | None:
    """Return the inputs and secrets of a schema; None if no patch takes them back to it.

    `restricted`: what the uses of inputs in a prompt add to the schema is removed.
    """
    schema = remove_restrictions(schema) if restricted else schema
    return _read_loosely(schema, is_output=False)


def read_loose_outputs(schema: Schema) -> LooseFields | None:
    """Return the outputs of a schema; None if no patch takes them back to it."""
    return _read_loosely(schema, is_output=True)


def loose_fields(schema: Any) -> Fields | None:
    """Return the top-level properties of a schema, without constraints and defaults.

    None if it names none. They keep the names that they have in the schema: `$name` is a secret.
    """
    simple = _simplify_root(schema, {}, NO_BOUNDS)
    try:
        return None if simple is None else read_root_fields(simple, ())
    except UnreadableSchema:
        return None


def _read_loosely(schema: Schema, *, is_output: bool) -> LooseFields | None:
    found = _compile_loosely(schema, {}, is_output=is_output)
    if found is None:
        kept = {
            name: next(
                (
                    level
                    for level in (ALL, NO_DEFAULTS, NO_BOUNDS)
                    if _compile_loosely(
                        {**schema, "properties": {name: each}}, {name: level}, is_output=is_output
                    )
                ),
                NO_TYPES,
            )
            for name, each in _properties_of(schema).items()
        }
        found = _compile_loosely(schema, kept, is_output=is_output)
    if found is None:
        return None
    text = output_schema(found) if is_output else input_schema(found)
    declared = json.loads(text or '{"type": "object", "properties": {}}')
    patch = find_patch(declared, schema)
    if not patch and text is None:
        patch = {"type": "object"}  # without fields there is no schema but for a patch
    if not is_same_json(merge_schema(declared, patch, given=not is_output), schema):
        return None
    return LooseFields(found.inputs, found.secrets, found.outputs, patch)


def _compile_loosely(
    schema: Schema, kept: Mapping[str, int], *, is_output: bool
) -> nodes.Workflow | None:
    simple = _simplify_root(schema, kept, ALL)
    if simple is None:
        return None
    try:
        fields = read_root_fields(simple, ())
        if is_output:
            required = simple["required"]
            fields = tuple(
                each
                if each.name in required or not isinstance(each.type, nodes.OptionalType)
                else replace(each, absent=True)
                for each in fields
            )
            return compile_fields((), (), fields)
        inputs = tuple(each for each in fields if not each.name.startswith("$"))
        secrets = tuple(
            replace(each, name=each.name[1:]) for each in fields if each.name.startswith("$")
        )
        return compile_fields(inputs, secrets, ())
    except (UnreadableSchema, Unspeakable):
        return None


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


# Simpler schemas


def _simplify_root(schema: Any, kept: Mapping[str, int], level: int) -> Schema | None:
    """Return a schema that types say, with each field as in `kept`, or else as `level`."""
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return None
    required = _required_of(schema)
    properties = {
        name: _Simplifier(schema, kept.get(name, level)).field(each, name in required)
        for name, each in schema["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": required}


def _properties_of(schema: Schema) -> Schema:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _required_of(schema: Schema) -> list[str]:
    listed, known = schema.get("required"), _properties_of(schema)
    names = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return [each for each in dict.fromkeys(names) if each in known]


class _Simplifier:
    """Makes the schemas of one field simpler; `root` has the definitions."""

    def __init__(self, root: Schema, level: int) -> None:
        self._root = root
        self._level = level
        self._followed: list[str] = []

    def field(self, written: Any, required: bool, depth: int = MAX_DEPTH // 2) -> Schema:
        """Return the schema of a field with what annotations say."""
        followed = len(self._followed)
        schema = self._resolve(written)
        simple = {} if self._level == NO_TYPES else self._type(schema, depth)
        del self._followed[followed:]
        description = schema.get("description")
        if isinstance(description, str) and _is_doc(description):
            simple["description"] = description
        if self._level < NO_DEFAULTS and simple.keys() - {"description"}:
            if required and schema.get("default") is not None:
                simple["default"] = schema["default"]
            if isinstance(schema.get("examples"), list) and schema["examples"]:
                simple["examples"] = schema["examples"]
            if schema.get("deprecated") is True:
                simple["deprecated"] = True
        return simple

    def _resolve(self, written: Any) -> Schema:
        """Return a schema without references and choices of one."""
        schema: Schema = dict(written) if isinstance(written, dict) else {}
        for _ in range(20):
            reference, single = schema.get("$ref"), schema.get("allOf")
            if isinstance(reference, str) and reference not in self._followed:
                self._followed.append(reference)
                rest = {key: each for key, each in schema.items() if key != "$ref"}
                schema = self._find(reference) | rest
            elif isinstance(single, list) and len(single) == 1 and isinstance(single[0], dict):
                rest = {key: each for key, each in schema.items() if key != "allOf"}
                schema = single[0] | rest
            elif (choice := self._resolve_choice(schema)) is not None:
                schema = choice
            else:
                break
        return schema

    def _find(self, reference: str) -> Schema:
        found: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) and reference.startswith("#/") else {}

    def _resolve_choice(self, schema: Schema) -> Schema | None:
        """Return a schema with `anyOf` or `oneOf` of one type, or of constants, as that type."""
        keyword = next((each for each in ("anyOf", "oneOf") if each in schema), None)
        if keyword is None or not isinstance(schema[keyword], list):
            return None
        rest = {key: each for key, each in schema.items() if key not in ("anyOf", "oneOf")}
        listed = [each for each in schema[keyword] if isinstance(each, dict)]
        others = [each for each in listed if each.get("type") != "null"]
        if len(others) == 1 and len(listed) == len(schema[keyword]):
            inner = self._resolve(others[0]) | rest
            return inner | {"nullable": True} if len(listed) > 1 else inner
        constants = [each.get("const") for each in others]
        if others and all(isinstance(each, str) for each in constants):
            found = rest | {"type": "string", "enum": constants}
            return found | {"nullable": True} if len(listed) > len(others) else found
        return None

    def _type(self, schema: Schema, depth: int) -> Schema:
        """Return a schema that types say; that of any value where none says it."""
        if not depth or "anyOf" in schema or "oneOf" in schema or "$ref" in schema:
            return self._open_enum(schema)
        kind, nullable = self._kind_of(schema)
        simple: Schema = {}
        if kind == "object" and isinstance(schema.get("properties"), dict):
            required = _required_of(schema)
            properties = {
                name: self.field(each, name in required, depth - 1)
                for name, each in schema["properties"].items()
            }
            simple = {"type": kind, "properties": properties, "required": required}
        elif kind == "array":
            followed = len(self._followed)
            items = self._type(self._resolve(schema.get("items")), depth - 1)
            del self._followed[followed:]
            simple = {"type": kind, "items": items}
        elif (kind, None) in SCALAR_OF:
            simple = {"type": kind}
            if values := self._values_of(schema, str(kind)):
                simple["enum"] = values
            elif isinstance(format_ := schema.get("format"), str) and (kind, format_) in SCALAR_OF:
                simple["format"] = format_
        if self._level < NO_BOUNDS and "enum" not in simple and simple:
            simple |= {
                each: schema[each]
                for each in _BOUNDS.get(str(kind), ())
                if each in schema and each not in simple and _is_bound(each, schema[each])
            }
        if nullable and simple:
            simple["type"] = [simple["type"], "null"]
            if "enum" in simple:
                simple["enum"] = [*simple["enum"], None]
        if simple.get("required") == []:
            del simple["required"]
        return simple

    def _open_enum(self, schema: Schema) -> Schema:
        """Return the `anyOf` of texts and any text, which a type says; else no schema."""
        choice = schema.get("anyOf")
        texts = [{"type": "string"}], [{"type": "string"}, {"type": "null"}]
        if not isinstance(choice, list) or choice[1:] not in texts:
            return {}
        first = choice[0]
        values = first.get("enum") if isinstance(first, dict) else None
        if not isinstance(values, list) or first.keys() != {"type", "enum"}:
            return {}
        return {"anyOf": choice} if all(isinstance(each, str) for each in values) else {}

    def _kind_of(self, schema: Schema) -> tuple[str | None, bool]:
        """Return the one type of a schema, and whether its values may be null."""
        kind = schema.get("type")
        nullable = schema.get("nullable") is True
        if isinstance(kind, list):
            kinds = [each for each in kind if each != "null"]
            kinds = ["number"] if set(map(str, kinds)) == {"integer", "number"} else kinds
            nullable = nullable or len(kinds) < len(kind)
            kind = kinds[0] if len(kinds) == 1 else "several"
        if kind is None:
            values = self._values_of(schema, "string")
            kind = "string" if values else None
            kind = kind or next((_HINTS[each] for each in _HINTS if each in schema), None)
        return kind if isinstance(kind, str) else None, nullable

    def _values_of(self, schema: Schema, kind: str) -> list[Any]:
        """Return the values of an enum of texts or whole numbers, without null."""
        values = schema.get("enum", [schema["const"]] if "const" in schema else None)
        wanted = {"string": str, "integer": int}.get(kind)
        if not isinstance(values, list) or wanted is None:
            return []
        found = [each for each in values if each is not None]
        if not all(type(each) is wanted for each in found):
            return []
        return list(dict.fromkeys(found))


def _is_doc(description: str) -> bool:
    try:
        doc_lines(description)
    except Unspeakable:
        return False
    return True


def _is_bound(keyword: str, value: Any) -> bool:
    wanted = str if keyword in ("pattern", "format") else int | float
    return isinstance(value, wanted) and not isinstance(value, bool)
