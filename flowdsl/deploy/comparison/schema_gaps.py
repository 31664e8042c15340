"""The values that one JSON Schema accepts and another refuses. Pure.

The comparison is complete for the keywords that FlowDSL writes: when a value is valid by the schema
`given` and not by the schema `allowed`, a gap says so. Other keywords are compared as they are
written, so for them a gap may be reported that no value falls into. `format` counts as an
assertion. One thing is left out on purpose: a property that `given` does not declare is taken to be
absent, although an open object may have it with any value.

An example, with an enumeration that lost a value and a property that became required:

    given     {"properties": {"site": {"enum": ["north", "south"]}}}
    allowed   {"properties": {"site": {"enum": ["north"]}}, "required": ["site"]}
    gaps      `required` at `site`, and `values` at `site`: "south" is not allowed
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flowdsl.deploy.resources.policy import render_canonical_json
from flowdsl.source.refused_texts import read_refused

Segment = str | None
"""A step of a path: the name of a property, or None for every item of a list."""
Path = tuple[Segment, ...]

DEEPEST = 64
"""The number of levels compared keyword by keyword; deeper schemas are compared as a whole."""

OTHER_PROPERTIES = "*"
"""In a path, any property that is not declared by name."""

ANNOTATIONS = frozenset(
    [
        "$comment",
        "$id",
        "$schema",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    ]
)
"""Keywords that do not restrict values."""

_DROPPED_FREELY = frozenset(
    [
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "multipleOf",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
    ]
)
"""Keywords that only restrict values, each independently: a schema without one accepts more."""

_TYPES = frozenset(["null", "boolean", "integer", "fraction", "string", "array", "object"])
_INTEGER = "integer"
_FRACTION = "fraction"
"""A number that is not whole. The JSON Schema type `number` is this and `integer`."""


@dataclass(frozen=True, slots=True)
class SchemaGap:
    """A way in which a value of the schema `given` can fail the schema `allowed`.

    - `required`: a property must be there; `given` is whether the given schema declares it.
    - `undeclared`: the given schema does not declare a property that is declared and optional.
    - `unexpected`: a property may be there that is not allowed.
    - `other_properties`: properties without a declaration may be there that are not allowed.
    - `disjoint`, `type`: none, or not all, of the given types are allowed; both sides are names of
      types.
    - `values`: `given` are the values that are not allowed, None for any; `allowed` are those that
      are.
    - `texts`: texts with some characters are not allowed; `allowed` are the words for the others.
    - `bound`: a number or expression of `keyword`, None where there is none.
    - `unknown`: `keyword` differs, and what it means is not known here.
    """

    kind: Literal[
        "required",
        "undeclared",
        "unexpected",
        "other_properties",
        "disjoint",
        "type",
        "values",
        "texts",
        "bound",
        "unknown",
    ]
    path: Path
    keyword: str = ""
    given: Any = None
    allowed: Any = None


def find_gaps(given: Any, allowed: Any) -> Iterator[SchemaGap]:
    """Return every gap between two schemas.

    A schema that is neither an object nor a boolean equals only itself.
    """
    return _find_node_gaps(_normalise_node(given), _normalise_node(allowed), ())


_Node = Mapping[str, Any] | None
"""A schema as an object; None accepts nothing."""


def _normalise_node(schema: Any) -> _Node:
    if isinstance(schema, bool):
        return {} if schema else None
    return without_choice(schema) if isinstance(schema, Mapping) else {"not a schema": schema}


def without_choice(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an equivalent schema without an `anyOf` of some values and any other of their type.

    FlowDSL writes `"a" | "b" | string` like that, which accepts the same values as `string`.
    """
    choice = schema.get("anyOf")
    if "type" in schema or not isinstance(choice, list):
        return schema
    kinds: list[str] = []
    listed: set[str] = set()
    for each in choice:
        kind = each.get("type") if isinstance(each, Mapping) else None
        if not isinstance(kind, str) or each.keys() - ANNOTATIONS - {"type", "enum"}:
            return schema
        if "enum" in each:
            listed.add(kind)
        else:
            kinds.append(kind)
    if not listed <= set(kinds):
        return schema
    rest = {keyword: value for keyword, value in schema.items() if keyword != "anyOf"}
    return {**rest, "type": kinds}


def _find_node_gaps(given: _Node, allowed: _Node, path: Path) -> Iterator[SchemaGap]:
    if given is None:
        return
    if allowed is None:
        yield SchemaGap("unexpected", path)
        return
    if allowed.keys() <= ANNOTATIONS:
        return
    if len(path) > DEEPEST:
        if render_canonical_json(given) != render_canonical_json(allowed):
            yield SchemaGap("unknown", path, "schema")
        return
    types, values = _collect_types(given), _list_possible_values(given)
    if values is not None:
        values = [value for value in values if _type_of(value) in types]
        types = frozenset(_type_of(value) for value in values)
    wanted = _collect_types(allowed)
    if not types:
        return
    if not types & wanted:
        yield SchemaGap("disjoint", path, "type", type_names(types), type_names(wanted))
        return
    if types - wanted:
        yield SchemaGap("type", path, "type", type_names(types - wanted), type_names(wanted))
    types &= wanted
    if values is not None:
        values = [value for value in values if _type_of(value) in types]
    yield from _value_gaps(types, values, allowed, path)
    yield from _find_bound_gaps(types, values, given, allowed, path)
    if "array" in types and _read_keyword(given, "maxItems") != 0:
        items, items_allowed = (
            _normalise_node(schema.get("items", True)) for schema in (given, allowed)
        )
        yield from _find_node_gaps(items, items_allowed, (*path, None))
    if "object" in types:
        yield from _object_gaps(given, allowed, path)
    yield from _unknown_gaps(given, allowed, path)


def _value_gaps(
    types: frozenset[str], values: list[Any] | None, allowed: Mapping[str, Any], path: Path
) -> Iterator[SchemaGap]:
    listed = _list_possible_values(allowed)
    if listed is None:
        return
    if values is None and types <= {"null", "boolean"}:
        values = [value for value in (None, False, True) if _type_of(value) in types]
    if values is None:
        yield SchemaGap("values", path, "enum", None, listed)
        return
    known = {render_canonical_json(value) for value in listed}
    if refused := [value for value in values if render_canonical_json(value) not in known]:
        yield SchemaGap("values", path, "enum", refused, listed)


def _find_bound_gaps(
    types: frozenset[str],
    values: list[Any] | None,
    given: Mapping[str, Any],
    allowed: Mapping[str, Any],
    path: Path,
) -> Iterator[SchemaGap]:
    """Return gaps in bounds of numbers and sizes, and in the patterns that a string must match.

    If `values` are listed, their sizes are known exactly.
    """
    if types & {_INTEGER, _FRACTION}:
        whole = _FRACTION not in types
        numbers = None if values is None else [value for value in values if _is_number(value)]
        for sign, inclusive, exclusive in (
            (1, "minimum", "exclusiveMinimum"),
            (-1, "maximum", "exclusiveMaximum"),
        ):
            there = _lower_limit(given, sign, inclusive, exclusive, whole)
            if numbers:
                there = max(there, (min(sign * number for number in numbers), False))
            wanted = _lower_limit(allowed, sign, inclusive, exclusive, whole)
            if there < wanted:
                only_exclusive = exclusive in allowed and inclusive not in allowed
                keyword = exclusive if only_exclusive else inclusive
                limits = (None if math.isinf(at) else sign * at for at, _ in (there, wanted))
                yield SchemaGap("bound", path, keyword, *limits)
        step = _read_keyword(allowed, "multipleOf")
        if step is not None and _read_keyword(given, "multipleOf") != step:
            yield _make_bound_gap("multipleOf", given, allowed, path)
    for kind, least, most in (
        ("string", "minLength", "maxLength"),
        ("array", "minItems", "maxItems"),
    ):
        if kind in types:
            sizes = [len(value) for value in values or () if _type_of(value) == kind]
            low = max(_read_keyword(given, least) or 0, min(sizes, default=0))
            high = min(_size_limit(given, most), max(sizes, default=math.inf))
            if low < (_read_keyword(allowed, least) or 0):
                yield _make_bound_gap(least, given, allowed, path)
            if high > _size_limit(allowed, most):
                yield _make_bound_gap(most, given, allowed, path)
    if "string" in types:
        for keyword in ("pattern", "format"):
            wanted_form = _read_keyword(allowed, keyword)
            if wanted_form is not None and _read_keyword(given, keyword) != wanted_form:
                yield _make_bound_gap(keyword, given, allowed, path)
        if (refused := read_refused(allowed.get("not"))) is not None:
            before = read_refused(given.get("not"))
            if before is None or before.combine_with(refused) != before:
                yield SchemaGap("texts", path, "not", None, refused.takes())


def _object_gaps(
    given: Mapping[str, Any], allowed: Mapping[str, Any], path: Path
) -> Iterator[SchemaGap]:
    declared: Mapping[str, Any] = _read_keyword(given, "properties") or {}
    wanted: Mapping[str, Any] = _read_keyword(allowed, "properties") or {}
    always = dict.fromkeys(_read_keyword(given, "required") or ())
    needed = dict.fromkeys(_read_keyword(allowed, "required") or ())
    others, other_wanted = _other_properties(given), _other_properties(allowed)
    for name in needed:
        if name not in always:
            yield SchemaGap("required", (*path, name), "required", name in declared)
    for name, schema in wanted.items():
        inner = (*path, name)
        if name in declared:
            yield from _find_node_gaps(
                _normalise_node(declared[name]), _normalise_node(schema), inner
            )
        elif name in always or others:
            yield from _find_node_gaps(others, _normalise_node(schema), inner)
        elif name not in needed:
            yield SchemaGap("undeclared", inner)
    for name, schema in declared.items():
        if name not in wanted:
            yield from _find_node_gaps(_normalise_node(schema), other_wanted, (*path, name))
    if others is not None and other_wanted is None:
        yield SchemaGap("other_properties", path, "additionalProperties")
    else:
        yield from _find_node_gaps(others, other_wanted, (*path, OTHER_PROPERTIES))


def _other_properties(schema: Mapping[str, Any]) -> _Node:
    """Return the schema of properties that are not declared."""
    return _normalise_node(
        schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    )


def _unknown_gaps(
    given: Mapping[str, Any], allowed: Mapping[str, Any], path: Path
) -> Iterator[SchemaGap]:
    for keyword in sorted(given.keys() | allowed.keys()):
        if keyword in ANNOTATIONS or keyword == "unevaluatedProperties":
            continue
        if all(_is_understood(schema, keyword) for schema in (given, allowed)):
            continue
        if keyword in _DROPPED_FREELY and keyword not in allowed:
            continue
        if keyword == "not" and read_refused(allowed[keyword]) is not None:
            continue
        if render_canonical_json(given.get(keyword)) != render_canonical_json(allowed.get(keyword)):
            yield SchemaGap("unknown", path, keyword, given.get(keyword), allowed.get(keyword))


def _make_bound_gap(
    keyword: str, given: Mapping[str, Any], allowed: Mapping[str, Any], path: Path
) -> SchemaGap:
    return SchemaGap("bound", path, keyword, given.get(keyword), allowed.get(keyword))


def _lower_limit(
    schema: Mapping[str, Any], sign: int, inclusive: str, exclusive: str, whole: bool
) -> tuple[float, bool]:
    """Return the lower limit of `sign` times the number, and whether it is excluded.

    The greater of two limits is the tighter one; with `sign` -1, upper limits become lower ones.
    """
    limits: list[tuple[float, bool]] = [(-math.inf, False)]
    for keyword, excluded in ((inclusive, False), (exclusive, True)):
        if (limit := _read_keyword(schema, keyword)) is not None:
            value = sign * limit
            if whole:
                value, excluded = (math.floor(value) + 1 if excluded else math.ceil(value)), False
            limits.append((value, excluded))
    return max(limits)


def _size_limit(schema: Mapping[str, Any], keyword: str) -> float:
    size = _read_keyword(schema, keyword)
    return math.inf if size is None else float(size)


def _list_possible_values(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that `enum` and `const` allow; None if the schema has neither."""
    listed: Sequence[Any] | None = _read_keyword(schema, "enum")
    if "const" not in schema:
        return None if listed is None else list(listed)
    only = schema["const"]
    held = listed is None or render_canonical_json(only) in {
        render_canonical_json(value) for value in listed
    }
    return [only] if held else []


def _collect_types(schema: Mapping[str, Any]) -> frozenset[str]:
    declared = _read_keyword(schema, "type")
    if declared is None:
        return _TYPES
    names = {declared} if isinstance(declared, str) else set(declared)
    if "number" in names:
        names = names - {"number"} | {_INTEGER, _FRACTION}
    return frozenset(names)


def type_names(types: frozenset[str]) -> tuple[str, ...]:
    """Return the JSON Schema names of types, sorted; `any` for all of them."""
    if types == _TYPES:
        return ("any",)
    numbers = {_INTEGER, _FRACTION}
    return tuple(sorted(types - numbers | {"number"} if _FRACTION in types else types))


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return _INTEGER
        case float():
            return _INTEGER if value.is_integer() else _FRACTION
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def _is_number(value: Any) -> bool:
    """Whether `value` is a number that a float can represent, so that limits can be compared."""
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def _is_size(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_schema(value: Any) -> bool:
    return isinstance(value, bool | Mapping)


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda value: _is_text(value) or _are_texts(value),
    "enum": lambda value: isinstance(value, list | tuple),
    "const": lambda value: True,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": _is_number,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_size),
    **dict.fromkeys(("pattern", "format"), _is_text),
    **dict.fromkeys(("items", "additionalProperties"), _is_schema),
    "properties": lambda value: isinstance(value, Mapping),
    "required": _are_texts,
}
"""The supported keywords, each with a check that its value has the expected form."""


def _is_understood(schema: Mapping[str, Any], keyword: str) -> bool:
    shape = _SHAPES.get(keyword)
    return shape is not None and (keyword not in schema or shape(schema[keyword]))


def _read_keyword(schema: Mapping[str, Any], keyword: str) -> Any:
    """Return the value of a keyword if it is present and has the expected form; otherwise None."""
    return schema[keyword] if keyword in schema and _is_understood(schema, keyword) else None
