"""Blocks that no path goes on from."""

from __future__ import annotations

from flowdsl.syntax import ast

from ..program import Program
from ..traversal import inner_blocks


def leaves(block: ast.Block, program: Program | None = None) -> bool:
    """Whether no path goes on behind a block, because its last statement always leaves.

    That is a `fail`, `abort` or `finish`, a `step` whose block leaves, or an `if` or `match` with
    an `else` all of whose blocks do. What `program` has found so far tells of more: the call of a
    task that ends so, and choices without an `else` of which one branch is taken in any case.
    """
    if not block.statements:
        return False
    last = block.statements[-1]
    if isinstance(last, ast.StepStmt):
        return leaves(last.body, program)
    if isinstance(last, ast.IfStmt | ast.MatchStmt):
        if last.otherwise is None and (program is None or last not in program.complete):
            return False
        return all(leaves(inner.block, program) for inner in inner_blocks(last))
    if isinstance(last, ast.CallStmt):
        task = None if program is None else program.calls.get(last)
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
