"""A `for x in list max N` whose list can never hold as many as `N` entries."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.lint.context import LintContext
from flowdsl.semantics.model import INPUT
from flowdsl.semantics.names.paths import field_of
from flowdsl.source.text import Span
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "bound-above-max-items",
    "suspicious",
    "`max {bound}` never takes effect: {list} holds at most {most}",
    "remove `max {bound}`, or write the smaller bound that is meant",
)


def check(context: LintContext, statement: ast.ForStmt) -> None:
    """Report a bound that never takes effect."""
    limit = statement.limit
    if limit is None:
        return
    if isinstance(limit, ast.IntLit):
        bound: object = limit.value
    else:
        bound = context.model.constants.get(limit)
    most = _most(context, statement.iterable)
    if not isinstance(bound, int) or most is None or bound <= most:
        return
    iterable = context.span(statement.iterable)
    written = Span(context.source, statement.iterable.end, limit.end)
    fix = Fix(f"remove `{written.text.strip()}`", (Edit(written, ""),), "safe")
    list_ = f"`{iterable.text}`" if isinstance(statement.iterable, ast.Ref) else "the list"
    context.report(
        SPEC,
        context.span(limit),
        bound=context.span(limit).text,
        list=list_,
        most=most,
        fixes=(fix,),
    )


def _most(context: LintContext, iterable: ast.Ref | ast.IntLit | ast.ListExpr) -> int | None:
    """The most entries that a list can have; None where that is not certain.

    The service keeps the annotations of inputs; those of values that a run reads from the screen
    are only wishes.
    """
    if isinstance(iterable, ast.IntLit):
        return iterable.value
    if isinstance(iterable, ast.ListExpr):
        return len(iterable.items)
    model = context.model
    if iterable in model.constants:
        value = model.constants[iterable]
        return value if isinstance(value, int) else len(value) if isinstance(value, list) else None
    symbol = model.values.get(iterable)
    if symbol is None or symbol.kind != INPUT:
        return None
    field = field_of(model, iterable)
    return None if field is None else field.constraints.max_items
