"""Walking over a tree without knowing its classes."""

from __future__ import annotations

from collections.abc import Iterator

from . import ast


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes directly below a node, in the order of its fields."""
    for name in fields(node):
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, ast.Node))


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """A node and every node below it, parents first."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending += reversed(list(children(current)))


def fields(node: ast.Node) -> tuple[str, ...]:
    """The names of a node's fields in declaration order."""
    names: tuple[str, ...] = type(node)._fields  # type: ignore[attr-defined]
    return names
