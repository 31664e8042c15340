"""A layout algebra: a stream of texts, possible line breaks, groups and indents, and its layout.

A group stands on one line if it fits there with what follows up to the next possible line break;
otherwise the line breaks at each `Line` of the group itself. Streams are flat lists, so nesting
costs no recursion, and looking ahead ends at the right margin: laying out takes linear time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from flowdsl.source.record import Record

from .gaps import Gap
from .texts import INDENT, QUOTES, Block

WIDTH = 100


class Line(Record):
    """A possible line break; `flat` stands in its place if the group stands on one line."""

    flat: str


class Either(Record):
    """Text that depends on whether its group stands on one line."""

    flat: str
    broken: str


class _Mark(Record):
    name: str


OPEN = _Mark("open")
"""Begins a group."""
FORCED = _Mark("forced")
"""Begins a group that never stands on one line."""
CLOSE = _Mark("close")
BREAK = _Mark("break")
"""A line break."""
SPACE = Line(" ")
SOFT = Line("")

Part: TypeAlias = str | int | Line | Either | _Mark | Gap | Block
"""Numbers change the indent. A `Gap` writes its comments; a line break has to follow it."""


def render(parts: Sequence[Part], indent: int) -> str:
    """The text of a stream that begins on a line indented by `indent` already."""
    out: list[str] = []
    flat = [False]
    column = margin = indent
    for at, part in enumerate(parts):
        if type(part) is str:
            out.append(part)
            column += len(part)
        elif type(part) is int:
            indent += part
        elif part is OPEN:
            flat.append(flat[-1] or _fits(parts, at + 1, column, margin))
        elif part is FORCED:
            flat.append(False)
        elif part is CLOSE:
            flat.pop()
        elif part is BREAK or (type(part) is Line and not flat[-1]):
            out.append("\n" + " " * indent)
            column = margin = indent
        elif isinstance(part, Line | Either):
            text = part.broken if isinstance(part, Either) and not flat[-1] else part.flat
            out.append(text)
            column += len(text)
        elif isinstance(part, Gap):
            out += [] if part.trailing is None else [f"  {part.trailing}"]
            out += [f"\n{' ' * indent}{comment}" for _, comment in part.lines]
        elif isinstance(part, Block):
            lines = _block_text(part, margin)
            out.append(lines)
            column = len(lines) - lines.rfind("\n") - 1
    return "".join(out)


def _fits(parts: Sequence[Part], first: int, column: int, margin: int) -> bool:
    """Whether the group whose parts begin at `first` fits on one line from a column on.

    A text of several lines does not break its group: its first line and its last have to fit.
    """
    room = WIDTH - column
    depth = 1
    for at in range(first, len(parts)):
        part = parts[at]
        if type(part) is str:
            room -= len(part)
        elif type(part) is int:
            pass
        elif part is OPEN:
            depth += depth > 0
        elif part is CLOSE:
            depth -= depth > 0
        elif isinstance(part, Block):
            if room < len(part.opening):
                return False
            if not depth:
                return True
            room = WIDTH - margin - part.end
        elif not depth:
            if part is not FORCED and not isinstance(part, Either):
                return True
        elif isinstance(part, Line | Either):
            room -= len(part.flat)
        else:
            return False
        if room < 0:
            return False
    return True


def _block_text(block: Block, margin: int) -> str:
    """The text of a block literal that begins on a line indented by `margin`."""
    deeper = "\n" + " " * (margin + INDENT)
    lines = "".join(deeper + line if line else "\n" for line in block.lines)
    return block.opening + lines + ("" if block.closed else "\n" + " " * margin + QUOTES)
