"""Inputs that a run of a generated program may be given."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from flowdsl.semantics.types import (
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
    Unknown,
)

from . import pools
from .checked import Checked
from .generator.drawing import Chooser

TRIES = 12
"""Values that are tried until the schema takes one."""

ENTRIES = 3
"""The most entries of a list without a bound."""

LEFT_OUT = object()


def inputs_for(c: Chooser, checked: Checked, nasty: int) -> dict[str, Any]:
    """Values for the inputs of a program, by their names on the wire.

    Its types and its input schema take all of them. Optional ones are missing at times, in every
    way in which a value can be; those with a default are left out.
    """
    makes = _Inputs(c, nasty)
    properties = checked.input_schema.get("properties", {})
    return makes.fields(checked.workflow.inputs, properties)


class _Inputs:
    def __init__(self, c: Chooser, nasty: int) -> None:
        self.c = c
        self.nasty = nasty

    def fields(self, fields: tuple[FieldType, ...], schemas: dict[str, Any]) -> dict[str, Any]:
        """Values for fields, without those that are left out."""
        values = {
            each.wire_name: self._field(each, schemas.get(each.wire_name, {})) for each in fields
        }
        return {name: value for name, value in values.items() if value is not LEFT_OUT}

    def _field(self, field: FieldType, schema: dict[str, Any]) -> Any:
        if isinstance(field.type, Optional) and self.c.once_in(3):
            ways = (LEFT_OUT, None, "", "__EMPTY__")
            return self.c.pick([each for each in ways if each is LEFT_OUT or _fits(each, schema)])
        if (field.has_default or field.day is not None) and self.c.flag():
            return LEFT_OUT
        return self._value(field.type, schema)

    def _value(self, type_: Type, schema: dict[str, Any]) -> Any:
        match type_:
            case Optional(inner):
                return self._value(inner, schema)
            case Enum() if type_.open and self.c.flag():
                return self._scalar("string", schema)
            case Enum(values):
                return self.c.pick(values)
            case ListOf(element):
                least, most = schema.get("minItems", 0), schema.get("maxItems", ENTRIES)
                count = self.c.number(least, most)
                return [self._entry(element, schema.get("items", {})) for _ in range(count)]
            case RecordOf(fields=fields):
                return self.fields(fields, schema.get("properties", {}))
            case Primitive(name):
                return self._scalar(name, schema)
            case Unknown():
                raise AssertionError("a program without errors has no unknown type")

    def _entry(self, element: Type, schema: dict[str, Any]) -> Any:
        if isinstance(element, Optional) and self.c.once_in(3):
            return None
        return self._value(element, schema)

    def _scalar(self, name: str, schema: dict[str, Any]) -> Any:
        """A value that the schema takes; after some tries, the first plain one that it does."""
        for _ in range(TRIES if self.nasty else 2):
            value = pools.scalar(self.c, name, self.nasty)
            if _fits(value, schema):
                return value
        for value in (*pools.PLAIN[name], *pools.NASTY.get(name, ()), *pools.nasty_texts()):
            if _fits(value, schema):
                return value
        raise ValueError(f"no value of `{name}` in the pools fits {schema}")


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(schema, format_checker=checker).is_valid(value)
