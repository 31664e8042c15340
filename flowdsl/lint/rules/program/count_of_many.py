"""Reports `count of` a list that may be too long for an agent to count."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.semantics.names.paths import field_of
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

SPEC = SUSPICIOUS.spec(
    "count-of-many",
    "an agent counts `{name}`, which may have {most} entries, and miscounts long lists",
    "read the number where the screen shows it, pass it as an input, or write `@max_items({few})` "
    "if there are no more",
)

_FEW = 30
"""The most entries that an agent counts well."""


def check(context: LintContext, module: ast.Module) -> None:
    """Report the lists that are counted and may have more than `_FEW` entries by their bounds."""
    model = context.model
    for node in walk(module):
        counted = node.counted if isinstance(node, ast.CountExpr | ast.Ref) else None
        if counted is None or counted in model.constants or counted not in model.values:
            continue
        field = field_of(model, counted)
        most = None if field is None else field.constraints.max_items
        if most is not None and most > _FEW:
            span = context.span(counted)
            context.report(SPEC, span, name=span.text, most=most, few=_FEW)
