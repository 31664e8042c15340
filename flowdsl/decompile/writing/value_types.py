"""Types of values of the IR, for writing source: paths into them, joining and assignability.

`any` stands for an unknown type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable
from flowdsl.ir.walk import walk
from flowdsl.prompt.values import type_words

from .lines import Key

ANY = nodes.ScalarType(name="any")
STRING = nodes.ScalarType(name="string")
_TEXTUAL = frozenset(("string", "date", "datetime", "time", "email", "url", "file"))

Types = dict[Key, nodes.Type]
"""The types of variables by sigil and name."""


def type_at(type_: nodes.Type, path: tuple[str | int, ...]) -> nodes.Type:
    """Return the type at the end of a path.

    It is optional if anything on the path is, and `any` if it is unknown.
    """
    optional = False
    for part in path:
        if isinstance(type_, nodes.OptionalType):
            optional, type_ = True, type_.inner
        if isinstance(type_, nodes.ListType) and isinstance(part, int):
            type_ = type_.element
        elif isinstance(type_, nodes.RecordType):
            fields = {field.name: field.type for field in type_.fields}
            type_ = fields.get(str(part), ANY)
        else:
            type_ = ANY
    return optional_of(type_) if optional else type_


def optional_of(type_: nodes.Type) -> nodes.Type:
    """Return the type with a `?`, which it may already have."""
    return type_ if isinstance(type_, nodes.OptionalType) else nodes.OptionalType(inner=type_)


def unwrap_optional(type_: nodes.Type) -> nodes.Type:
    """Return the type without its `?`."""
    return type_.inner if isinstance(type_, nodes.OptionalType) else type_


def type_of_variable(variable: nodes.Variable, types: Types) -> nodes.Type:
    """Return the type of a variable with its path; `any` if it is unknown."""
    return type_at(types.get((variable.sigil, variable.name), ANY), variable.path)


def accepts_any_text(type_: nodes.Type) -> bool:
    """Whether the checker accepts any text as a value of the type."""
    return isinstance(type_, nodes.ScalarType) and type_.name in _TEXTUAL


def type_of(value: nodes.Value | nodes.CountOf, types: Types) -> nodes.Type:
    """Return the narrowest type of a value."""
    match value:
        case nodes.CountOf():
            return nodes.ScalarType(name="int")
        case nodes.TextValue():
            variable = single_variable(value)
            return STRING if variable is None else type_of_variable(variable, types)
        case nodes.ConstantValue(value=constant):
            return _type_of_constant(constant)
        case nodes.ListValue(items=items):
            return _list_of([type_of(item, types) for item in items])
        case nodes.ObjectValue(fields=fields):
            return nodes.RecordType(
                fields=tuple(
                    nodes.FieldSpec(name=name, type=type_of(item, types)) for name, item in fields
                )
            )


def _type_of_constant(constant: Any) -> nodes.Type:
    match constant:
        case None:
            return nodes.OptionalType(inner=ANY)
        case bool():
            return nodes.ScalarType(name="bool")
        case int():
            return nodes.ScalarType(name="int")
        case str():
            return nodes.EnumType(values=(constant,))
        case list():
            return _list_of([_type_of_constant(entry) for entry in constant])
        case dict():
            return nodes.RecordType(
                fields=tuple(
                    nodes.FieldSpec(name=name, type=_type_of_constant(entry))
                    for name, entry in constant.items()
                )
            )
        case _:
            return nodes.ScalarType(name="number")


def _list_of(types: list[nodes.Type]) -> nodes.Type:
    if not types:
        return nodes.ListType(element=ANY)
    joined = types[0]
    for type_ in types[1:]:
        joined = join_types(joined, type_)
    return nodes.ListType(element=joined)


def join_types(one: nodes.Type, other: nodes.Type) -> nodes.Type:
    """Return the narrowest type that can be named and holds the values of both.

    `any` in one gives way to the other, as it is only unknown; the result is `any` if no other type
    holds both.
    """
    if isinstance(one, nodes.OptionalType) or isinstance(other, nodes.OptionalType):
        return optional_of(join_types(unwrap_optional(one), unwrap_optional(other)))
    if isinstance(one, nodes.EnumType) and isinstance(other, nodes.EnumType):
        if one.numeric != other.numeric:
            return ANY
        values = tuple(dict.fromkeys((*one.values, *other.values)))
        return nodes.EnumType(values=values, open=one.open or other.open)
    if isinstance(one, nodes.ListType) and isinstance(other, nodes.ListType):
        return nodes.ListType(element=join_types(one.element, other.element))
    if one == ANY or other == ANY:
        return other if one == ANY else one
    if is_assignable_type(one, other):
        return other
    if is_assignable_type(other, one):
        return one
    return STRING if _holds_text(one) and _holds_text(other) else ANY


def _holds_text(type_: nodes.Type) -> bool:
    return accepts_any_text(type_) or (isinstance(type_, nodes.EnumType) and not type_.numeric)


def is_assignable_type(source: nodes.Type, target: nodes.Type) -> bool:
    """Whether `source` is allowed where `target` is wanted, for types of the IR.

    A copy of the rules of `semantics.values.assignability`: a change there is made here too.
    """
    match source, target:
        case _, nodes.ScalarType(name="any"):
            return True
        case nodes.OptionalType(inner=inner), nodes.OptionalType(inner=wanted):
            return is_assignable_type(inner, wanted)
        case nodes.OptionalType(), _:
            return False
        case _, nodes.OptionalType(inner=wanted):
            return is_assignable_type(source, wanted)
        case nodes.ScalarType(name="any"), _:
            return True
        case nodes.ScalarType(name=have), nodes.ScalarType(name=want):
            return (
                have == want
                or (want == "string" and have in _TEXTUAL)
                or (have, want) in (("int", "number"), ("string", "file"))
            )
        case nodes.EnumType(), nodes.ScalarType(name=want):
            return want in (("int", "number") if source.numeric else ("string",))
        case nodes.ScalarType(name=have), nodes.EnumType(open=True):
            return have in _TEXTUAL
        case nodes.EnumType(), nodes.EnumType():
            if target.open:
                return not source.numeric
            return not source.open and set(source.values) <= set(target.values)
        case nodes.ListType(element=have_element), nodes.ListType(element=wanted_element):
            return is_assignable_type(have_element, wanted_element)
        case nodes.RecordType(), nodes.RecordType():
            return _fields_fit(source, target)
        case _:
            return False


def _fields_fit(source: nodes.RecordType, target: nodes.RecordType) -> bool:
    have = {field.name: field.type for field in source.fields}
    for wanted in target.fields:
        if wanted.name not in have:
            if wanted.required:
                return False
        elif not is_assignable_type(have[wanted.name], wanted.type):
            return False
    return True


def element_of(items: nodes.Value, types: Types) -> nodes.Type:
    """Return the type of the entries that a loop iterates over; `any` if it is unknown."""
    if isinstance(items, nodes.ConstantValue) and isinstance(items.value, int):
        return nodes.ScalarType(name="int")
    type_ = unwrap_optional(type_of(items, types))
    return type_.element if isinstance(type_, nodes.ListType) else ANY


def has_variable(value: nodes.Value | nodes.CountOf) -> bool:
    """Whether a value may differ from run to run."""
    match value:
        case nodes.CountOf():
            return True
        case nodes.TextValue():
            return True
        case nodes.ListValue(items=items):
            return any(has_variable(item) for item in items)
        case nodes.ObjectValue(fields=fields):
            return any(has_variable(item) for _, item in fields)
        case _:
            return False


# Types parsed from the words of a prompt, which leave out the constraints of fields


def collect_declared_records(fields: Iterable[nodes.FieldSpec]) -> dict[str, nodes.RecordType]:
    """Return the record types in fields, by the words that a prompt uses for them.

    If several have the same words, the first one.
    """
    found: dict[str, nodes.RecordType] = {}
    for field in fields:
        for each in walk(field):
            if isinstance(each, nodes.RecordType):
                found.setdefault(type_words(each), each)
    return found


def as_declared(type_: nodes.Type, declared: dict[str, nodes.RecordType]) -> nodes.Type:
    """Return a type parsed from words, with its records replaced by the declared ones."""
    match type_:
        case nodes.RecordType() if type_ not in declared.values():
            return declared.get(type_words(type_), type_)
        case nodes.ListType(element=element):
            return nodes.ListType(element=as_declared(element, declared))
        case nodes.OptionalType(inner=inner):
            return nodes.OptionalType(inner=as_declared(inner, declared))
        case _:
            return type_
