"""The values of a program: JSON, aliases of secrets, and where a value was asked for.

A value remembers the questions whose answers it holds, each with the path at which it stands, so
that a question counts as used only when something depends on its answer.

    {"phone": "555"}   ("phone",) <- read "the phone" at position 3
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from flowdsl.source.record import Record

from ..trace import mark_secret
from ..world import Question

Step: TypeAlias = str | int
Asking: TypeAlias = tuple[Question, int]
Origin: TypeAlias = tuple[tuple[Step, ...], Asking]


class Secret(Record, eq=True):
    """A secret of the workflow: its name on the wire, and the path into it."""

    name: str
    path: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return f"{{${self.name}{''.join(map(_spell_step, self.path))}}}"


class Value(Record):
    """A value: JSON, or a `Secret`; None is a missing one.

    `given` is a list or record as it came, where parts of it are missing, which is how a text shows
    one of the type `any`: `{"memo": ""}` of the `data` `{"memo": None}`. None where that is `data`.
    """

    data: Any
    origins: tuple[Origin, ...] = ()
    given: Any = None

    @property
    def shown(self) -> Any:
        """The JSON that a text shows of a value of the type `any`."""
        return self.data if self.given is None else self.given

    def at(self, step: Step) -> Value:
        """The part of the value at one step of a path; missing where there is none."""
        return Value(
            _part_at(self.data, step),
            tuple(
                (path[1:], asking) for path, asking in self.origins if not path or path[0] == step
            ),
            _part_at(self.given, step),
        )

    def below(self, step: Step) -> tuple[Origin, ...]:
        """The origins that a list or record has from this value, which is its part at `step`."""
        return tuple(((step, *path), asking) for path, asking in self.origins)


MISSING = Value(None)


def value_as_given(data: Any, given: Any, origins: tuple[Origin, ...] = ()) -> Value:
    """A value that came as `given`."""
    return Value(data, origins, None if given == data else given)


def list_of(values: Iterable[Value]) -> Value:
    """A list of values."""
    entries = tuple(values)
    origins = (each.below(number) for number, each in enumerate(entries))
    return value_as_given(
        [each.data for each in entries],
        [each.shown for each in entries],
        tuple(origin for own in origins for origin in own),
    )


def record_of(fields: dict[str, Value]) -> Value:
    """A record of values by their names on the wire."""
    origins = (value.below(name) for name, value in fields.items())
    return value_as_given(
        {name: value.data for name, value in fields.items()},
        {name: value.shown for name, value in fields.items()},
        tuple(origin for own in origins for origin in own),
    )


def append_entry(collected: Value, entry: Value) -> Value:
    """A list with one entry more; a missing list counts as an empty one."""
    entries = collected.data or []
    return value_as_given(
        [*entries, entry.data],
        [*(collected.shown or []), entry.shown],
        (*collected.origins, *entry.below(len(entries))),
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
    """A value that is there as a text shows it.

    Truth values are `true` and `false`, numbers stand in plain decimal notation, lists and records
    are JSON.
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


# Numbers and truth values


def json_number(value: Decimal) -> int | float:
    """A decimal number as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)


def is_same(left: Any, right: Any) -> bool:
    """Whether two values that are there are equal; a truth value is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
