"""The values of a program: JSON, or the aliases of secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from flowdsl.source.record import Record

from ..shapes import EMPTY
from ..trace import mark_secret

Step: TypeAlias = str | int


class Secret(Record, eq=True):
    """A secret of the workflow: its wire name, and a path into it."""

    name: str
    path: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return f"{{${self.name}{''.join(map(_spell_step, self.path))}}}"


class Value(Record):
    """A value: JSON, or a `Secret`; `data` is None if it is missing.

    `given` is a list or record as it was received, or as the run has saved it, if parts of it are
    missing; a text shows a value of type `any` in this form, as `{"memo": ""}` for the `data`
    `{"memo": None}`. None if it equals `data`.
    """

    data: Any
    given: Any = None

    @property
    def shown(self) -> Any:
        """The JSON that a text shows for a value of the type `any`."""
        return self.data if self.given is None else self.given

    @property
    def shown_inside(self) -> Any:
        """The JSON that a text shows for the value in a list or record of the program's own."""
        return EMPTY if self.data is None else self.shown

    def at(self, step: Step) -> Value:
        """Return the part of the value at one step of a path; missing if it does not exist."""
        return Value(_part_at(self.data, step), _part_at(self.given, step))


MISSING = Value(None)


def value_as_given(data: Any, given: Any) -> Value:
    """Return a value that was received as `given`."""
    return Value(data, None if given == data else given)


def made_value(data: Any) -> Value:
    """Return a constant as a value of the program's own, in which `__EMPTY__` shows what lacks."""
    return value_as_given(data, _with_empty(data))


def _with_empty(data: Any) -> Any:
    """Return JSON with `__EMPTY__` for each missing part."""
    match data:
        case list():
            return [EMPTY if each is None else _with_empty(each) for each in data]
        case dict():
            pairs = data.items()
            return {name: EMPTY if each is None else _with_empty(each) for name, each in pairs}
        case _:
            return data


def list_of(values: Iterable[Value]) -> Value:
    """Return a list of values."""
    entries = tuple(values)
    return value_as_given([each.data for each in entries], [each.shown_inside for each in entries])


def record_of(fields: dict[str, Value]) -> Value:
    """Return a record of values by wire name."""
    return value_as_given(
        {name: value.data for name, value in fields.items()},
        {name: value.shown_inside for name, value in fields.items()},
    )


def append_entry(collected: Value, entry: Value) -> Value:
    """Return a list with one more entry; a missing list counts as an empty one."""
    return append_entries(collected, list_of((entry,)))


def append_entries(collected: Value, added: Value) -> Value:
    """Return a list with the entries of another one behind its own; either may be missing."""
    return value_as_given(
        [*(collected.data or []), *(added.data or [])],
        [*(collected.shown or []), *(added.shown or [])],
    )


def _part_at(data: Any, step: Step) -> Any:
    match data:
        case Secret(name, path):
            return Secret(name, (*path, step))
        case dict():
            return data.get(step)
        case list() if isinstance(step, int) and 0 <= step < len(data):
            return data[step]
        case _:
            return None


# Values in texts


def spell_value(data: Any) -> str:
    """Return a value that is not missing, as a text shows it.

    Booleans are `true` and `false`, numbers are in plain decimal notation, lists and records are
    JSON.
    """
    match data:
        case str():
            return data
        case bool():
            return "true" if data else "false"
        case int():
            return str(data)
        case float() | Decimal():
            return format(Decimal(str(data)), "f")
        case Secret():
            return mark_secret(str(data))
        case _:
            return json.dumps(data, ensure_ascii=False)


def _spell_step(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"['{step}']"


# Numbers and booleans


def json_number(value: Decimal) -> int | float:
    """Return a decimal number as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)


def is_same(left: Any, right: Any) -> bool:
    """Whether two values, neither missing, are equal; a boolean is not a number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
