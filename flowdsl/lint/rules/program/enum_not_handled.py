"""An `if` with several branches over the values of an enum that leaves some out."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.diagnostics.suggest import join_names
from flowdsl.lint.context import LintContext
from flowdsl.semantics.names.paths import presence_key
from flowdsl.semantics.names.scopes import PresenceKey
from flowdsl.semantics.statements.choices import ValueComparison, find_asked_values, not_asked
from flowdsl.semantics.types import Enum, strip_optional
from flowdsl.syntax import ast
from flowdsl.syntax.statements import conditions_of
from flowdsl.syntax.visit import walk

SPEC = SUSPICIOUS.spec("enum-not-handled", "{problem}")


def check(context: LintContext, statement: ast.IfStmt) -> None:
    """Report values that no branch handles."""
    model = context.model
    first = _find_asked_here(context, statement.branches[0].condition)
    if not first:
        return
    ref = first[0].ref
    key = presence_key(ref)
    if not isinstance(strip_optional(model.ref_types[ref]), Enum):
        return
    asked: set[str | int | None] = set()
    every_branch = True
    for branch in statement.branches:
        found = _find_asked_here(context, branch.condition)
        if found is None or any(presence_key(each.ref) != key for each in found):
            every_branch = False
            continue
        asked.update(each.value for each in found)
    if statement.otherwise is not None or not every_branch:
        return
    elsewhere = _find_asked_elsewhere(context, statement, key)
    left = not_asked(model.ref_types[ref], asked | elsewhere, True) or ()
    if left:
        written = context.span(ref).text
        values = join_names(map(str, left))
        lacking = "is no branch" if len(left) == 1 else "are no branches"
        context.report(
            SPEC,
            context.keyword(statement),
            problem=f"`{written}` may also be {values}, and there {lacking} for that",
            help=(
                "add a branch for each, or an `else`; an empty one says that nothing is to be done"
            ),
        )


def _find_asked_here(
    context: LintContext, condition: ast.Condition
) -> list[ValueComparison] | None:
    return find_asked_values(condition, context.model.constants, context.model.ref_types)


def _find_asked_elsewhere(
    context: LintContext, chain: ast.IfStmt, key: PresenceKey
) -> set[str | int | None]:
    """Return the values that other statements of the body compare the same reference with.

    They may be handled there.
    """
    found: set[str | int | None] = set()
    for statement in context.body_statements():
        if isinstance(statement, ast.MatchStmt) and presence_key(statement.operand) == key:
            found.update(value.value for each in statement.branches for value in each.values)
        elif statement is not chain:
            found.update(_find_compared_values(context, statement, key))
    return found


def _find_compared_values(
    context: LintContext, statement: ast.Stmt, key: PresenceKey
) -> Iterator[str | int | None]:
    for condition in conditions_of(statement):
        for node in walk(condition):
            if isinstance(node, ast.CompareExpr | ast.InExpr):
                asked = _find_asked_here(context, node) or ()
                yield from (each.value for each in asked if presence_key(each.ref) == key)
