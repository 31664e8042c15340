"""Rules about conditions for which there is a shorter form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from flowdsl.diagnostics.diagnostic import STYLE, Edit, Fix
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.triggers import leaves_unless
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import conditions_of
from flowdsl.syntax.visit import walk

# An `if not c` that only ends the run or the attempt: an `expect` with an `else`.

EXPECT_WRITTEN_AS_IF = STYLE.spec(
    "expect-written-as-if",
    "this `if not` says what is expected",
    "write `expect {condition} else {word} ...`",
)


def check_expect_written_as_if(context: LintContext, statement: ast.IfStmt) -> None:
    """Report an `if` that does nothing but leave unless something is so."""
    leaving = leaves_unless(context, statement)
    if leaving is None:
        return
    condition = statement.branches[0].condition
    assert isinstance(condition, ast.NotExpr)
    operand = condition.operand
    begin = operand.text.start if isinstance(operand, ast.SeesExpr) else operand.start
    opens = context.source.text[condition.start : operand.start].count("(")
    behind = context.source.text[operand.end : leaving.start]
    written = context.source.text[begin : operand.end]
    sees = any(isinstance(node, ast.SeesExpr) for node in walk(operand))
    edits = (
        Edit(Span(context.source, statement.start, begin), "expect "),
        Edit(Span(context.source, operand.end, leaving.start), " else "),
        Edit(Span(context.source, leaving.end, statement.end), ""),
    )
    plain = opens == behind.count(")") and not any("#" in each.span.text for each in edits)
    # In a test that says nothing, what is expected is seen, and what is asked is not.
    fix = Fix("write `expect`", edits, "unsafe" if sees else "safe")
    context.report(
        EXPECT_WRITTEN_AS_IF,
        context.keyword(statement),
        condition=" ".join(written.split()),
        word=context.keyword(leaving).text,
        fixes=(fix,) if plain else (),
    )


# The same value compared with one after the other: an `in`.

IN_WRITTEN_AS_OR = STYLE.spec(
    "in-written-as-or",
    "these {number} comparisons are one `{word}`",
    "write `{written}`",
)


def check_in_written_as_or(context: LintContext, statement: ast.Stmt) -> None:
    """Report the comparisons of one value with several."""
    for condition in conditions_of(statement):
        for node in walk(condition):
            if isinstance(node, ast.OrExpr | ast.AndExpr):
                for compared in repeated_comparisons(context, node):
                    _report_comparisons(context, node, compared)


def repeated_comparisons(
    context: LintContext, condition: ast.OrExpr | ast.AndExpr
) -> Iterator[Sequence[ast.CompareExpr]]:
    """Yield the comparisons of one value with several literals that stand in a row."""
    operator = "==" if isinstance(condition, ast.OrExpr) else "!="

    def compared_value(operand: ast.Condition) -> str:
        if (
            isinstance(operand, ast.CompareExpr)
            and operand.operator == operator
            and isinstance(operand.left, ast.Ref)
            and _is_literal(operand.right)
        ):
            return context.span(operand.left).text
        return ""

    for value, group in groupby(condition.operands, compared_value):
        found = [each for each in group if isinstance(each, ast.CompareExpr)]
        if value and len(found) > 1:
            yield found


def _is_literal(operand: ast.Operand) -> bool:
    """Whether an operand is a number, or a text without variables, in the form of list entries."""
    if isinstance(operand, ast.Text):
        return not any(isinstance(part, ast.Ref | ast.TextComment) for part in operand.parts)
    return isinstance(operand, ast.IntLit | ast.NumberLit)


def _report_comparisons(
    context: LintContext,
    condition: ast.OrExpr | ast.AndExpr,
    compared: Sequence[ast.CompareExpr],
) -> None:
    word = "in" if isinstance(condition, ast.OrExpr) else "not in"
    values = list(dict.fromkeys(context.span(each.right).text for each in compared))
    if len(values) < len(compared):
        return
    place = Span(context.source, compared[0].start, compared[-1].end)
    written = f"{context.span(compared[0].left).text} {word} [{', '.join(values)}]"
    plain = place.text.count("(") == place.text.count(")") and "#" not in place.text
    context.report(
        IN_WRITTEN_AS_OR,
        place,
        number=len(compared),
        word=word,
        written=written,
        fixes=(Fix(f"write `{word}`", (Edit(place, written),), "safe"),) if plain else (),
    )


RULES = (
    LoadedRule(EXPECT_WRITTEN_AS_IF, check_expect_written_as_if),
    LoadedRule(IN_WRITTEN_AS_OR, check_in_written_as_or),
)
