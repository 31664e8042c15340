"""Reads the schema of a field: the type and the annotations that say most of it."""

from __future__ import annotations

from typing import Any

from flowdsl.codegen.json_schema import SCALARS
from flowdsl.ir import nodes

from .writing.type_names import ANNOTATIONS, Unspeakable, doc_lines

Schema = dict[str, Any]

ANY = nodes.ScalarType(name="any")
_SCALAR_OF = {
    (schema["type"], schema.get("format")): nodes.ScalarType(name=name)
    for name, schema in reversed(SCALARS.items())
    if schema
}
"""The scalar type of a schema, by its `type` and `format`.

Of several scalars with equal schemas, the first in `SCALARS`.
"""

_MAX_DEPTH = 60
"""The maximum nesting depth of types; less than what the parser accepts."""

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


class FieldReader:
    """Reads the schema of one field; `root` has the definitions."""

    def __init__(self, root: Schema, level: int, *, is_output: bool) -> None:
        self._root = root
        self._level = level
        self._is_output = is_output
        self._followed: list[str] = []

    def field(
        self, name: str, written: Any, *, required: bool, depth: int = _MAX_DEPTH
    ) -> nodes.FieldSpec:
        """Return a field with as much of its schema as types and annotations say."""
        followed = len(self._followed)
        schema = self._resolve(written)
        type_ = ANY if self._level == NO_TYPES else self._type(schema, depth)
        del self._followed[followed:]
        at_root = depth == _MAX_DEPTH
        has_default = (
            self._level < NO_DEFAULTS
            and "default" in schema
            and required == self._is_required_with(schema["default"], at_root=at_root)
        )
        absent = False
        if not required and not has_default:
            inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
            if self._is_output and at_root:
                absent = True
            elif not isinstance(type_, nodes.OptionalType):
                absent = type_ != ANY
            type_ = nodes.OptionalType(inner=inner)
        description = schema.get("description")
        return nodes.FieldSpec(
            name=name,
            type=type_,
            constraints=self._collect_constraints(schema, type_),
            has_default=has_default,
            default=_normalise_numbers(schema["default"]) if has_default else None,
            description=description if _is_doc(description) else None,
            absent=absent,
        )

    def _is_required_with(self, default: Any, *, at_root: bool) -> bool:
        """Whether a field with a default is required in the schema of a declaration."""
        return at_root if self._is_output else default is not None

    def _collect_constraints(self, schema: Schema, type_: nodes.Type) -> Schema:
        """Return the keywords of a schema that annotations of a field of its type can set."""
        allowed: set[str] = set()
        if self._level < NO_BOUNDS and _holds_bounds(type_):
            is_open = isinstance(nodes.strip_optional(type_), nodes.EnumType)
            kind = "string" if is_open else self._kind_of(schema)[0]
            known = not is_open and (kind, schema.get("format")) in _SCALAR_OF
            allowed = {
                each
                for each in _BOUNDS.get(str(kind), ())
                if _is_bound(each, schema.get(each)) and not (each == "format" and known)
            }
        if self._level < NO_DEFAULTS:
            if isinstance(schema.get("examples"), list) and schema["examples"]:
                allowed.add("examples")
            if schema.get("deprecated") is True:
                allowed.add("deprecated")
        return {each: _normalise_numbers(schema[each]) for each in ANNOTATIONS if each in allowed}

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
        constants = [each.get("const") for each in others]
        if len(others) == 1 and len(listed) == len(schema[keyword]):
            found = self._resolve(others[0]) | rest
        elif others and all(isinstance(each, str) for each in constants):
            found = rest | {"type": "string", "enum": constants}
        else:
            return None
        return found | {"nullable": True} if len(listed) > len(others) else found

    def _type(self, schema: Schema, depth: int) -> nodes.Type:
        """Return the type that says most of a schema; `any` where none does."""
        if not depth or not schema.keys().isdisjoint(("anyOf", "oneOf", "$ref")):
            return _read_open_enum(schema)
        kind, nullable = self._kind_of(schema)
        inside = depth - 1 - nullable
        type_: nodes.Type
        if kind == "object" and isinstance(schema.get("properties"), dict):
            fields = [
                self.field(name, each, required=required, depth=inside)
                for name, each, required in list_properties(schema)
            ]
            type_ = nodes.RecordType(fields=tuple(fields))
        elif kind == "array":
            followed = len(self._followed)
            element = self._type(self._resolve(schema.get("items")), inside)
            del self._followed[followed:]
            type_ = nodes.ListType(element=element)
        elif kind is None or (kind, None) not in _SCALAR_OF:
            return ANY
        elif values := _values_of(schema, kind):
            type_ = nodes.EnumType(values=tuple(values))
        else:
            format_ = schema.get("format") if isinstance(schema.get("format"), str) else None
            type_ = _SCALAR_OF.get((kind, format_)) or _SCALAR_OF[kind, None]
        return nodes.OptionalType(inner=type_) if nullable else type_

    def _kind_of(self, schema: Schema) -> tuple[str | None, bool]:
        """Return the one type of a schema, and whether its values may be null."""
        kind = schema.get("type")
        nullable = schema.get("nullable") is True
        if isinstance(kind, list):
            kinds = [each for each in kind if each != "null"]
            kinds = ["number"] if set(map(str, kinds)) == {"integer", "number"} else kinds
            nullable = nullable or len(kinds) < len(kind)
            kind = kinds[0] if len(kinds) == 1 else "several"
        if kind is None and _values_of(schema, "string"):
            kind = "string"
        if kind is None:
            kind = next((_HINTS[each] for each in _HINTS if each in schema), None)
        return kind if isinstance(kind, str) else None, nullable


def list_properties(schema: Schema) -> list[tuple[str, Any, bool]]:
    """Return the properties of an object: name, schema, and whether it is required.

    Required properties are sorted as in `required`, and take the positions that required ones have
    in `properties`: inputs those of inputs and secrets those of secrets, which have sections of
    their own in source.
    """
    properties, listed = schema["properties"], schema.get("required")
    named = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    required = [each for each in dict.fromkeys(named) if each in properties]
    ordered = {
        is_secret: iter([each for each in required if each.startswith("$") == is_secret])
        for is_secret in (False, True)
    }
    names = [
        next(ordered[name.startswith("$")]) if name in required else name for name in properties
    ]
    return [(name, properties[name], name in required) for name in names]


def _read_open_enum(schema: Schema) -> nodes.Type:
    """Return the type of `anyOf` of listed texts and any other text; `any` for another choice."""
    choice = schema.get("anyOf")
    if not isinstance(choice, list) or choice[1:2] != [SCALARS["string"]]:
        return ANY
    first = choice[0] if isinstance(choice[0], dict) else {}
    values = _values_of(first, "string")
    if not values or choice[2:] not in ([], [{"type": "null"}]):
        return ANY
    enum = nodes.EnumType(values=tuple(values), open=True)
    return nodes.OptionalType(inner=enum) if choice[2:] else enum


def _values_of(schema: Schema, kind: str) -> list[Any]:
    """Return the values of an enum of texts or whole numbers, without null."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    wanted = {"string": str, "integer": int}.get(kind)
    if not isinstance(values, list) or wanted is None:
        return []
    found = [_normalise_numbers(each) for each in values if each is not None]
    return list(dict.fromkeys(found)) if all(type(each) is wanted for each in found) else []


def _holds_bounds(type_: nodes.Type) -> bool:
    inner = nodes.strip_optional(type_)
    if isinstance(inner, nodes.EnumType):
        return inner.open
    return inner != ANY and isinstance(inner, nodes.ScalarType | nodes.ListType)


def _is_doc(description: Any) -> bool:
    try:
        return isinstance(description, str) and bool(doc_lines(description))
    except Unspeakable:
        return False


def _is_bound(keyword: str, value: Any) -> bool:
    wanted = str if keyword in ("pattern", "format") else int | float
    return isinstance(value, wanted) and not isinstance(value, bool)


def _normalise_numbers(value: Any, depth: int = _MAX_DEPTH) -> Any:
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
