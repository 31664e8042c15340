"""The shape of a value that is read from a screen or a command, as an answer must have it.

The interpreter makes shapes from the types of the source, the machine from the words of the prompt.
Two shapes are equal when whoever reads is asked for the same thing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from flowdsl.source.record import Record


class ScalarShape(Record, eq=True):
    """A built-in type by its name in the language: `string`, `int`, `date`, `any` ..."""

    name: str


class EnumShape(Record, eq=True):
    """One of some texts or whole numbers, in the order of the source; `open`: or any other text."""

    values: tuple[str | int, ...]
    open: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.values[0], int) if self.values else False


class ListShape(Record, eq=True):
    element: Shape


class OptionalShape(Record, eq=True):
    """A value that may be missing; never at the top, where the question says what to do then."""

    inner: Shape


class FieldShape(Record, eq=True):
    """A field of a record.

    `name` is its key in JSON. `note` is its description on one line without a full stop, or empty.
    `default` is what stands for a missing value, spelled as texts spell it; None without one.
    """

    name: str
    shape: Shape
    note: str = ""
    default: str | None = None


class RecordShape(Record, eq=True):
    fields: tuple[FieldShape, ...]


Shape: TypeAlias = ScalarShape | EnumShape | ListShape | OptionalShape | RecordShape

EMPTY = "__EMPTY__"
"""What the platform puts for a value that was not given (`D:/concepts/empty-values`)."""


def without_missing(value: Any) -> Any:
    """A JSON value as a program sees it: `""`, null and `__EMPTY__` are None, at any depth."""
    match value:
        case "" | None:
            return None
        case str():
            return None if value == EMPTY else value
        case list():
            return [without_missing(each) for each in value]
        case dict():
            return {name: without_missing(each) for name, each in value.items()}
        case _:
            return value
