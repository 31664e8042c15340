"""The transformation agent: derives the outputs of a run from its runtime values.

It knows the output schema, whose descriptions state the source of each field, and the final runtime
values (`D:/concepts/generating-output-data`). A field without such a description is copied
unchanged from the runtime value of the same name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowdsl.simulate.schemas import find_refusal
from flowdsl.simulate.shapes import EMPTY

from ..characters import at_path, spell_platform_value
from ..grammar import Grammar, Said
from ..layout import Defect


def make_outputs(
    schema: str | None, values: Mapping[str, Any], grammar: Grammar
) -> tuple[dict[str, Any], str | None]:
    """Return the fields of `output_data`, and why the schema refuses them; None if it does not.

    Raises Defect if a description cannot be parsed.
    """
    if schema is None:
        return {}, None
    read = json.loads(schema)
    fields: Mapping[str, Any] = read.get("properties", {})
    made = {name: _make_field(name, field, values, grammar) for name, field in fields.items()}
    found = {name: value for name, value in made.items() if value is not _LEFT_OUT}
    return found, find_refusal(schema, found)


_LEFT_OUT = object()
"""Marks an output that has no value and is left out."""


def _make_field(name: str, schema: Any, values: Mapping[str, Any], grammar: Grammar) -> Any:
    if "const" in schema:
        return _fit_to_schema(schema["const"], schema)
    source = _find_source(schema.get("description", ""), grammar)
    if source is not None and source.name == "sources.unset":
        value = None
    elif source is not None and source.name == "sources.left_out":
        return _LEFT_OUT
    elif source is None:
        value = values.get(name)
    elif source.name == "sources.numbered":
        value = _numbered_entries(source, values)
    else:
        value = at_path(values, source["variable"])
        if value in (EMPTY, "", None) and source["absent"]:
            return _LEFT_OUT
        if value in (EMPTY, "") and source["optional"]:
            value = None
    value = _fit_to_schema(value, schema)
    if source is not None and dict(source.holes).get("nested"):
        value = _without_empty(value, schema)
    if source is not None and dict(source.holes).get("without"):
        value = _without_absent(value, schema)
    return value


def _numbered_entries(source: Said, values: Mapping[str, Any]) -> list[Any]:
    """Return the list whose entries are saved under numbered keys."""
    first, second, count = source["first"], source["second"], source["count"]
    name = str(first[0]).removesuffix("_1")
    if (first, second, count) != ((f"{name}_1",), (f"{name}_2",), (f"{name}_count",)):
        raise Defect("the keys of a list are no row of numbers", name)
    number = spell_platform_value(values.get(count[0]))
    if not number.isdecimal():
        raise Defect(f"`{number}` entries are no number", name)
    keys = [f"{name}_{each}" for each in range(1, int(number) + 1)]
    lost = [each for each in keys if each not in values]
    if lost:
        raise Defect("an entry is counted that was not saved", lost[0])
    return [values[each] for each in keys]


def _without_empty(value: Any, schema: Any) -> Any:
    """Return a value with null for each nullable `__EMPTY__` or empty text inside it."""
    match value:
        case list():
            return [_clear_if_empty(each, schema.get("items", {})) for each in value]
        case dict():
            fields = schema.get("properties", {})
            return {
                name: _clear_if_empty(each, fields.get(name, {})) for name, each in value.items()
            }
        case _:
            return value


def _clear_if_empty(value: Any, schema: Any) -> Any:
    if value in (EMPTY, "") and _may_be_null(schema):
        return None
    return _without_empty(value, schema)


def _without_absent(value: Any, schema: Any) -> Any:
    """Return a value without its inner fields that are empty and not nullable."""
    match value:
        case list():
            return [_without_absent(each, schema.get("items", {})) for each in value]
        case dict():
            fields = schema.get("properties", {})
            return {
                name: _without_absent(each, fields.get(name, {}))
                for name, each in value.items()
                if each not in (EMPTY, "")
                or _may_be_null(fields.get(name, {}))
                or name in schema.get("required", ())
            }
        case _:
            return value


def _find_source(description: str, grammar: Grammar) -> Said | None:
    """Return the sentence at the end of a description that states the source of the field."""
    found: list[Said] = []
    starts = [0, *(number + 1 for number, each in enumerate(description) if each == " ")]
    for start in starts:
        words = description[start:]
        if words.endswith("."):
            found += grammar.hole("source", words[:1].lower() + words[1:-1])
    if len(found) > 1:
        raise Defect("a description names two sources", description)
    return found[0] if found else None


def _may_be_null(schema: Any) -> bool:
    kinds = _schema_types(schema)
    return kinds == [None] or "null" in kinds


def _schema_types(schema: Any) -> list[Any]:
    """Return the types that a schema names, also in `anyOf`; [None] if there are none."""
    kinds = schema.get("type")
    if kinds is None and "anyOf" in schema:
        return [kind for each in schema["anyOf"] for kind in _schema_types(each)]
    return kinds if isinstance(kinds, list) else [kinds]


def _fit_to_schema(value: Any, schema: Any) -> Any:
    """Convert a value to its schema's type: a text that spells a number to the number, etc."""
    kinds = _schema_types(schema)
    match value:
        case str() if "string" not in kinds and value != EMPTY:
            return _from_text(value, kinds, schema)
        case bool() | int() | float() if "string" in kinds and len(set(kinds) - {"null"}) == 1:
            return spell_platform_value(value)
        case list() if "items" in schema:
            return [_fit_to_schema(each, schema["items"]) for each in value]
        case dict():
            fields = schema.get("properties", {})
            nothing = {name: None for name, each in fields.items() if _may_be_null(each)}
            return nothing | {
                name: _fit_to_schema(each, fields.get(name, {})) for name, each in value.items()
            }
        case _:
            return value


def _from_text(text: str, kinds: list[Any], schema: Any) -> Any:
    if kinds == [None]:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _fit_to_schema(value, schema) if isinstance(value, list | dict) else value
