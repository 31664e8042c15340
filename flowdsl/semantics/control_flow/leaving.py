"""Blocks that no path goes on from."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.syntax import ast

from ..model import TaskSymbol
from ..traversal import inner_blocks

NO_CALLS: Mapping[ast.CallStmt, TaskSymbol] = {}


def leaves(block: ast.Block, calls: Mapping[ast.CallStmt, TaskSymbol] = NO_CALLS) -> bool:
    """Whether no path goes on behind a block, because its last statement always leaves.

    That is a `fail`, `abort` or `finish`, the call of a task that ends with one of them (as far as
    `calls` tell), or a `step` or an `if` with an `else` all of whose blocks leave.
    """
    if not block.statements:
        return False
    last = block.statements[-1]
    if isinstance(last, ast.StepStmt):
        return leaves(last.body, calls)
    if isinstance(last, ast.IfStmt):
        bodies = [branch.body for branch in last.branches]
        if last.otherwise is None:
            return False
        return all(leaves(body, calls) for body in (*bodies, last.otherwise))
    if isinstance(last, ast.CallStmt):
        task = calls.get(last)
        return task is not None and leaves(task.declaration.body)
    return isinstance(last, ast.FailStmt | ast.AbortStmt | ast.FinishStmt)


def leaves_after(block: ast.Block, statement: ast.Stmt) -> bool:
    """Whether the run leaves `block` for good after `statement`, which stands inside it."""
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
