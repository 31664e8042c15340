"""Inputs that a run of a generated program may be given, and such as its types forbid.

Both are made from the types that the source declares, and not from the schema that it compiles to:
a schema that takes too little or too much is a difference. What the design lets a schema refuse of
a type is taken out of a value, and no more than that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flowdsl.semantics.types import (
    NO_CONSTRAINTS,
    Constraints,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
    Unknown,
)
from flowdsl.simulate.schemas import find_refusal
from flowdsl.simulate.shapes import EMPTY
from flowdsl.source.matching_text import matching_text

from . import pools
from .checked import Checked
from .generator.drawing import Chooser

TRIES = 12
"""Values that are tried until one has what annotations say."""

ENTRIES = 3
"""The most entries of a list without a bound."""

LEFT_OUT = object()

CLEANED: tuple[Callable[[str], str], ...] = (
    lambda text: re.sub("[⟦⟧⟪⟫]", "|", text),
    lambda text: re.sub(r"\{(?=[{$])", "{ ", text),
    lambda text: re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", text),
    lambda text: re.sub(r'["\\]', "'", text),
    lambda text: re.sub(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])", "+", text),
)
"""What a schema may refuse of a text, one after the other: `prompts.md`, sections 3, 4 and 7."""


def inputs_for(
    c: Chooser, checked: Checked, nasty: int, more: Sequence[str] = ()
) -> dict[str, Any]:
    """Values for the inputs of a program, by their names on the wire.

    Its types take all of them. Optional ones are missing at times, in every way in which a value
    can be; those with a default are left out. `more` are further nasty texts.
    """
    makes = _Inputs(c, nasty, more)
    properties = checked.input_schema.get("properties", {})
    values = makes.fields(checked.workflow.inputs, top=True)
    return {name: fitting(each, properties.get(name, {})) for name, each in values.items()}


def fitting(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value of a type without what a schema may refuse of it; else as it is."""
    if value in (None, "", EMPTY):
        return value
    found, every = value, json.dumps({"properties": {"it": _without_required(schema)}})
    for clean in (None, *CLEANED):
        found = found if clean is None else _with_texts(found, clean)
        for given in (found, _bounded(found, schema)):
            if find_refusal(every, {"it": _without_empty(given)}) is None:
                return given
    return value


def _without_required(schema: Any) -> Any:
    """A schema that takes what FlowDSL's runner has still to fill in."""
    match schema:
        case dict():
            rest = {name: each for name, each in schema.items() if name != "required"}
            return {name: _without_required(each) for name, each in rest.items()}
        case _:
            return schema


def _without_empty(value: Any) -> Any:
    """A value as it is validated, without what counts as not given."""
    match value:
        case list():
            return [_without_empty(each) for each in value if each != EMPTY]
        case dict():
            return {name: _without_empty(each) for name, each in value.items() if each != EMPTY}
        case _:
            return value


def _with_texts(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case list():
            return [_with_texts(each, clean) for each in value]
        case dict():
            return {name: _with_texts(each, clean) for name, each in value.items()}
        case _:
            return value


def _bounded(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value as loops and types take it: within its bound, and a bound of 1 at least."""
    if isinstance(value, list):
        return value[: schema.get("maxItems")]
    if isinstance(value, str):
        return value[: schema.get("maxLength")]
    return 1 if type(value) is int and value < 1 else value


class _Inputs:
    def __init__(self, c: Chooser, nasty: int, more: Sequence[str] = ()) -> None:
        self.c = c
        self.nasty = nasty
        self.more = more

    def fields(self, fields: tuple[FieldType, ...], *, top: bool = False) -> dict[str, Any]:
        """Values for fields, without those that are left out."""
        values = {each.wire_name: self._field(each, top=top) for each in fields}
        return {name: value for name, value in values.items() if value is not LEFT_OUT}

    def _field(self, field: FieldType, *, top: bool) -> Any:
        if isinstance(field.type, Optional) and self.c.once_in(3):
            return self.c.pick(_ways_to_be_missing(field, top=top))
        if (field.has_default or field.day is not None) and self.c.flag():
            return LEFT_OUT
        return self._value(field.type, field.constraints)

    def _value(self, type_: Type, limits: Constraints = NO_CONSTRAINTS) -> Any:
        match type_:
            case Optional(inner):
                return self._value(inner, limits)
            case Enum() if type_.open and self.c.flag():
                return self._scalar("string", limits)
            case Enum(values):
                return self.c.pick(values)
            case ListOf(element):
                least = limits.min_items or 0
                most = ENTRIES if limits.max_items is None else limits.max_items
                count = self.c.number(least, max(least, min(most, ENTRIES)))
                return [self._entry(element) for _ in range(count)]
            case RecordOf(fields=fields):
                return self.fields(fields)
            case Primitive(name):
                return self._scalar(name, limits)
            case Unknown():
                raise AssertionError("a program without errors has no unknown type")

    def _entry(self, element: Type) -> Any:
        if isinstance(element, Optional) and self.c.once_in(3):
            return None
        return self._value(element)

    def _scalar(self, name: str, limits: Constraints) -> Any:
        """A value that annotations allow; after some tries, the first plain one that they do.

        Of a pattern that none has, the first text that matches it.
        """
        for _ in range(TRIES if self.nasty else 2):
            value = pools.scalar(self.c, name, self.nasty, more=self.more)
            if allowed(value, limits):
                return value
        for value in (*pools.PLAIN[name], *pools.NASTY.get(name, ()), *pools.nasty_texts()):
            if allowed(value, limits):
                return value
        if limits.pattern is not None and name == "string":
            text = matching_text(limits.pattern, at_least=limits.min_length or 1)
            if text is not None and allowed(text, limits):
                return text
        raise ValueError(f"no value of `{name}` in the pools is allowed by {limits}")


def _ways_to_be_missing(field: FieldType, *, top: bool) -> list[Any]:
    """How a value may be missing: at the top in every way, in a record as JSON Schema has it."""
    if top:
        return [LEFT_OUT, None, "", EMPTY]
    ways = [LEFT_OUT, EMPTY]
    if not field.absent:
        ways.append(None)
    if _present(field.type) == Primitive("string"):
        ways.append("")
    return ways


def _present(type_: Type) -> Type:
    return type_.inner if isinstance(type_, Optional) else type_


def allowed(value: Any, limits: Constraints) -> bool:
    """Whether annotations allow a value of the type that they stand behind."""
    if isinstance(value, str):
        return (
            (limits.pattern is None or re.search(limits.pattern, value) is not None)
            and len(value) >= (limits.min_length or 0)
            and (limits.max_length is None or len(value) <= limits.max_length)
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
        least, most = limits.minimum, limits.maximum
        above = least is None or number >= Decimal(least)
        return above and (most is None or number <= Decimal(most))
    return True


# What a type forbids


def forbidden_inputs(checked: Checked, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Inputs of a raw caller that types forbid, made of allowed ones; each with what is wrong.

    `inputs` are as a run is given them, with every default filled in.
    """
    for field in checked.workflow.inputs:
        name = field.wire_name
        given = inputs.get(name)
        if given in (None, "", EMPTY):
            continue
        if not isinstance(field.type, Optional):
            rest = {key: each for key, each in inputs.items() if key != name}
            yield f"{name} is left out", rest
        for what, wrong in _wrong(field.type, field.constraints, given):
            yield f"{name}{what}", {**inputs, name: wrong}


def _wrong(type_: Type, limits: Constraints, given: Any) -> Iterator[tuple[str, Any]]:
    """Values that a type forbids, most of them like one that it allows."""
    match type_:
        case Optional(inner):
            yield from _wrong(inner, limits, given)
        case Enum() if type_.open:
            yield " is a number", 7
        case Enum(values):
            yield " is another value", 7777 if isinstance(values[0], int) else "none of these"
        case ListOf(element):
            yield " is an object", {"a": 1}
            yield " is no list", "a"
            if limits.max_items is not None and given:
                yield " has too many entries", [given[0]] * (limits.max_items + 1)
            if limits.min_items:
                yield " has too few entries", []
            if given and given[0] is not None:
                for what, wrong in _wrong(element, NO_CONSTRAINTS, given[0]):
                    yield f"[0]{what}", [wrong, *given[1:]]
        case RecordOf(fields=fields):
            yield " is a list", [given]
            yield " has another field", {**given, "zz": "a"}
            for field in fields:
                yield from _wrong_field(field, given)
        case Primitive(name):
            yield from _wrong_scalar(name, limits)
            if isinstance(given, str) and _ends_there(limits.pattern, given):
                yield " goes on behind its pattern", f"{given}\n"


def _ends_there(pattern: str | None, given: str) -> bool:
    """Whether `$` ends a pattern that takes no line end behind a text, as JSON Schema reads it."""
    if pattern is None or not pattern.endswith("$") or pattern.endswith("\\$"):
        return False
    return re.search(rf"{pattern[:-1]}\Z", f"{given}\n") is None


def _wrong_field(field: FieldType, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    name = field.wire_name
    if not isinstance(field.type, Optional):
        rest = {key: each for key, each in given.items() if key != name}
        yield f".{name} is left out", rest
        yield f".{name} is null", {**given, name: None}
        yield f".{name} is __EMPTY__", {**given, name: EMPTY}
    if given.get(name) not in (None, "", EMPTY):
        for what, wrong in _wrong(field.type, field.constraints, given[name]):
            yield f".{name}{what}", {**given, name: wrong}


def _wrong_scalar(name: str, limits: Constraints) -> Iterator[tuple[str, Any]]:
    kinds: dict[str, tuple[Any, ...]] = {
        "int": ("a", 1.5, True, [1]),
        "number": ("a", True, [1]),
        "bool": ("yes", 1, [True]),
        "any": (),
    }
    for wrong in kinds.get(name, (7, True, ["a"])):
        yield f" is {wrong!r}", wrong
    if limits.pattern is not None:
        yield " has not its pattern", "~"
    if limits.max_length is not None:
        yield " is too long", "a" * (limits.max_length + 1)
    if limits.minimum is not None:
        yield " is too small", float(limits.minimum) - 1
    if limits.maximum is not None:
        yield " is too large", float(limits.maximum) + 1
