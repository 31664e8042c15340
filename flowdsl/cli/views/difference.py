"""Renders the difference of two values of a field.

It is a word diff of a prompt, facets of a schema, checks by name, or else one value and the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flowdsl.config.address import Address
from flowdsl.deploy.comparison.diff import Difference, FieldChange, Origin
from flowdsl.deploy.comparison.edits import Edit, way_to_keep
from flowdsl.deploy.comparison.field_diff import DiffRow, field_rows
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.source.alignment import Effort

from .painted import ADDED, BAD, GOOD, QUIET, REMOVED, WARNED, Part

Line = list[Part]

EDITED = "edited elsewhere since the last deploy"
DRIFT: dict[Origin, str] = {
    "source": "",
    "drift": EDITED,
    "both": "changed in the source as well; a deploy makes this of the edit",
}
"""The remark after the name of a field, by the origin of its change."""
UNKNOWN_BEFORE = "no saved version has what was last applied"
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
    """Render a field and the change of its value, both values in normal form.

    `remark` follows its name. Lines beyond `limit` are only counted.
    """
    said: list[Part] = [(f"  {remark}", WARNED)] if remark else []
    head: Part = (f"    {make_printable(path)}", "")
    if unified:
        yield [head, *said]
        yield from _render_unified_lines(before, after)
        return
    rows = field_rows(FieldChange(path, before, after, "source", after), words=True)
    if len(rows) == 1 and rows[0].sign == "!" and rows[0].is_whole:
        yield [(f"{head[0]}: ", ""), *_row_parts(rows[0]), *said]
        return
    yield [head, *said]
    shown = rows if limit is None else rows[:limit]
    for row in shown:
        sign = _SIGNS.get(row.sign)
        yield [(INDENT + "  " * row.depth, ""), *([sign] if sign else []), *_row_parts(row)]
    if len(rows) > len(shown):
        yield [(f"{INDENT}… {format_count(len(rows) - len(shown), 'more line')}", QUIET)]


def render_field_change(
    change: FieldChange, edit: Edit | None, *, unified: bool = False, limit: int | None = None
) -> Iterator[Line]:
    """Render a field that a plan changes.

    An edit made elsewhere is shown first, then what a deploy does to it, unless that only undoes
    the edit.
    """
    if edit is not None:
        yield from edit_lines(edit, unified=unified, limit=limit)
    if edit is None or change.origin == "both":
        yield from field_lines(
            change.path,
            change.before,
            change.after,
            unified=unified,
            remark=DRIFT[change.origin] if edit is not None else "",
            limit=limit,
        )


def edit_lines(edit: Edit, *, unified: bool = False, limit: int | None = None) -> Iterator[Line]:
    """Render how a field was edited elsewhere since the last deploy."""
    if edit.known:
        yield from field_lines(
            edit.path, edit.before, edit.after, unified=unified, remark=EDITED, limit=limit
        )
    else:
        yield [
            (f"    {make_printable(edit.path)}", ""),
            (f"  {EDITED}", WARNED),
            (f"; {UNKNOWN_BEFORE}", QUIET),
        ]


def tag_lines(difference: Difference) -> Iterator[Line]:
    """Render tags that were removed elsewhere, and those that a deploy adds and removes."""
    lost = difference.tags_drifted
    for tags, remark in (
        ([_tag_part("-", tag) for tag in sorted(lost)], EDITED),
        (
            [_tag_part("+", tag) for tag in sorted(difference.tags_to_add - lost)]
            + [_tag_part("-", tag) for tag in sorted(difference.tags_to_remove)],
            "",
        ),
    ):
        if tags:
            said: list[Part] = [(f"  {remark}", WARNED)] if remark else []
            yield [("    tags:", ""), *tags, *said]


def _tag_part(sign: str, tag: str) -> Part:
    return f" {sign}{make_printable(tag)}", GOOD if sign == "+" else BAD


def render_edit_legend(addresses: Iterable[Address]) -> list[Line]:
    """Explain the marks of edits made elsewhere, and how to keep those edits.

    Empty if there are no addresses.
    """
    every = list(addresses)
    if not every:
        return []
    return [
        [
            (f"{EDITED}: ", WARNED),
            ("removed", REMOVED),
            ("added", ADDED),
            (
                f" is the edit itself, which a deploy undoes; {make_printable(way_to_keep(every))}",
                "",
            ),
        ]
    ]


def render_unified_text(before: Any, after: Any) -> str:
    """A unified diff of two values without its header, for programs."""
    return "\n".join(_diff_lines(before, after))


def _render_unified_lines(before: Any, after: Any) -> Iterator[Line]:
    styles = {"-": BAD, "+": GOOD, "@": QUIET}
    for line in _diff_lines(before, after):
        yield [(INDENT, ""), (make_printable(line), styles.get(line[:1], ""))]


def _diff_lines(before: Any, after: Any) -> Iterator[str]:
    lines = Effort().unified_diff_lines(_value_lines(before), _value_lines(after), end="")
    return (line for number, line in enumerate(lines) if number > 1)


def _value_lines(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text.split("\n")


def _row_parts(row: DiffRow) -> list[Part]:
    return [(text, _MARKS[mark]) for text, mark in row.pieces]
