"""Reads the fields of a JSON Schema file, as far as FlowDSL's types can express them.

`read_signature_fields` is for a file that a flow names as a signature, and reports what is wrong
with it; `read_schema_fields` is for any text, and reports nothing.
"""

from __future__ import annotations

import re
from typing import Any

from flowdsl.source.files import spell_flow_path
from flowdsl.source.record import Record
from flowdsl.source.refused_texts import read_refused
from flowdsl.source.text import Span

from .. import errors
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    INT,
    NUMBER,
    STRING,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
)
from .json_text import read_json

_FORMATS = {
    "date": Primitive("date"),
    "date-time": Primitive("datetime"),
    "time": Primitive("time"),
    "email": Primitive("email"),
    "uri": Primitive("url"),
}
_SIMPLE: dict[str, Type] = {"string": STRING, "integer": INT, "number": NUMBER, "boolean": BOOL}
_FURTHER = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not")
"""Keywords whose schemas may name further properties of the same object."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class ListedFields(Record):
    """The fields that a schema lists.

    `is_open`: it says explicitly that there may be others.
    """

    fields: tuple[FieldType, ...]
    is_open: bool


def read_signature_fields(
    program: Program, named_at: Span, path: str, text: str
) -> tuple[FieldType, ...] | None:
    """Return the top-level properties of a schema as fields.

    None if the file is not a JSON object, which is reported at `named_at`, or if the schema does
    not list all properties; the short notation lists none.
    """
    try:
        schema = read_json(text)
    except ValueError as error:
        problem = str(error)
        program.sink.report(
            errors.MALFORMED_SCHEMA_FILE, named_at, path=spell_flow_path(path), problem=problem
        )
        return None
    if not isinstance(schema, dict):
        problem = "it holds no JSON object"
        program.sink.report(
            errors.MALFORMED_SCHEMA_FILE, named_at, path=spell_flow_path(path), problem=problem
        )
        return None
    return _read_closed_fields(schema)


def read_schema_fields(text: str) -> ListedFields | None:
    """Return the fields that the schema `text` lists; it may be in the short notation.

    None if it is no JSON object, lists none, or may list further ones elsewhere (`$ref`, `allOf`).
    `is_open` says whether others are allowed. A schema without `additionalProperties` counts as
    closed, although it allows others: whoever lists names means these.
    """
    try:
        schema = read_json(text)
    except ValueError:
        return None
    if not isinstance(schema, dict):
        return None
    if is_short_notation(schema):
        return ListedFields(_short_fields(schema), is_open=False)
    fields = _read_listed_fields(schema)
    return None if fields is None else ListedFields(fields, _is_open(schema))


def _short_fields(schema: dict[str, Any]) -> tuple[FieldType, ...]:
    return tuple(
        FieldType(name, Optional(_short_type(value))) for name, value in schema.items() if name
    )


def _short_type(value: Any) -> Type:
    """Return the type of a field in the short notation; `any` for an undocumented word."""
    if isinstance(value, dict):
        return RecordOf(None, _short_fields(value)) if is_short_notation(value) else _type(value)
    if isinstance(value, list):
        return ListOf(_short_type(value[0]) if len(value) == 1 else ANY)
    word = str(value).removesuffix("?")
    if word.endswith("[]"):
        return ListOf(_short_type(word[:-2]))
    return ListOf(ANY) if word == "array" else _SIMPLE.get(word, ANY)


def _is_open(schema: dict[str, Any]) -> bool:
    """Whether a schema says that an object may have properties that it does not list."""
    others = ("additionalProperties", "unevaluatedProperties")
    return bool(schema.get("patternProperties")) or any(
        schema.get(word, False) is not False for word in others
    )


def _names_more(schema: Any, known: dict[str, Any]) -> bool:
    """Whether subschemas of an object's schema list, or may list, further properties.

    `known` are those that the object itself lists.
    """
    if isinstance(schema, list):
        return any(_names_more(each, known) for each in schema)
    if not isinstance(schema, dict):
        return False
    if not schema.keys().isdisjoint(_REFERENCES):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties.keys() - known.keys():
        return True
    inner = [schema[word] for word in _FURTHER if word in schema]
    dependent = schema.get("dependentSchemas")
    if isinstance(dependent, dict):
        inner += dependent.values()
    return any(_names_more(each, known) for each in inner)


def _read_closed_fields(schema: dict[str, Any]) -> tuple[FieldType, ...] | None:
    """Return the fields of an object; None if there may be others than those listed."""
    return None if _is_open(schema) else _read_listed_fields(schema)


def _read_listed_fields(schema: dict[str, Any]) -> tuple[FieldType, ...] | None:
    """Return the fields that an object lists; None if it lists none, or lists more elsewhere."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or _names_more(schema, properties):
        return None
    required = schema.get("required")
    listed = required if isinstance(required, list) else []
    names = {name for name in listed if isinstance(name, str)}
    fields = []
    for name, entry in properties.items():
        type_ = _type(entry)
        optional = isinstance(type_, Optional)
        absent = name not in names and not optional and type_ != ANY
        if name not in names and not optional:
            type_ = Optional(type_)
        if name:
            fields.append(FieldType(name, type_, absent=absent))
    return tuple(fields)


def _type(schema: Any) -> Type:
    """Return the type for `schema`; `any` if a type cannot express what the schema says."""
    if not isinstance(schema, dict):
        return ANY
    if read_refused(schema.get("not")) is not None:
        # The keywords besides `not` determine the type of a text.
        schema = {keyword: said for keyword, said in schema.items() if keyword != "not"}
    names = schema.get("type")
    if isinstance(names, list):
        rest = [name for name in names if name != "null"]
        inner = _type({**schema, "type": rest[0]}) if len(rest) == 1 else ANY
        return Optional(inner) if "null" in names else inner
    values = schema.get("enum")
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return Enum(tuple(dict.fromkeys(values)))
    if isinstance(values, list) and values and all(type(value) is int for value in values):
        return Enum(tuple(dict.fromkeys(values)))
    if not isinstance(names, str):
        return ANY
    # Other keywords only allow fewer texts and numbers; they may list fields of objects.
    if names == "string":
        return _FORMATS.get(str(schema.get("format")), STRING)
    if names in _SIMPLE:
        return _SIMPLE[names]
    if {"anyOf", "oneOf", "allOf", "$ref", "not"} & schema.keys():
        return ANY
    if names == "array":
        return ListOf(_type(schema.get("items")))
    if names == "object":
        fields = _read_closed_fields(schema)
        return ANY if fields is None else RecordOf(None, fields)
    return ANY


# Cyberdesk's short notation of schemas, according to its documentation.
#
#     {"patient_mrn": "string", "vital_signs": {"heart_rate": "number"}}
#
# As in JSON Schema, an input schema marks a secret so: `{"$password": "string"}`.

_KEYWORDS = frozenset(
    ("allOf", "anyOf", "definitions", "enum", "items", "not", "oneOf", "properties", "required")
)
"""Keywords of JSON Schema that an object may have without a `type`.

Their values are not type words.
"""

_DESCRIBING = frozenset(("type", "title", "description", "format", "default"))
"""Keywords of JSON Schema whose values are words."""

_CORE = frozenset(
    [
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$dynamicRef",
        "$id",
        "$recursiveAnchor",
        "$recursiveRef",
        "$ref",
        "$schema",
        "$vocabulary",
    ]
)
"""Keywords of JSON Schema that begin with `$`, as the name of a secret does."""


def is_short_notation(schema: dict[str, Any]) -> bool:
    """Whether an object names fields with their types.

    It has no keyword of JSON Schema with the value that such a keyword has there: a field may be
    called `items`.
    """
    return (
        not schema.keys() <= _DESCRIBING
        and schema.keys().isdisjoint(_CORE)
        and all(isinstance(value, str | dict | list) for value in schema.values())
        and all(isinstance(value, str) for name, value in schema.items() if name in _KEYWORDS)
        and any(_is_type(value) for value in schema.values())
    )


def _is_type(value: Any) -> bool:
    """Whether a value of the short notation is a type: a word, a list of types, or fields."""
    if isinstance(value, dict):
        return any(map(_is_type, value.values()))
    if isinstance(value, list):
        return any(map(_is_type, value))
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z]+(\[\])?\??", value) is not None
