"""Fields and types as source text, and the names that they get.

Raises `Unspeakable` for what source cannot express; the fields that `fields` returns can always be
expressed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import cache
from typing import assert_never

from flowdsl.format.literals import (
    is_name,
    plain_literal,
    raw_literal,
    unspeakable_pattern,
    value_literal,
)
from flowdsl.ir import nodes
from flowdsl.semantics.model import RESERVED

ANNOTATIONS = {
    "minimum": "min",
    "maximum": "max",
    "pattern": "pattern",
    "format": "format",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
    "examples": "example",
    "deprecated": "deprecated",
}
"""The annotation for each keyword of a schema that has one."""


class Unspeakable(ValueError):
    """Raised for something that source cannot express; its text says what."""


# Names of fields


def source_name(wire_name: str, taken: Container[str]) -> str:
    """Return the source name for a wire name: the same if it is a free name of the language."""
    name = wire_name
    if not is_name(name):
        name = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "field"
        if name[0].isdigit():
            name = f"field_{name}"
    if name in RESERVED:
        name = f"{name}_value"
    return first_free_name(name, taken, "_")


def source_names(fields: Iterable[nodes.FieldSpec], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the source names of the fields of one section or record, by wire name.

    None of them is in `taken`, and no field gets a name that is the wire name of another.
    """
    wire_names = [field.name for field in fields]
    used = set(taken)
    names: dict[str, str] = {}
    for name in wire_names:
        if is_name(name) and name not in RESERVED and name not in used:
            names[name] = name
    used.update(wire_names)
    for name in wire_names:
        if name not in names:
            names[name] = source_name(name, used)
            used.add(names[name])
    return names


def first_free_name(name: str, taken: Container[str], joint: str) -> str:
    """Return the name, or the name with the first number that makes it free."""
    if name not in taken:
        return name
    number = 2
    while f"{name}{joint}{number}" in taken:
        number += 1
    return f"{name}{joint}{number}"


# Fields


def field_text(
    field: nodes.FieldSpec,
    types: TypeNames,
    *,
    name: str | None = None,
    untrusted: bool = False,
    day: str | None = None,
) -> str:
    """Return the lines that declare a field.

    `name` is its name in source, if `source_name` alone does not give it. `day` is the source of a
    date as its default.
    """
    name = source_name(field.name, ()) if name is None else name
    lines = [] if field.description is None else doc_lines(field.description)
    if field.absent and isinstance(field.type, nodes.OptionalType):
        declared = f"{name}?: {types.type_text(field.type.inner)}"
    else:
        declared = f"{name}: {types.type_text(field.type)}"
    if field.has_default:
        declared += f" = {_require_literal(value_literal(field.default), 'default', field)}"
    elif day is not None:
        declared += f" = {day}"
    return "\n".join((*lines, declared + "".join(_write_annotations(field, name, untrusted))))


def _write_annotations(field: nodes.FieldSpec, name: str, untrusted: bool) -> Iterator[str]:
    for keyword, value in field.constraints.items():
        annotation = ANNOTATIONS.get(keyword)
        if annotation is None:
            raise Unspeakable(f"`{field.name}` has `{keyword}`")
        if keyword == "deprecated":
            yield " @deprecated"
            continue
        for argument in value if keyword == "examples" else (value,):
            raw = raw_literal(argument) if keyword == "pattern" else None
            yield (
                " "
                f"@{annotation}({raw or _require_literal(value_literal(argument), keyword, field)})"
            )
    if untrusted:
        yield " @untrusted"
    if name != field.name:
        yield f" @wire({_require_literal(value_literal(field.name), 'name', field)})"


def _require_literal(literal: str | None, what: str, field: nodes.FieldSpec) -> str:
    if literal is None:
        raise Unspeakable(f"the {what} of `{field.name}` has no literal")
    return literal


def doc_lines(description: str) -> list[str]:
    """Return the doc comment for a description, without indent; raises `Unspeakable`."""
    lines = description.split("\n")
    stripped = all(line == line.strip() and not _directive_pattern().match(line) for line in lines)
    if not description or not stripped or unspeakable_pattern().search(description):
        raise Unspeakable("a description is not what a doc comment would give")
    return [f"## {line}" if line else "##" for line in lines]


@cache
def _directive_pattern() -> re.Pattern[str]:
    """Return the pattern of a comment that is a directive to FlowDSL."""
    return re.compile(r"#*\s*(?:flow:\s*ignore|fmt:\s*(?:on|off|skip))\b")


# Types


class TypeNames:
    """The types that a file declares: one for each record, and one for each shared enum.

    A type is named after the first field that has it. `taken` are names with another use in the
    file, and `spelled` are types that already have a spelling in the file.
    """

    def __init__(
        self,
        *groups: Iterable[nodes.FieldSpec],
        taken: Iterable[str] = (),
        spelled: Iterable[tuple[nodes.Type, str]] = (),
    ) -> None:
        self._taken = set(taken)
        self._spelled = {repr(type_): text for type_, text in spelled}
        self._names: dict[str, str] = {}
        self._types: dict[str, nodes.RecordType | nodes.EnumType] = {}
        self._order: list[str] = []
        self._enums: dict[str, list[tuple[str, ...]]] = {}
        for group in groups:
            self._visit_fields(group, None)
        for key, uses in self._enums.items():
            shared = _find_shared_words(uses)
            if len(uses) > 1 and shared:
                self._name(key, shared, None)
                self._order.insert(0, key)

    def _visit_fields(self, fields: Iterable[nodes.FieldSpec], parent: str | None) -> None:
        for field in fields:
            self._visit_type(field.type, _split_wire_name(field.name), parent)

    def _visit_type(self, type_: nodes.Type, words: tuple[str, ...], parent: str | None) -> None:
        match type_:
            case nodes.ListType(element=element):
                self._visit_type(element, (*words[:-1], _singular_noun(words[-1])), parent)
            case nodes.OptionalType(inner=inner):
                self._visit_type(inner, words, parent)
            case nodes.EnumType():
                key = repr(type_)
                self._types[key] = type_
                self._enums.setdefault(key, []).append(words)
            case nodes.RecordType(fields=fields):
                key = repr(type_)
                if key not in self._types:
                    self._types[key] = type_
                    self._visit_fields(fields, self._name(key, words, parent))
                    self._order.append(key)
            case nodes.ScalarType():
                pass

    def _name(self, key: str, words: tuple[str, ...], parent: str | None) -> str:
        name = _to_pascal_case(words)
        if name in self._taken and parent is not None:
            name = f"{parent}{name}"
        name = first_free_name(name, self._taken, "")
        self._taken.add(name)
        self._names[key] = name
        return name

    def declarations(self) -> list[str]:
        """Return the source text of each declared type, each before the types that use it."""
        return [self._write_declaration(key) for key in self._order]

    def _write_declaration(self, key: str) -> str:
        type_, name = self._types[key], self._names[key]
        if isinstance(type_, nodes.EnumType):
            return f"type {name} = {_enum_text(type_)}"
        return f"type {name} {self._fields_text(type_)}"

    def _fields_text(self, record: nodes.RecordType) -> str:
        names = source_names(record.fields)
        lines = [field_text(field, self, name=names[field.name]) for field in record.fields]
        return "\n".join(("{", *lines, "}"))

    def type_text(self, type_: nodes.Type) -> str:
        """Return a type as it is written after a field's name: by its own name if it has one."""
        match type_:
            case _ if self._spelled and repr(type_) in self._spelled:
                return self._spelled[repr(type_)]
            case nodes.ScalarType(name=name):
                return name
            case nodes.ListType(element=element):
                return f"{self.type_text(element)}[]"
            case nodes.OptionalType(inner=inner):
                return f"{self.type_text(inner)}?"
            case nodes.EnumType():
                return self._names.get(repr(type_)) or _enum_text(type_)
            case nodes.RecordType():
                return self._names.get(repr(type_)) or self._fields_text(type_)
            case _:
                assert_never(type_)


def _enum_text(enum: nodes.EnumType) -> str:
    literals = [str(v) if isinstance(v, int) else plain_literal(v) for v in enum.values]
    if not literals or None in literals:
        raise Unspeakable("a value of an enum has no literal")
    return " | ".join((*filter(None, literals), *(["string"] if enum.open else [])))


# Names of types


def _split_wire_name(wire_name: str) -> tuple[str, ...]:
    """Return the words of a field's name in `snake_case` or `camelCase`; at least one."""
    name = source_name(wire_name, ())
    return tuple(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)) or ("field",)


def _to_pascal_case(words: Iterable[str]) -> str:
    name = "".join(word[:1].upper() + word[1:].lower() for word in words)
    return f"Type{name}" if name[0].isdigit() else name


def _find_shared_words(names: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the last words that all names have in common, in lower case."""
    shared: list[str] = []
    columns = zip(*([word.lower() for word in reversed(words)] for words in names), strict=False)
    for column in columns:
        if len(set(column)) > 1:
            break
        shared.insert(0, column[0])
    return tuple(shared)


_IRREGULAR = {"people": "person", "children": "child", "indices": "index", "series": "series"}


def _singular_noun(word: str) -> str:
    """Return the singular of an English noun; a word that is not a plural is unchanged."""
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower.endswith("ies") and len(lower) > 4:
        return word[:-3] + "y"
    if lower.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if lower.endswith("uses") and lower[-5:-4] not in ("a", "e", "o"):
        return word[:-2]
    if lower.endswith(("ss", "us", "is")) or not lower.endswith("s") or len(lower) < 3:
        return word
    return word[:-1]
