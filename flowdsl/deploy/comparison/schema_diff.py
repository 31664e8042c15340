"""The readable difference of two schemas, property by property. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flowdsl.deploy.comparison.schema_gaps import DEEPEST, OTHER_PROPERTIES, Path, without_choice
from flowdsl.deploy.resources.policy import render_canonical_json
from flowdsl.diagnostics.render.cells import make_printable

LEAD = 20
"""The number of common characters that are shown before the first difference of long values."""


Sign = Literal["+", "-", "!"]
"""Whether a property is added or removed, or a facet of it changed."""


@dataclass(frozen=True, slots=True)
class SchemaEdit:
    """One change: a property that is added or removed, or a facet of a property that changes.

    `path` is the property as a caller writes it, empty for the whole schema. `facet` is a keyword
    of JSON Schema, `required` for whether the property is required, or empty for a property that is
    added or removed. `before` and `after` are texts on one line, safe to print, or None.
    """

    path: str
    sign: Sign
    facet: str
    before: str | None
    after: str | None

    @property
    def text(self) -> str:
        """The edit on one line without its sign; long values are cut to where they differ."""
        where = self.path or "the whole"
        if self.sign != "!":
            return f"{where}: {self.after or self.before}"
        before, after = _cut_around_difference(self.before, self.after)
        facet = "" if self.facet == "required" else f"{make_printable(self.facet)} "
        return f"{where}: {facet}{before} -> {after}"


def schema_edits(before: Any, after: Any) -> tuple[SchemaEdit, ...]:
    """Return the edits between two schemas in normal form; empty only if the two are equal.

    For a notation other than JSON Schema there is one edit of the whole value.
    """
    if render_canonical_json(before) == render_canonical_json(after):
        return ()
    edits: list[SchemaEdit] = []
    if is_schema(before) and is_schema(after):
        edits = list(
            _find_schema_edits(_root_schema(before, after), _root_schema(after, before), ())
        )
    return tuple(edits) or (
        _make_facet_edit((), "schema", _format_schema_value(before), _format_schema_value(after)),
    )


def _root_schema(schema: Any, other: Any) -> Any:
    """Return `schema`; for None a schema without properties that can be compared with `other`."""
    if schema is None:
        return {"type": other["type"]} if isinstance(other, Mapping) and "type" in other else {}
    return schema


def _find_schema_edits(before: Any, after: Any, path: Path) -> Iterator[SchemaEdit]:
    if len(path) > DEEPEST or not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        if render_canonical_json(before) != render_canonical_json(after):
            yield _make_facet_edit(
                path, "schema", _format_schema_value(before), _format_schema_value(after)
            )
        return
    by_property = _has_properties(before) and _has_properties(after)
    for keyword in dict.fromkeys((*after, *before)):
        if by_property and keyword in ("properties", "required"):
            continue
        old, new = before.get(keyword), after.get(keyword)
        if (
            keyword in ("items", "additionalProperties")
            and isinstance(old, Mapping)
            and isinstance(new, Mapping)
        ):
            inner = None if keyword == "items" else OTHER_PROPERTIES
            yield from _find_schema_edits(old, new, (*path, inner))
        elif (keyword in before) != (keyword in after) or render_canonical_json(
            old
        ) != render_canonical_json(new):
            yield _make_facet_edit(
                path, keyword, _format_facet(before, keyword), _format_facet(after, keyword)
            )
    if by_property:
        yield from _property_edits(before, after, path)


def _property_edits(
    before: Mapping[str, Any], after: Mapping[str, Any], path: Path
) -> Iterator[SchemaEdit]:
    olds, news = before.get("properties", {}), after.get("properties", {})
    needed_before, needed = before.get("required", ()), after.get("required", ())
    for name in dict.fromkeys((*news, *olds, *needed, *needed_before)):
        inner = (*path, name)
        if name in news and name not in olds:
            yield from _list_property(news[name], name in needed, inner, "+")
        elif name in olds and name not in news:
            yield from _list_property(olds[name], name in needed_before, inner, "-")
        else:
            if (name in needed_before) != (name in needed):
                words = (_describe_requirement(name in side) for side in (needed_before, needed))
                yield _make_facet_edit(inner, "required", *words)
            if name in news:
                yield from _find_schema_edits(olds[name], news[name], inner)
    if set(needed_before) == set(needed) and list(needed_before) != list(needed):
        yield _make_facet_edit(
            path,
            "order of `required`",
            _format_schema_value(needed_before),
            _format_schema_value(needed),
        )


def _list_property(schema: Any, required: bool, path: Path, sign: Sign) -> Iterator[SchemaEdit]:
    """Return a property that is added or removed, and those inside it."""
    said = f"{describe_schema_values(schema)}, {_describe_requirement(required)}"
    sides = (None, said) if sign == "+" else (said, None)
    yield SchemaEdit(spell_path(path), sign, "", *sides)
    yield from _list_inner_properties(schema, path, sign)


def _list_inner_properties(schema: Any, path: Path, sign: Sign) -> Iterator[SchemaEdit]:
    if not isinstance(schema, Mapping) or len(path) > DEEPEST:
        return
    if isinstance(schema.get("items"), Mapping):
        yield from _list_inner_properties(schema["items"], (*path, None), sign)
    if _has_properties(schema):
        needed = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            yield from _list_property(inner, name in needed, (*path, name), sign)


def _has_properties(schema: Mapping[str, Any]) -> bool:
    """Whether the properties of a schema can be compared one by one."""
    needed = schema.get("required", [])
    return (
        isinstance(schema.get("properties", {}), Mapping)
        and isinstance(needed, list)
        and all(isinstance(name, str) for name in needed)
    )


def _make_facet_edit(path: Path, facet: str, before: str | None, after: str | None) -> SchemaEdit:
    return SchemaEdit(spell_path(path), "!", facet, before, after)


def _format_facet(schema: Mapping[str, Any], keyword: str) -> str | None:
    if keyword not in schema:
        return None
    return (
        spell_type(schema[keyword]) if keyword == "type" else _format_schema_value(schema[keyword])
    )


def _describe_requirement(required: bool) -> str:
    return "required" if required else "optional"


def _format_schema_value(value: Any) -> str:
    return make_printable(json.dumps(value, ensure_ascii=False))


def _cut_around_difference(before: str | None, after: str | None) -> tuple[str, str]:
    if before is None or after is None or max(len(before), len(after)) <= VALUE_WIDTH:
        start = 0
    else:
        pairs = enumerate(zip(before, after, strict=False))
        alike = next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))
        longest = max(len(before), len(after))
        start = max(0, min(alike - LEAD, longest - VALUE_WIDTH))
    return _cut_to_window(before, start), _cut_to_window(after, start)


def _cut_to_window(text: str | None, start: int) -> str:
    if text is None:
        return "none"
    end = start + VALUE_WIDTH
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


VALUE_WIDTH = 60

_PLAIN_NAME = re.compile(r"\$?\w+", re.ASCII)
_TYPE_NAMES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_SCHEMA_KEYWORDS: Mapping[str, type] = {
    "$ref": str,
    "properties": dict,
    "required": list,
    "enum": list,
    "anyOf": list,
    "oneOf": list,
    "allOf": list,
}
"""Keywords that identify a schema without `type`, with the Python type of their value."""


def is_schema(value: Any) -> bool:
    """Whether a schema field in normal form is JSON Schema.

    Otherwise it is in Cyberdesk's short notation, or in neither.
    """
    if value is None or isinstance(value, bool):
        return True
    if not isinstance(value, Mapping):
        return False
    declared = value.get("type")
    names = declared if isinstance(declared, list) else [declared]
    return (
        not value
        or any(isinstance(value.get(word), shape) for word, shape in _SCHEMA_KEYWORDS.items())
        or all(isinstance(name, str) and name in _TYPE_NAMES for name in names)
    )


def spell_path(path: Path) -> str:
    """Return a path as a caller writes it: `patient.dob`, `items[].code`, `["odd name"]`."""
    spelled = ""
    for segment in path:
        if segment is None:
            spelled += "[]"
        elif segment == OTHER_PROPERTIES or _PLAIN_NAME.fullmatch(segment):
            spelled += f".{segment}" if spelled else segment
        else:
            spelled += f"[{spell_value(segment)}]"
    return spelled


def spell_value(value: Any, width: int = VALUE_WIDTH) -> str:
    """Return a JSON value on one line, safe to print, cut to `width` characters."""
    text = _format_schema_value(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def join_alternatives(words: Sequence[str]) -> str:
    """`a`, `a or b`, or `a, b or c`; `nothing` for no words."""
    *first, last = words or ("nothing",)
    return f"{', '.join(first)} or {last}" if first else last


def spell_type(declared: Any) -> str:
    """Return the value of `type` in words, such as `string` or `string or null`."""
    if isinstance(declared, str):
        return make_printable(declared)
    if isinstance(declared, list) and declared and all(isinstance(name, str) for name in declared):
        return make_printable(join_alternatives(declared))
    return spell_value(declared)


def describe_schema_values(schema: Any) -> str:
    """Describe the values of a schema briefly: `array of string`, `string, one of ["a", "b"]`."""
    if not isinstance(schema, Mapping):
        return (
            {True: "anything", False: "nothing"}.get(schema, "schema")
            if isinstance(schema, bool)
            else "schema"
        )
    schema = without_choice(schema)
    said = spell_type(schema["type"]) if "type" in schema else "anything"
    items = schema.get("items")
    if schema.get("type") == "array" and isinstance(items, Mapping) and "type" in items:
        said += f" of {spell_type(items['type'])}"
    if isinstance(schema.get("format"), str):
        said += f" ({make_printable(schema['format'])})"
    if isinstance(schema.get("enum"), list):
        said += f", one of {spell_value(schema['enum'])}"
    if "const" in schema:
        said += f", always {spell_value(schema['const'])}"
    if "default" in schema:
        said += f", default {spell_value(schema['default'])}"
    return said
