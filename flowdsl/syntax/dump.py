"""A tree as text, for tests and `flowdsl debug`."""

from __future__ import annotations

from . import ast
from .visit import children, fields


def dump(node: ast.Node, *, offsets: bool = True) -> str:
    """The tree with one line for each node: indent, class, offsets, and its plain fields.

    The same in every run.
    """
    lines: list[str] = []
    pending = [(node, 0)]
    while pending:
        current, depth = pending.pop()
        place = f" {current.start}..{current.end}" if offsets else ""
        lines.append("  " * depth + type(current).__name__ + place + _values(current))
        pending += [(child, depth + 1) for child in reversed(list(children(current)))]
    return "\n".join(lines) + "\n"


def _values(node: ast.Node) -> str:
    plain = {
        name: value
        for name in fields(node)
        if isinstance(value := getattr(node, name), str | int | None)
        and name not in ("start", "end")
    }
    return "".join(f" {name}={value!r}" for name, value in plain.items())
