"""A test, or a case of one, that expects nothing: it passes whatever its flow does."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.semantics.flow_tests.items import expects_something, runs_of
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "test-expects-nothing",
    "suspicious",
    "this {what} expects nothing, and passes whatever the flow does, as long as it ends well",
    'say what comes out or what is done, as in `outputs {{ total = 3 }}` or `does press "F5"`',
)


def check(context: LintContext, test: ast.TestDecl) -> None:
    """Report each run that is judged by nothing."""
    for title, items in runs_of(test):
        if not expects_something(items):
            what = "test" if title is test.title else "case"
            context.report(SPEC, context.span(title), what=what)
