"""Walking the tree without naming its classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.syntax import ast


def _children(node: ast.Node) -> Iterator[ast.Node]:
    fields: tuple[str, ...] = node._fields  # type: ignore[attr-defined]
    for field in fields:
        value: Any = getattr(node, field)
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, ast.Node):
                    yield item


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """`node` and everything below it, in source order."""
    yield node
    for child in _children(node):
        yield from walk(child)


def refs_outside_blocks(node: ast.Node | None) -> Iterator[ast.Ref]:
    """The references below `node` that are not in a block of statements, in source order."""
    if node is None or isinstance(node, ast.Block):
        return
    if isinstance(node, ast.Ref):
        yield node
    for child in _children(node):
        yield from refs_outside_blocks(child)


def statements(block: ast.Block) -> Iterator[ast.Stmt]:
    """Every statement of `block` and of the blocks inside it, outer ones first."""
    for node in walk(block):
        if isinstance(node, ast.Stmt):
            yield node
