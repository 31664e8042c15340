"""A wait of a fixed length: too short on a slow day, too long on every other."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "fixed-wait",
    "style",
    "this waits {duration} whatever the screen shows",
    'write what it waits for, as in `wait until "the results are listed"`',
)


def check(context: LintContext, statement: ast.WaitStmt) -> None:
    """Report the wait."""
    context.report(SPEC, context.span(statement), duration=statement.duration.text)
