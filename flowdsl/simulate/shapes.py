"""The shape of a value that is read from a screen or a command, which its answer must have.

The interpreter derives shapes from the types of the source, the machine from the words of the
prompt. Two shapes are equal if they ask the reader for the same thing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from flowdsl.source.record import Record


class ScalarShape(Record, eq=True):
    """A built-in type by its name in the language: `string`, `int`, `date`, `any` ..."""

    name: str


class EnumShape(Record, eq=True):
    """One of some texts or whole numbers, in source order; if `open`, also any other text."""

    values: tuple[str | int, ...]
    open: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.values[0], int) if self.values else False


class ListShape(Record, eq=True):
    element: Shape


class OptionalShape(Record, eq=True):
    """A value that may be missing; never at the top level, where the question handles that."""

    inner: Shape


class FieldShape(Record, eq=True):
    """A field of a record.

    `name` is its key in JSON. `note` is its description on one line without a full stop, or empty.
    `default` replaces a missing value, in the spelling of texts; None if there is no default.
    """

    name: str
    shape: Shape
    note: str = ""
    default: str | None = None


class RecordShape(Record, eq=True):
    fields: tuple[FieldShape, ...]


Shape: TypeAlias = ScalarShape | EnumShape | ListShape | OptionalShape | RecordShape

EMPTY = "__EMPTY__"
"""The platform's value for an input that was not given (`D:/concepts/empty-values`)."""


def without_missing(value: Any) -> Any:
    """Return a JSON value with None for `""`, null and `__EMPTY__`, at any depth."""
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
