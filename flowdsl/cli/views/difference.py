"""Two values of a field beside each other: words of a prompt, facets of a schema, checks by name, or one value and the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from flowdsl.deploy.diff import FieldChange
from flowdsl.deploy.field_diff import Row, field_rows
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted

from .painted import ADDED, BAD, GOOD, QUIET, REMOVED, WARNED, Part

Line = list[Part]

INDENT = "      "
_SIGNS: dict[str, Part] = {"+": ("+ ", GOOD), "-": ("- ", BAD), "!": ("~ ", WARNED)}
_MARKS = {"added": ADDED, "removed": REMOVED, "": ""}


def field_lines(
    path: str,
    before: Any,
    after: Any,
    *,
    unified: bool = False,
    remark: str = "",
    limit: int | None = None,
) -> Iterator[Line]:
    """A field and how its value `before` becomes `after`, in normal form; `remark` is said behind its name.

    More than `limit` lines are cut, and counted.
    """
    said: list[Part] = [(f"  {remark}", WARNED)] if remark else []
    head: Part = (f"    {printable(path)}", "")
    if unified:
        yield [head, *said]
        yield from _unified(before, after)
        return
    rows = field_rows(FieldChange(path, before, after, "source", after), words=True)
    if len(rows) == 1 and rows[0].sign == "!" and rows[0].is_whole:
        yield [(f"{head[0]}: ", ""), *_pieces(rows[0]), *said]
        return
    yield [head, *said]
    shown = rows if limit is None else rows[:limit]
    for row in shown:
        sign = _SIGNS.get(row.sign)
        yield [(INDENT + "  " * row.depth, ""), *([sign] if sign else []), *_pieces(row)]
    if len(rows) > len(shown):
        yield [(f"{INDENT}… {counted(len(rows) - len(shown), 'more line')}", QUIET)]


def unified_text(before: Any, after: Any) -> str:
    """A unified diff of two values without a head, for programs."""
    return "\n".join(_diff_lines(before, after))


def _unified(before: Any, after: Any) -> Iterator[Line]:
    styles = {"-": BAD, "+": GOOD, "@": QUIET}
    for line in _diff_lines(before, after):
        yield [(INDENT, ""), (printable(line), styles.get(line[:1], ""))]


def _diff_lines(before: Any, after: Any) -> Iterator[str]:
    lines = unified_diff(_lines(before), _lines(after), lineterm="")
    return (line for number, line in enumerate(lines) if number > 1)


def _lines(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text.split("\n")


def _pieces(row: Row) -> list[Part]:
    return [(text, _MARKS[mark]) for text, mark in row.pieces]
