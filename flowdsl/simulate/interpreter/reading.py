"""Reading values: the shape that a question asks for, and the value in an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isfinite
from typing import Any, NoReturn, TypeAlias, assert_never

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
"""Returns the JSON value of a default from the side tables."""


def shape_of(type_: types.Type, constant: Constant) -> Shape:
    """Return the shape of a value of a type; at the top level, `string?` is like `string`."""
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
    """Return a default as a reader saves it: `__EMPTY__` for each optional part it lacks."""
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
    """Return the value in an answer, or None if there is none.

    A value that lacks a required part counts as not read. A field without a value has its default.
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
    """Return the value `data` of an answer as a reader saves it.

    `__EMPTY__` replaces missing parts; values of type `any` are unchanged.
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
    """Return the number or boolean that a copied text shows, or else the text.

    A number may be shown with a currency and with thousands separators.
    """
    for spelling in (text, _UNITS.sub("", text)):
        try:
            return json.loads(spelling, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            continue
    return text


def _refuse_constant(constant: str) -> NoReturn:
    """Refuse what Python reads beyond JSON: `NaN`, `Infinity` and `-Infinity`."""
    raise ValueError(constant)


_UNITS = re.compile(r"^[^-0-9]{1,4}(?=-?[0-9])|(?<=[0-9])\D{1,4}$|,(?=\d{3})", re.ASCII)


def is_of_other_type(data: Any, type_: types.Type) -> bool:
    """Whether a copied text is not the number or boolean that its type requires."""
    match types.strip_optional(type_):
        case types.Primitive("int"):
            return type(data) is not int
        case types.Primitive("number"):
            return type(data) is not int and not (isinstance(data, float) and isfinite(data))
        case types.Primitive("bool"):
            return not isinstance(data, bool)
        case types.Enum() as enum:
            return enum.numeric and type(data) is not int
        case _:
            return False


def fill_in_field_defaults(data: Any, type_: types.Type, constant: Constant) -> Any:
    """Return the value of an input with the defaults of its fields, as they are sent."""
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
    """Return the value of a record's field, or its default if it is missing."""
    value = data.get(field.wire_name)
    return default_of(field, constant) if value is None else value


def default_of(field: types.FieldType, constant: Constant) -> Any:
    """Return the default of a field with those of its inner fields, or None if it has none."""
    if not field.has_default:
        return None
    written = on_the_wire(constant(field.default), field.type)
    return fill_in_field_defaults(written, field.type, constant)


def output_value_of(data: Any, type_: types.Type, constant: Constant) -> Any:
    """Return a value as an output: missing values are null, including fields that a record lacks.

    A missing field `name?:` is left out. An empty text that the program itself emits is kept if a
    value is required. Inside `any` no value is required.
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
    """Return a value with null for each empty text in it."""
    match data:
        case "":
            return None
        case list():
            return [_without_empty(each) for each in data]
        case dict():
            return {name: _without_empty(each) for name, each in data.items()}
        case _:
            return data
