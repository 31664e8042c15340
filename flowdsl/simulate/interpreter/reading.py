"""What is read: the shape that is asked for, and the value that an answer gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

from flowdsl.semantics import types
from flowdsl.syntax.texts.paragraphs import on_one_line

from ..shapes import (
    EMPTY,
    EnumShape,
    FieldShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Shape,
    without_missing,
)
from .fields import on_the_wire
from .values import spell_value

Constant: TypeAlias = Callable[[Any], Any]
"""The JSON value of a default as the side tables have it."""


def shape_of(type_: types.Type, constant: Constant) -> Shape:
    """The shape of a value of a type; at the top, `string?` is asked for as `string` is."""
    return _inner_shape(types.strip_optional(type_), constant)


def _inner_shape(type_: types.Type, constant: Constant) -> Shape:
    match type_:
        case types.Primitive(name):
            return ScalarShape(name)
        case types.Enum(values):
            return EnumShape(values, type_.open)
        case types.ListOf(element):
            return ListShape(_inner_shape(element, constant))
        case types.Optional(inner):
            return OptionalShape(_inner_shape(inner, constant))
        case types.RecordOf(_, fields):
            return RecordShape(tuple(_field_shape(field, constant) for field in fields))
        case types.Unknown():
            raise AssertionError("a type that the check did not resolve")
        case _:
            assert_never(type_)


def _field_shape(field: types.FieldType, constant: Constant) -> FieldShape:
    default = default_of(field, constant)
    return FieldShape(
        field.wire_name,
        _inner_shape(field.type, constant),
        on_one_line(field.doc or "").removesuffix("."),
        None if default is None else spell_value(_as_saved(default, field.type)),
    )


def _as_saved(data: Any, type_: types.Type) -> Any:
    """A default as whoever reads saves it: `__EMPTY__` stands for each optional part it lacks."""
    match data, types.strip_optional(type_):
        case list(), types.ListOf(element):
            return [_as_saved(each, element) for each in data]
        case dict(), types.RecordOf(_, fields):
            found = {name: each for name, each in data.items() if each is not None}
            for field in fields:
                if field.wire_name in found:
                    found[field.wire_name] = _as_saved(found[field.wire_name], field.type)
                elif isinstance(field.type, types.Optional):
                    found[field.wire_name] = EMPTY
            return found
        case _:
            return data


def value_of(answer: Any, type_: types.Type, constant: Constant) -> Any:
    """The value that an answer gives, or None where it gives none.

    A value that lacks a part that it has to have was not read. A field that lacks its value has its
    default.
    """
    return _complete_value(without_missing(answer), type_, constant)


def _complete_value(data: Any, type_: types.Type, constant: Constant) -> Any:
    match data, types.strip_optional(type_):
        case list(), types.ListOf(element):
            entries = [_complete_value(each, element, constant) for each in data]
            lacks = None in entries and not isinstance(element, types.Optional)
            return None if lacks else entries
        case dict(), types.RecordOf(_, fields):
            found = dict(data)
            for field in fields:
                value = field_of(data, field, constant)
                found[field.wire_name] = value = _complete_value(value, field.type, constant)
                if value is None and not isinstance(field.type, types.Optional):
                    return None
            return found
        case str(), types.Primitive("int" | "number" | "bool"):
            return _parse_shown_text(data)
        case str(), types.Enum() as enum if enum.numeric:
            return _parse_shown_text(data)
        case _:
            return data


def as_saved(answer: Any, data: Any, type_: types.Type) -> Any:
    """The value `data` that an answer gives, as whoever reads saves it.

    `__EMPTY__` stands for what is missing; what is of the type `any` stays as it is shown.
    """
    match data, types.strip_optional(type_):
        case None, _:
            return EMPTY
        case _ if without_missing(answer) is None:
            return _as_saved(data, type_)  # the default
        case _, types.ANY:
            return answer
        case list(), types.ListOf(element):
            return [as_saved(*each, element) for each in zip(answer, data, strict=True)]
        case dict(), types.RecordOf() as record:
            saved = {}
            for name, each in data.items():
                field = record.by_wire_name.get(name)
                inner = types.ANY if field is None else field.type
                saved[name] = as_saved(answer.get(name), each, inner)
            return saved
        case _:
            return data


def _parse_shown_text(text: str) -> Any:
    """The number or the truth value that a text shows, which was copied; else the text.

    A number may be shown with a currency and with commas between its thousands.
    """
    for spelling in (text, _UNITS.sub("", text)):
        try:
            return json.loads(spelling)
        except (ValueError, RecursionError):
            continue
    return text


_UNITS = re.compile(r"^[^-0-9]{1,4}(?=-?[0-9])|(?<=[0-9])\D{1,4}$|,(?=\d{3})", re.ASCII)


def is_other(data: Any, type_: types.Type) -> bool:
    """Whether a copied text shows no number, or no truth value, where its type asks for one."""
    if isinstance(data, bool):
        return False
    match types.strip_optional(type_):
        case types.Primitive("int"):
            return not isinstance(data, int)
        case types.Primitive("number"):
            return not isinstance(data, int | float)
        case types.Primitive("bool"):
            return True
        case types.Enum() as enum:
            return enum.numeric and not isinstance(data, int)
        case _:
            return False


def fill_in_field_defaults(data: Any, type_: types.Type, constant: Constant) -> Any:
    """A value of an input with the defaults of the fields in it, as they are sent."""
    match data, types.strip_optional(type_):
        case list(), types.ListOf(element):
            return [fill_in_field_defaults(each, element, constant) for each in data]
        case dict(), types.RecordOf(_, fields):
            found = dict(data)
            for field in fields:
                value = fill_in_field_defaults(
                    field_of(data, field, constant), field.type, constant
                )
                if value is not None:
                    found[field.wire_name] = value
            return found
        case _:
            return data


def field_of(data: dict[str, Any], field: types.FieldType, constant: Constant) -> Any:
    """The value of a field of a record, or its default where it is missing."""
    value = data.get(field.wire_name)
    return default_of(field, constant) if value is None else value


def default_of(field: types.FieldType, constant: Constant) -> Any:
    """The default of a field with those of the fields in it, or None where it has none."""
    if not field.has_default:
        return None
    written = on_the_wire(constant(field.default), field.type)
    return fill_in_field_defaults(written, field.type, constant)


def output_value_of(data: Any, type_: types.Type, constant: Constant) -> Any:
    """A value as an output has it: what is missing is null, also where a record lacks a field.

    A field `name?:` is left out where it is missing.

    An empty text that the program itself emits stays one where a value has to be. Inside `any`
    none has to be.
    """
    if data == "" and isinstance(type_, types.Optional):
        return None
    match data, types.strip_optional(type_):
        case list() | dict(), types.ANY:
            return _without_empty(data)
        case list(), types.ListOf(element):
            return [output_value_of(each, element, constant) for each in data]
        case dict(), types.RecordOf(_, fields):
            every = data | {
                field.wire_name: output_value_of(
                    field_of(data, field, constant), field.type, constant
                )
                for field in fields
            }
            absent = {field.wire_name for field in fields if field.absent}
            return {
                name: value
                for name, value in every.items()
                if value is not None or name not in absent
            }
        case _:
            return data


def _without_empty(data: Any) -> Any:
    """A value with null for each empty text in it."""
    match data:
        case "":
            return None
        case list():
            return [_without_empty(each) for each in data]
        case dict():
            return {name: _without_empty(each) for name, each in data.items()}
        case _:
            return data
