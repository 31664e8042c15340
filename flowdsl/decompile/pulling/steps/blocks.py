"""Blocks of the source: which statements stand in them, and which calls brought in the others."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ..attempts import EditContext
from .tree import Placed

Range = tuple[int, int, int, int]
"""Start and end of placed units, and start and end of the wanted units that go in their place."""


class Place(Record):
    """A block of the source into which statements go; `loop` is the variable of the loop around."""

    path: str
    block: ast.Block
    owner: ast.TaskDecl | ast.WorkflowDecl
    loop: str | None


def widened(
    placed: Sequence[Placed], opcodes: Sequence[tuple[str, int, int, int, int]]
) -> list[Range]:
    """The ranges that differ, each grown to whole statements where a `do` became several lines."""
    found: list[list[int]] = []
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            continue
        while 0 < i1 < len(placed) and placed[i1].part > 0:
            i1, j1 = i1 - 1, j1 - 1
        while 0 < i2 < len(placed) and placed[i2].part > 0:
            i2, j2 = i2 + 1, j2 + 1
        if found and i1 < found[-1][1]:
            found[-1][1], found[-1][3] = max(i2, found[-1][1]), max(j2, found[-1][3])
        else:
            found.append([i1, i2, j1, j2])
    return [(a, b, c, d) for a, b, c, d in found]


def moved(at: int, ranges: Sequence[Range], *, end: bool) -> int:
    """The position among the wanted units of the position `at` among the placed ones.

    Where units are inserted exactly at `at`, `end` says that the position after them is meant.
    """
    shift = 0
    for i1, i2, j1, j2 in ranges:
        if i2 < at or (i2 == at and (end or i1 < i2)):
            shift = j2 - i2
        elif i1 < at:
            return min(j1 + at - i1, j2)
    return at + shift


def blocks(statement: ast.Stmt) -> list[ast.Block | ast.Stmt | None]:
    """The blocks of a statement in the order of `ir.walk.inner_bodies`.

    An `else` that only leaves comes as that statement.
    """
    match statement:
        case ast.StepStmt(body=body) | ast.ForStmt(body=body):
            return [body]
        case (
            ast.IfStmt(branches=branches, otherwise=otherwise)
            | ast.MatchStmt(branches=branches, otherwise=otherwise)
        ):
            return [*(each.body for each in branches), otherwise]
        case ast.RetryStmt(body=body, otherwise=otherwise):
            return [body, otherwise]
        case ast.RepeatStmt(body=body, otherwise=otherwise):
            return [body, None if otherwise is None else otherwise.action]
        case (
            ast.ChooseStmt(otherwise=otherwise)
            | ast.WaitUntilStmt(otherwise=otherwise)
            | ast.ExtractStmt(otherwise=otherwise)
            | ast.CopyStmt(otherwise=otherwise)
            | ast.ExpectStmt(otherwise=otherwise)
            | ast.RunStmt(otherwise=otherwise)
        ):
            return [None if otherwise is None else otherwise.action]
        case _:
            return []


def call_of(
    context: EditContext, placed: Sequence[Placed], inner: Placed, where: Place
) -> ast.Stmt | None:
    """The `call` in a block through which a statement of a task came in; None if it is unclear."""
    if inner.home is None or inner.home.block is where.block:
        return None
    at = placed.index(inner)
    own = [
        each.home.outer
        for each in placed[:at]
        if each.home is not None and each.home.block is where.block
    ]
    later = next(
        (
            each.home.outer
            for each in placed[at:]
            if each.home is not None and each.home.block is where.block
        ),
        None,
    )
    statements = list(where.block.statements)
    start = statements.index(own[-1]) + 1 if own and own[-1] in statements else 0
    end = statements.index(later) if later in statements else len(statements)
    calls = [
        each
        for each in statements[start:end]
        if isinstance(each, ast.CallStmt) and _reaches(context, each, inner.home.owner, 0)
    ]
    return calls[0] if len(calls) == 1 else None


def _reaches(context: EditContext, call: ast.CallStmt, owner: ast.Node, depth: int) -> bool:
    """Whether a call leads to statements of a task, directly or through other calls."""
    task = context.built.model.calls.get(call)
    if task is None or depth > 20:
        return False
    if task.declaration is owner:
        return True
    inner = context.built.model.bodies.get(task.declaration.body, ())
    return any(
        _reaches(context, each, owner, depth + 1)
        for each in inner
        if isinstance(each, ast.CallStmt)
    )
