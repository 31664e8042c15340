"""Makes up values that a schema accepts, from the schema and from what is known of the run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any
from zlib import crc32

from pydantic import JsonValue

from flowdsl.emulator.simulation.schemas import Schema, is_valid_for
from flowdsl.emulator.simulation.variables import Path
from flowdsl.source.matching_text import matching_text

MAX_ITEMS = 200
MAX_TEXT = 20_000
_MAX_DEPTH = 12
_FULL_DEPTH = 6
"""Below this depth only required values are made, so that recursive schemas stay small."""
_MAX_VALUES = 20_000
_LIST_LENGTH = 2

_FORMATS = {
    "date": "2026-{month:02}-{day:02}",
    "date-time": "2026-{month:02}-{day:02}T{hour:02}:30:00Z",
    "time": "{hour:02}:30:00Z",
    "email": "{word}{number}@example.test",
    "idn-email": "{word}{number}@example.test",
    "uri": "https://{word}{number}.example.test/",
    "uri-reference": "https://{word}{number}.example.test/",
    "hostname": "{word}{number}.example.test",
    "ipv4": "192.0.2.{day}",
    "ipv6": "2001:db8::{day}",
    "uuid": "00000000-0000-4000-8000-{number:012}",
    "duration": "PT{day}M",
}

Known = Callable[[Path], JsonValue]
"""Returns the known value at a path; None if there is none."""


class _NoValue(Exception):
    """No value can be made up for a schema."""


def nothing_known(_path: Path) -> JsonValue:
    """Return no known value, so that values are made up from the schema alone."""
    return None


def sample_value(schema: object, seed: str, known: Known = nothing_known) -> tuple[bool, JsonValue]:
    """Return whether a value could be made, and the value, which `schema` accepts.

    Deterministic. A known value that the schema accepts is used unchanged.
    """
    if schema is True or schema == {}:
        schema = {}
    if not isinstance(schema, dict):
        return False, None
    maker = _Maker(schema, seed, known)
    try:
        value = maker.make(schema, (), 0)
    except (_NoValue, RecursionError):
        return False, None
    return (True, value) if is_valid_for(schema, value) else (False, None)


def text_for(name: str, seed: str) -> str:
    """Return a text that names its field, such as `Patient name 303`."""
    return f"{name.replace('_', ' ')} {_hash_text(seed) % 1000}".capitalize()


class _Maker:
    def __init__(self, root: Schema, seed: str, known: Known) -> None:
        self._root = root
        self._seed = seed
        self._known = known
        self._made = 0

    def make(self, schema: object, path: Path, depth: int) -> JsonValue:
        if schema is True:
            schema = {}
        self._made += 1
        if not isinstance(schema, dict) or depth > _MAX_DEPTH or self._made > _MAX_VALUES:
            raise _NoValue
        schema = self._flatten_schema(schema, depth)
        for value in self._offered(schema, path):
            if value is not None and self._is_valid_in_schema(schema, value):
                return value
        if "const" in schema:
            constant: JsonValue = schema["const"]
            return constant
        if "enum" in schema:
            return self._make_member(schema)
        for branches in (schema.get("anyOf"), schema.get("oneOf")):
            if branches:
                return self._make_branch(schema, branches, path, depth)
        kinds = _types_to_try(schema)
        for kind in kinds:
            try:
                value = self._of_kind(kind, schema, path, depth)
            except _NoValue:
                continue
            return value
        raise _NoValue

    def _offered(self, schema: Schema, path: Path) -> Sequence[JsonValue]:
        examples = schema.get("examples")
        first = examples[0] if isinstance(examples, list) and examples else None
        return (self._known(path), schema.get("default"), first)

    def _make_member(self, schema: Schema) -> JsonValue:
        members: list[JsonValue] = schema["enum"]
        for member in sorted(members, key=lambda member: member is None):
            if self._is_valid_in_schema(schema, member):
                return member
        raise _NoValue

    def _make_branch(
        self, schema: Schema, branches: Sequence[object], path: Path, depth: int
    ) -> JsonValue:
        rest = {name: rule for name, rule in schema.items() if name not in ("anyOf", "oneOf")}
        nullable = sorted(branches, key=lambda branch: branch == {"type": "null"})
        for branch in nullable:
            try:
                value = self.make(_merge_schemas(rest, branch), path, depth + 1)
            except _NoValue:
                continue
            if self._is_valid_in_schema(schema, value):
                return value
        raise _NoValue

    def _of_kind(self, kind: str, schema: Schema, path: Path, depth: int) -> JsonValue:
        match kind:
            case "string":
                return self._text(schema, path)
            case "integer":
                return self._make_whole_number(schema, path)
            case "number":
                return self._make_decimal(schema, path)
            case "boolean":
                return True
            case "array":
                return self._make_list(schema, path, depth)
            case "object":
                return self._make_object(schema, path, depth)
            case "null":
                return None
            case _:
                raise _NoValue

    def _text(self, schema: Schema, path: Path) -> str:
        low, high = _read_count(schema, "minLength", 0), _read_count(schema, "maxLength", MAX_TEXT)
        if low > MAX_TEXT:
            raise _NoValue
        if "pattern" in schema:
            text = matching_text(str(schema["pattern"]), at_least=low)
            if text is None:
                raise _NoValue
            return text
        number = self._number(path)
        template = _FORMATS.get(str(schema.get("format")))
        if template is not None:
            return template.format(
                month=number % 12 + 1,
                day=number % 28 + 1,
                hour=number % 24,
                number=number % 1000,
                word=re.sub("[^a-z]+", "-", _innermost_name(path).lower()).strip("-") or "value",
            )
        text = text_for(_innermost_name(path), f"{self._seed}/{path}")
        return text.ljust(low, ".")[:high]

    def _make_whole_number(self, schema: Schema, path: Path) -> int:
        value = self._make_multiple(schema, path, Fraction(1))
        return int(value)

    def _make_decimal(self, schema: Schema, path: Path) -> JsonValue:
        value = self._make_multiple(schema, path, Fraction(1, 100))
        return int(value) if value.denominator == 1 else float(value)

    def _make_multiple(self, schema: Schema, path: Path, step: Fraction) -> Fraction:
        """Return a number within the bounds, a multiple of `multipleOf` or else of `step`."""
        if "multipleOf" in schema:
            wanted = _exact_fraction(schema["multipleOf"])
            # The smallest integer multiple of a fraction in lowest terms is its numerator.
            step = wanted if step < 1 else Fraction(wanted.numerator)
        low = _find_bound(schema, "minimum", "exclusiveMinimum", step, up=True)
        high = _find_bound(schema, "maximum", "exclusiveMaximum", step, up=False)
        wish = Fraction(self._number(path) % 9_000 + 1_000, 100 if step < 1 else 1)
        wish = wish if step < 1 else Fraction(int(wish) % 90 + 10)
        if low is not None:
            wish = max(wish, low)
        if high is not None:
            wish = min(wish, high)
        value = math.floor(wish / step) * step
        if low is not None and value < low:
            value = math.ceil(low / step) * step
        if high is not None and value > high:
            # The bounds contain no such multiple; a number may still be a finer one.
            if "multipleOf" in schema or step >= 1 or low is None:
                raise _NoValue
            return (low + high) / 2
        return value

    def _make_list(self, schema: Schema, path: Path, depth: int) -> JsonValue:
        low = _read_count(schema, "minItems", 0)
        high = _read_count(schema, "maxItems", MAX_ITEMS)
        prefix = schema.get("prefixItems") or []
        items = schema.get("items", True)
        usual = _LIST_LENGTH if depth < _FULL_DEPTH else 0
        wanted = min(max(low, len(prefix), usual), high, MAX_ITEMS)
        if low > MAX_ITEMS:
            raise _NoValue
        entries: list[JsonValue] = []
        for index in range(wanted):
            rule = prefix[index] if index < len(prefix) else items
            if "contains" in schema and index == len(prefix):
                rule = _merge_schemas({} if rule is True else rule, schema["contains"])
            try:
                entry = self.make(rule, (*path, index), depth + 1)
            except _NoValue:
                break
            if schema.get("uniqueItems") and any(_is_same_json(entry, other) for other in entries):
                break
            entries.append(entry)
        if len(entries) < low:
            raise _NoValue
        return entries

    def _make_object(self, schema: Schema, path: Path, depth: int) -> JsonValue:
        properties = schema.get("properties")
        rules: dict[str, object] = dict(properties) if isinstance(properties, dict) else {}
        required = [name for name in schema.get("required", ()) if isinstance(name, str)]
        value: dict[str, JsonValue] = {}
        names = [*rules, *required] if depth < _FULL_DEPTH else required
        for name in dict.fromkeys(names):
            rule = rules.get(name, self._extra_rule(schema, name))
            try:
                value[name] = self.make(rule, (*path, name), depth + 1)
            except _NoValue:
                if name in required:
                    raise
        number = 0
        while len(value) < _read_count(schema, "minProperties", 0):
            number += 1
            if number > MAX_ITEMS:
                raise _NoValue
            name = f"field_{number}"
            value.setdefault(
                name, self.make(self._extra_rule(schema, name), (*path, name), depth + 1)
            )
        return value

    def _extra_rule(self, schema: Schema, name: str) -> object:
        for pattern, rule in (schema.get("patternProperties") or {}).items():
            # The whole value is validated at the end, which detects a wrong guess.
            if pattern.strip("^$.*") in name:
                found: object = rule
                return found
        extra: object = schema.get("additionalProperties", True)
        return extra

    def _flatten_schema(self, schema: Schema, depth: int) -> Schema:
        """Resolve the references of a schema and merge its `allOf` into it."""
        for _ in range(_MAX_DEPTH):
            if "$ref" in schema:
                rest = {name: rule for name, rule in schema.items() if name != "$ref"}
                schema = _merge_schemas(self._resolve_reference(schema["$ref"]), rest)
            elif "allOf" in schema:
                parts = schema["allOf"]
                schema = {name: rule for name, rule in schema.items() if name != "allOf"}
                for part in parts:
                    schema = _merge_schemas(schema, part)
            else:
                return schema
        raise _NoValue

    def _resolve_reference(self, reference: object) -> Schema:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise _NoValue
        found: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise _NoValue
            found = found[name]
        if not isinstance(found, dict):
            raise _NoValue
        return found

    def _is_valid_in_schema(self, schema: Schema, value: JsonValue) -> bool:
        """Whether the subschema accepts `value`, with references resolved in the whole schema."""
        definitions: Schema = {
            name: self._root[name] for name in ("$defs", "definitions") if name in self._root
        }
        return is_valid_for({**definitions, **schema}, value)

    def _number(self, path: Path) -> int:
        return _hash_text(f"{self._seed}/{path}")


def _hash_text(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _innermost_name(path: Path) -> str:
    """Return the innermost name of the path."""
    return next((part for part in reversed(path) if isinstance(part, str)), "value")


def _types_to_try(schema: Mapping[str, object]) -> list[str]:
    """Return the types to try, null last; without `type`, guessed from the other keywords."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list):
        return sorted(map(str, kind), key=lambda name: name == "null")
    if schema.keys() & {"properties", "required", "additionalProperties", "minProperties"}:
        return ["object"]
    if schema.keys() & {"items", "prefixItems", "minItems", "contains"}:
        return ["array"]
    if schema.keys() & {"minimum", "maximum", "multipleOf", "exclusiveMinimum"}:
        return ["number"]
    return ["string"]


def _merge_schemas(first: object, second: object) -> Schema:
    """Merge two schemas into one that requires both, as far as their keywords can be combined."""
    if second is True:
        second = {}
    if first is True:
        first = {}
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise _NoValue
    result = {**first, **second}
    for name in first.keys() & second.keys():
        mine, other = first[name], second[name]
        if name == "properties" and isinstance(mine, dict) and isinstance(other, dict):
            both = mine.keys() & other.keys()
            result[name] = {**mine, **other} | {
                key: _merge_schemas(mine[key], other[key]) for key in both
            }
        elif name == "required":
            result[name] = list(dict.fromkeys([*mine, *other]))
        elif name in ("minimum", "minLength", "minItems", "exclusiveMinimum", "minProperties"):
            result[name] = max(mine, other)
        elif name in ("maximum", "maxLength", "maxItems", "exclusiveMaximum", "maxProperties"):
            result[name] = min(mine, other)
        elif name == "enum":
            result[name] = [
                value for value in mine if any(_is_same_json(value, item) for item in other)
            ]
    return result


def _find_bound(
    schema: Mapping[str, Any], inclusive: str, exclusive: str, step: Fraction, *, up: bool
) -> Fraction | None:
    bounds = []
    if inclusive in schema:
        bounds.append(_exact_fraction(schema[inclusive]))
    if exclusive in schema:
        # One step inside; if the other bound is nearer than that, the final validation fails.
        bounds.append(_exact_fraction(schema[exclusive]) + (step if up else -step))
    if not bounds:
        return None
    return max(bounds) if up else min(bounds)


def _exact_fraction(number: int | float) -> Fraction:
    # Converted by its digits: 0.1 is a tenth here, not the nearest binary fraction.
    return Fraction(str(number))


def _read_count(schema: Mapping[str, Any], name: str, otherwise: int) -> int:
    # An integer, though JSON may write it as `2.0`.
    return int(schema.get(name, otherwise))


def _is_same_json(first: JsonValue, second: JsonValue) -> bool:
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
