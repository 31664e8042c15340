"""Blocks that are nested too deeply.

A decision that depends on many others is hard to follow, for people and for the agent.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import STYLE, Label
from flowdsl.lint.context import LintContext
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.syntax import ast
from flowdsl.syntax.statements import HOLDING, WITH_ELSE

SPEC = STYLE.spec(
    "deep-nesting",
    "this block is nested {depth} deep, and {limit} is the most that is easy to follow",
    "move the inner part into a task, or leave early with `finish`, `fail` or `abort`",
)

OPTIONS = {"limit": 4}


def check(context: LintContext, owner: ast.TaskDecl | ast.StepsSection) -> None:
    """Report the statements of a body that are the first below the limit."""
    limit = max(context.option(SPEC.name, "limit", OPTIONS["limit"]), 1)
    around: list[ast.Stmt] = []
    for statement in context.statements(owner.body):
        if type(statement) not in _NEST:
            continue
        while around and around[-1].end <= statement.start:
            around.pop()
        if type(statement) in _ONLY_ELSE and not any(inner_blocks(statement)):
            continue
        if len(around) == limit:
            outermost = Label(context.keyword(around[0]), "the outermost block")
            context.report(
                SPEC,
                context.keyword(statement),
                depth=limit + 1,
                limit=limit,
                labels=(outermost,),
            )
        around.append(statement)


_ONLY_ELSE = WITH_ELSE - HOLDING
_NEST = (WITH_ELSE | HOLDING) - {ast.StepStmt}
"""Statements that count as a level; a step is only a title."""
