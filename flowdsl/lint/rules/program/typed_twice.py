"""Reports a `type` that adds to what another one has just typed into the same field.

Follows the statements of each block by itself: a step, like every statement with a block, ends what
was typed before it. Nothing is reported if a statement in between may empty the field, send it or
leave its form.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix, Label
from flowdsl.lint.bodies import NOTES, find_keyword
from flowdsl.lint.context import LintContext
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "field-typed-twice",
    "this is added to what {field} already holds",
    "write `over` to replace what the field holds, or type both in one text",
)

_LEAVES_FIELDS: tuple[type[ast.Node], ...] = (ast.TypeStmt, ast.ExpectStmt, *NOTES)
"""Statements, if without a block, that leave what other fields hold as it is."""


def check(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> None:
    """Report the fields that are typed into twice, in each block of a body."""
    body = context.body
    if body is None or context.may_lack_statements():
        return
    _check_block(context, body)
    for statement in context.statements(body):
        for inner in inner_blocks(statement):
            _check_block(context, inner.block)


def _check_block(context: LintContext, block: ast.Block) -> None:
    typed: dict[str, ast.TypeStmt] = {}
    for statement in block.statements:
        if not isinstance(statement, _LEAVES_FIELDS) or inner_blocks(statement):
            typed.clear()
        elif isinstance(statement, ast.TypeStmt):
            field = " ".join(context.span(statement.target).text.split()).casefold()
            earlier = typed.get(field)
            if earlier is not None and not statement.over:
                _report(context, earlier, statement)
            typed[field] = statement


def _report(context: LintContext, earlier: ast.TypeStmt, later: ast.TypeStmt) -> None:
    target = later.target
    into = find_keyword(context.source, "into", (later.display or later.value).end, target.start)
    assert into is not None, "the statement was parsed with it, and has no `over`"
    context.report(
        SPEC,
        context.span(target),
        field=context.span(target).text,
        labels=(Label(context.span(earlier.target), "typed into here before"),),
        fixes=(Fix("write `over`", (Edit(into, "over"),), "unsafe"),),
    )
