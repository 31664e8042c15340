"""Blocks that no path goes on from."""

from __future__ import annotations

from flowdsl.syntax import ast

from .traversal import inner_blocks


def leaves(block: ast.Block) -> bool:
    """Whether the statement that a block ends with always leaves it (`fail`, `abort`, `finish`)."""
    if not block.statements:
        return False
    last = block.statements[-1]
    if isinstance(last, ast.StepStmt):
        return leaves(last.body)
    if isinstance(last, ast.IfStmt):
        bodies = [branch.body for branch in last.branches]
        return last.otherwise is not None and all(map(leaves, [*bodies, last.otherwise]))
    return isinstance(last, ast.FailStmt | ast.AbortStmt | ast.FinishStmt)


def leaves_after(block: ast.Block, statement: ast.Stmt) -> bool:
    """Whether the run leaves `block` for good after a statement inside it."""
    if leaves(block):
        return True
    around = [
        inner.block
        for outer in block.statements
        if outer.start <= statement.start and statement.end <= outer.end
        for inner in inner_blocks(outer)
        if inner.block.start <= statement.start and statement.end <= inner.block.end
    ]
    return any(leaves_after(inner, statement) for inner in around)
