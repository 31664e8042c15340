"""Former spellings: they are read, reported, and written anew by a fix.

repeat until sees "x" max 3 { }    while not sees "x" max 3 { }
checks { on failure "…" }          checks { cleanup "…" }
"""

from __future__ import annotations

from bisect import bisect_left

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import ast, errors
from .parser.lexer import Lexemes


def report_former_repeat(
    source: SourceFile, sink: Sink, tokens: Lexemes, statement: ast.WhileStmt, asked: ast.Node
) -> None:
    """Report a `repeat until asked`; the fix writes `while` with the negation.

    A comment in its head has no place in the negation, so that the head then stays as it is.
    """
    first = bisect_left(tokens.starts, statement.start)
    behind = statement.limit or statement.delay or statement.body
    # In front of a bound or a wait is its keyword.
    last = bisect_left(tokens.starts, behind.start) - (1 if behind is statement.body else 2)
    negated = negate_source(source, asked)
    head = Span(source, statement.start, tokens.ends[last])
    fixes: tuple[Fix, ...] = ()
    if not any("#" in blanks for blanks in tokens.blanks[first + 1 : last + 1]):
        fixes = (Fix(f"write `while {negated}`", (Edit(head, f"while {negated}"),), "safe"),)
    sink.report(
        errors.FORMER_SPELLING,
        Span(source, statement.start, tokens.ends[first + 1]),
        former="repeat until",
        now="while not",
        fixes=fixes,
    )


def negate_source(source: SourceFile, condition: ast.Node) -> str:
    """Return the negation of a condition as somebody would write it."""
    written = condition.span(source).text
    match condition:
        case ast.NotExpr(operand=ast.InExpr() as operand) if operand.start == condition.start:
            return _join(source, operand.operand, " in ", operand.values)
        case ast.NotExpr(operand=ast.EmptyExpr() as operand) if operand.start == condition.start:
            return f"{operand.operand.span(source).text} is empty"
        case ast.NotExpr(operand=operand):
            return operand.span(source).text
        case ast.EmptyExpr(operand=operand):
            return f"{operand.span(source).text} is not empty"
        case ast.CompareExpr(operator="==" | "!=" as operator):
            other = " != " if operator == "==" else " == "
            return _join(source, condition.left, other, condition.right)
        case ast.InExpr():
            return _join(source, condition.operand, " not in ", condition.values)
        case ast.AndExpr() | ast.OrExpr():
            return f"not ({written})"
        case _:
            return f"not {written}"


def _join(source: SourceFile, left: ast.Node, word: str, right: ast.Node) -> str:
    return f"{left.span(source).text}{word}{right.span(source).text}"


def report_former_cleanup(source: SourceFile, sink: Sink, start: int, text: ast.Text) -> None:
    """Report `on failure "..."` in `checks`."""
    words = Span(source, start, text.start)
    fix = Fix('write `cleanup "..."`', (Edit(words, "cleanup "),), "safe")
    sink.report(
        errors.FORMER_SPELLING,
        words,
        former="on failure",
        now="cleanup",
        fixes=() if "#" in words.text else (fix,),
    )
