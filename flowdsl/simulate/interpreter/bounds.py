"""Validate outputs against their types and annotations, as the service will."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints
from flowdsl.source.record import Record

from ..schemas import fits_pattern
from .values import spell_value


class OutOfBounds(Record):
    """A value that the service refuses: the workflow's field, and the reason in one sentence."""

    field: types.FieldType
    reason: str


def out_of_bounds(
    fields: Iterable[types.FieldType], values: Mapping[str, Any], noun: str = "output"
) -> OutOfBounds | None:
    """Return the first output, or input, that breaks a bound; `values` are by wire name."""
    for field in fields:
        value = values.get(field.wire_name)
        for path, problem in _of_field(field, value, field.name):
            return OutOfBounds(field, f"the {noun} `{path}` {problem}")
    return None


def _of_field(field: types.FieldType, value: Any, path: str) -> Iterator[tuple[str, str]]:
    yield from _find_broken_bounds(field.type, value, path, field.constraints)


def _find_broken_bounds(
    type_: types.Type, value: Any, path: str, bounds: Constraints = NO_CONSTRAINTS
) -> Iterator[tuple[str, str]]:
    """Yield each place inside a value that breaks a bound, with a message."""
    inner = types.strip_optional(type_)
    match inner, value:
        case types.Primitive("any"), _:
            return
        case _, None:
            if not isinstance(type_, types.Optional):
                yield path, "is missing, and has to be there"
            return
        case types.ListOf(element), list():
            yield from ((path, each) for each in _of_count(len(value), bounds))
            for number, entry in enumerate(value):
                yield from _find_broken_bounds(element, entry, f"{path}[{number}]")
        case types.RecordOf(_, fields), dict():
            for field in fields:
                part = value.get(field.wire_name)
                yield from _of_field(field, part, f"{path}.{field.name}")
        case types.Enum(), _ if not inner.holds(value):
            listed = ", ".join(_shorten_value(each) for each in inner.values)
            yield path, f"is none of its values {listed}: {_shorten_value(value)}"
        case _ if not _is_of(inner, value):
            yield path, f"is no `{types.describe_type(inner)}`: {_shorten_value(value)}"
        case _:
            found = (
                _of_text(value, bounds)
                if isinstance(value, str)
                else _find_broken_number_bounds(value, bounds)
            )
            yield from ((path, f"{each}: {_shorten_value(value)}") for each in found)


def _is_of(type_: types.Type, value: Any) -> bool:
    match type_:
        case types.Primitive("bool"):
            return isinstance(value, bool)
        case types.Primitive("int"):
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case types.Primitive("number"):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case types.Primitive():
            return isinstance(value, str)
        case types.Enum():
            return True  # a listed value, as checked above
        case _:
            return False


def _find_broken_number_bounds(value: Any, bounds: Constraints) -> Iterator[str]:
    if isinstance(value, bool):
        return
    number = Decimal(str(value))
    if bounds.minimum is not None and number < Decimal(str(bounds.minimum)):
        yield f"is below its `@min` of {bounds.minimum}"
    if bounds.maximum is not None and number > Decimal(str(bounds.maximum)):
        yield f"is above its `@max` of {bounds.maximum}"


def _of_text(text: str, bounds: Constraints) -> Iterator[str]:
    if bounds.min_length is not None and len(text) < bounds.min_length:
        yield f"is shorter than its `@min_length` of {bounds.min_length}"
    if bounds.max_length is not None and len(text) > bounds.max_length:
        yield f"is longer than its `@max_length` of {bounds.max_length}"
    if bounds.pattern is not None and not fits_pattern(bounds.pattern, text):
        yield f'does not match its `@pattern` of r"{bounds.pattern}"'


def _of_count(entries: int, bounds: Constraints) -> Iterator[str]:
    has = "1 entry" if entries == 1 else f"{entries} entries"
    if bounds.min_items is not None and entries < bounds.min_items:
        yield f"has {has}, fewer than its `@min_items` of {bounds.min_items}"
    if bounds.max_items is not None and entries > bounds.max_items:
        yield f"has {has}, more than its `@max_items` of {bounds.max_items}"


_LONGEST = 80
"""The most characters of a value that a reason shows."""


def _shorten_value(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else spell_value(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
