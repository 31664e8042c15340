"""An `if` with several branches over the values of an enum that leaves some out or repeats one."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.diagnostics.suggest import listed
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.names.paths import presence_key
from flowdsl.semantics.types import Enum, strip_optional
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

SPEC = DiagnosticSpec("enum-not-handled", "suspicious", "{problem}")


def check(context: LintContext, statement: ast.IfStmt) -> None:
    """Report values that no branch handles, and branches for a value that has one already."""
    branches = statement.branches
    first = _comparisons(context, branches[0].condition)
    if first is None:
        return
    ref = first[0][0]
    enum = strip_optional(context.model.ref_types[ref])
    key = presence_key(ref)
    if not isinstance(enum, Enum):
        return
    asked: dict[str | int, ast.Node] = {}
    every_branch = True
    for branch in branches:
        pairs = _comparisons(context, branch.condition)
        if pairs is None or any(presence_key(other) != key for other, _, _ in pairs):
            every_branch = False
            continue
        for _, value, place in pairs:
            if value in asked:
                _report_again(context, ref, value, place, asked[value])
            else:
                asked[value] = place
    if statement.otherwise is not None or not every_branch or enum.open:
        return
    elsewhere = _compared_elsewhere(context, statement, key)
    left = [value for value in enum.values if value not in asked and value not in elsewhere]
    if left:
        written = context.span(ref).text
        lacking = "is no branch" if len(left) == 1 else "are no branches"
        context.report(
            SPEC,
            context.keyword(statement),
            problem=(
                f"`{written}` may also be {listed(map(str, left))}, and there {lacking} for that"
            ),
            help=(
                "add a branch for each, or an `else`; an empty one says that nothing is to be done"
            ),
        )


def _report_again(
    context: LintContext, ref: ast.Ref, value: str | int, place: ast.Node, first: ast.Node
) -> None:
    context.report(
        SPEC,
        context.span(place),
        problem=(
            f"`{context.span(ref).text}` is asked for `{value}` a second time, which is never "
            "reached"
        ),
        help="name another value, or remove the branch",
        labels=(Label(context.span(first), "handled here already"),),
    )


def _comparisons(
    context: LintContext, condition: ast.Condition
) -> list[tuple[ast.Ref, str | int, ast.Node]] | None:
    """The values that a condition asks for: `x == "a"`, or several of these with `or`.

    Each comes with its reference and its place. None for any other condition.
    """
    if isinstance(condition, ast.OrExpr):
        found: list[tuple[ast.Ref, str | int, ast.Node]] = []
        for operand in condition.operands:
            part = _comparisons(context, operand)
            if part is None:
                return None
            found.extend(part)
        return found
    if isinstance(condition, ast.CompareExpr) and condition.operator == "==":
        pair = _pair(context, condition)
        return None if pair is None else [pair]
    return None


def _pair(
    context: LintContext, comparison: ast.CompareExpr
) -> tuple[ast.Ref, str | int, ast.Node] | None:
    constants = context.model.constants
    for ref, other in (
        (comparison.left, comparison.right),
        (comparison.right, comparison.left),
    ):
        value = constants.get(other)
        if (
            isinstance(ref, ast.Ref)
            and ref in context.model.ref_types
            and isinstance(value, str | int)
        ):
            return ref, value, comparison
    return None


def _compared_elsewhere(
    context: LintContext, chain: ast.IfStmt, key: tuple[str, str, tuple[str | int, ...]]
) -> set[str | int]:
    """The values that other conditions of the body compare the same reference with.

    They may have been handled there.
    """
    found: set[str | int] = set()
    for condition in _conditions(context, chain):
        for node in walk(condition):
            if isinstance(node, ast.CompareExpr):
                pair = _pair(context, node)
                if pair is not None and presence_key(pair[0]) == key:
                    found.add(pair[1])
    return found


def _conditions(context: LintContext, chain: ast.IfStmt) -> Iterator[ast.Condition]:
    body = body_of(context.declaration)
    for statement in context.statements(body) if body is not None else ():
        if isinstance(statement, ast.IfStmt) and statement is not chain:
            for branch in statement.branches:
                yield branch.condition
        elif isinstance(statement, ast.RepeatStmt):
            yield statement.until
