"""Tables and records for people, with text from untrusted sources; and objects for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flowdsl.diagnostics.render.cells import make_printable, split_into_cells
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.source.record import Record, replace

WIDTH = 40
"""The maximum terminal columns of a table cell."""

RECORD_WIDTH = 200
"""The maximum terminal columns of a value in a record."""

ENTRIES = 50
"""The maximum number of entries of an object or a list that a record shows."""

_LONGEST = 10
"""The maximum code points read for each terminal column, since one letter may carry many marks."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?")


class Column(Record):
    """A column of a table: its heading, the key of its value in a row, and its format.

    `width` is the maximum number of terminal columns; an id is never truncated.
    """

    head: str
    key: str
    shown: Callable[[Any], str] | None = None
    width: int = WIDTH


def id_column(key: str = "id") -> Column:
    """The column of an id."""
    return Column("ID", key, width=RECORD_WIDTH)


def text_of(value: Any) -> str:
    """Format a value as a short text: nothing is `-`, a list its parts, an object its keys.

    A reference to another object of the service is formatted as its name.
    """
    match value:
        case None | "" | []:
            return "-"
        case {"id": identifier, "name": name}:
            return str(name or identifier)
        case bool():
            return "yes" if value else "no"
        case str():
            time = _TIME.fullmatch(value)
            return value if time is None else f"{time[1]} {time[2]}{time[3] or ''}"
        case list() | tuple():
            return ", ".join(map(text_of, value[:ENTRIES])) + _describe_rest(value)
        case dict():
            return (
                "-"
                if not value
                else ", ".join(list(map(str, value))[:ENTRIES]) + _describe_rest(value)
            )
        case _:
            return str(value)


def clip_text(text: str, width: int) -> str:
    """Format `text` on one line, printable, in at most `width` terminal columns."""
    begun = text[: width * _LONGEST]
    shown = split_into_cells(make_printable(begun))
    if sum(size for _, size in shown) <= width and begun == text:
        return "".join(character for character, _ in shown)
    kept, left = "", width - 1
    for character, size in shown:
        left -= size
        if left < 0:
            break
        kept += character
    return f"{kept}…"


def render_table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> str:
    """Render rows below their column headings."""
    lines = [[column.head for column in columns]]
    for row in rows:
        lines.append(
            [
                clip_text((column.shown or text_of)(row.get(column.key)), column.width)
                for column in columns
            ]
        )
    return "\n".join(align_columns(lines))


def fit_first_column(columns: Sequence[Column], terminal: int | None) -> Sequence[Column]:
    """Give the first column the space that the headings of the others leave on the terminal.

    `terminal` is its width in columns, None without one.
    """
    if terminal is None:
        return columns
    first, *others = columns
    left = terminal - sum(columns_of(each.head) + 2 for each in others)
    return [replace(first, width=max(columns_of(first.head), left)), *others]


def render_record(item: Mapping[str, Any]) -> str:
    """Render every value of an object on a line of its own, nested entries below their name."""
    pairs: list[tuple[str, str]] = []
    for key, value in item.items():
        label = key.replace("_", " ")
        if isinstance(value, dict) and value:
            pairs += [
                (f"{label}: {name}", _format_named_value(inner))
                for name, inner in [*value.items()][:ENTRIES]
            ]
            if len(value) > ENTRIES:
                pairs.append((label, f"and {len(value) - ENTRIES} more"))
        elif isinstance(value, list) and any(
            isinstance(each, dict) and "id" not in each for each in value
        ):
            pairs.append((label, format_count(len(value), "item")))
        else:
            pairs.append((label, text_of(value)))
    shown = [[clip_text(label, WIDTH), clip_text(text, RECORD_WIDTH)] for label, text in pairs]
    return "\n".join(align_columns(shown))


def _format_named_value(value: Any) -> str:
    """Format a value that has a user-defined name, such as a parameter: as JSON if it is nested."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value)


def align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell."""
    return ["  ".join(row).rstrip() for row in pad_cells(rows)]


def pad_cells(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells, filled with spaces to the width of their column."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return [
        [cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True)]
        for row in rows
    ]


def columns_of(text: str) -> int:
    """The terminal columns that a printable text takes."""
    return sum(size for _, size in split_into_cells(text))


def _describe_rest(value: Sequence[Any] | Mapping[Any, Any]) -> str:
    return f" and {len(value) - ENTRIES} more" if len(value) > ENTRIES else ""


FORMAT_VERSION = 1


def dump_json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)


def object_json(content: Mapping[str, Any]) -> str:
    """One object of the machine format."""
    return dump_json({"format_version": FORMAT_VERSION, **content})


def items_json(items: Sequence[Any], head: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Format an object with a list, preceded by the fields `head` and followed by `more`."""
    return object_json({**(head or {}), "items": list(items), "total": len(items), **more})
