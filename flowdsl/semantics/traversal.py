"""Walking the tree without naming its classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.source.record import Record
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
    """Every statement of `block` and of the blocks inside it, outer ones first; tasks that are called are not entered."""
    for statement in block.statements:
        yield statement
        if isinstance(statement, ast.AnnotatedStmt):
            yield statement.statement
        for inner in inner_blocks(statement):
            yield from statements(inner.block)


class InnerBlock(Record):
    """A block of a statement. `may_skip`: it may not run; `may_repeat`: it may run more than once."""

    block: ast.Block
    may_skip: bool
    may_repeat: bool


def inner_blocks(statement: ast.Stmt) -> Iterator[InnerBlock]:
    """The blocks that stand directly in a statement, in source order."""
    match statement:
        case ast.AnnotatedStmt():
            yield from inner_blocks(statement.statement)
        case ast.StepStmt():
            yield InnerBlock(statement.body, False, False)
        case ast.IfStmt():
            for branch in statement.branches:
                yield InnerBlock(branch.body, True, False)
            if statement.otherwise is not None:
                yield InnerBlock(statement.otherwise, True, False)
        case ast.ForStmt():
            yield InnerBlock(statement.body, True, True)
        case ast.RetryStmt():
            yield InnerBlock(statement.body, True, True)
            if statement.otherwise is not None:
                yield InnerBlock(statement.otherwise, True, False)
        case ast.RepeatStmt():
            yield InnerBlock(statement.body, True, True)
            yield from _otherwise(statement.otherwise)
        case (
            ast.ChooseStmt()
            | ast.WaitUntilStmt()
            | ast.ExtractStmt()
            | ast.CopyStmt()
            | ast.ExpectStmt()
            | ast.RunStmt()
        ):
            yield from _otherwise(statement.otherwise)
        case _:
            pass


def _otherwise(otherwise: ast.Otherwise | None) -> Iterator[InnerBlock]:
    if otherwise is not None and isinstance(otherwise.action, ast.Block):
        yield InnerBlock(otherwise.action, True, False)
