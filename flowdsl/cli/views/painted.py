"""Styled lines for a terminal, and the same lines without colour."""

from __future__ import annotations

from collections.abc import Iterable

GOOD, BAD, WARNED, QUIET = "green", "red", "yellow", "dim"
ADDED, REMOVED = "green underline", "red strike"
Part = tuple[str, str]
"""Text and its style, or an empty string. Without colour, words in `ADDED` and `REMOVED` get marks.
"""


def paint_lines(lines: Iterable[list[Part]], color: bool) -> str:
    """The lines as coloured text, or as plain text.

    In plain text, added and removed words have the marks of `git diff --word-diff`.
    """
    if not color:
        marks = {REMOVED: ("[-", "-]"), ADDED: ("{+", "+}")}
        return "\n".join(
            "".join(text.join(marks[style]) if style in marks else text for text, style in line)
            for line in lines
        )
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    sheet = StringIO()
    console = Console(file=sheet, force_terminal=True, color_system="standard", width=10_000)
    for line in lines:
        console.print(Text.assemble(*((text, style) for text, style in line)), soft_wrap=True)
    return sheet.getvalue().rstrip("\n")
