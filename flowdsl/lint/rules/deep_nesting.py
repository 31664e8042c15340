"""Blocks in blocks in blocks: a decision that depends on many others is hard to follow, for people and for the agent."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "deep-nesting",
    "style",
    "this block is nested {depth} deep, and {limit} is the most that is easy to follow",
    "move the inner part into a task, or leave early with `finish`, `fail` or `abort`",
)

OPTIONS = {"limit": 4}


def check(context: LintContext, statement: ast.Stmt) -> None:
    """Report the statements in an outermost nest whose blocks are below the limit."""
    limit = max(context.option(SPEC.name, "limit", OPTIONS["limit"]), 1)
    if context.source.text.count("{", statement.start, statement.end) <= limit:
        return
    crossing = _crossing(statement, limit)
    if not crossing or _is_inside_another(context, statement):
        return
    outermost = Label(context.keyword(statement), "the outermost block")
    for deep in crossing:
        context.report(
            SPEC, context.keyword(deep), depth=limit + 1, limit=limit, labels=(outermost,)
        )


def _own(statement: ast.Stmt) -> int:
    """How much deeper the blocks of a statement are than itself: a step is only a title."""
    return 0 if isinstance(statement, ast.StepStmt | ast.AnnotatedStmt) else 1


_WITH_BLOCKS = frozenset(
    (
        ast.AnnotatedStmt,
        ast.StepStmt,
        ast.IfStmt,
        ast.ForStmt,
        ast.RepeatStmt,
        ast.RetryStmt,
        ast.ChooseStmt,
        ast.WaitUntilStmt,
        ast.ExtractStmt,
        ast.CopyStmt,
        ast.ExpectStmt,
        ast.RunStmt,
    )
)


def _crossing(statement: ast.Stmt, limit: int) -> list[ast.Stmt]:
    """The statements whose own blocks are the first ones below the limit."""
    blocks = list(inner_blocks(statement))
    if not blocks:
        return []
    left = limit - _own(statement)
    if left < 0:
        return [statement]
    found: list[ast.Stmt] = []
    for inner in blocks:
        for each in inner.block.statements:
            if type(each) in _WITH_BLOCKS:
                found.extend(_crossing(each, left))
    return found


def _is_inside_another(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether a statement with blocks holds this one, which then is reported with it."""
    body = body_of(context.declaration)
    return body is not None and any(
        outer is not statement and _own(outer) and outer.start <= statement.start < outer.end
        for outer in context.statements(body)
    )
