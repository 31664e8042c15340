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
    """Report a `repeat until asked`; the fix writes `while` with the opposite condition.

    A comment in its head may have no place there, so that the head then stays as it is.
    """
    first = bisect_left(tokens.starts, statement.start)
    behind = statement.limit or statement.delay or statement.body
    # In front of a bound or a wait is its keyword.
    last = bisect_left(tokens.starts, behind.start) - (1 if behind is statement.body else 2)
    condition = Span(source, tokens.starts[first + 2], tokens.ends[last])
    fixes: tuple[Fix, ...] = ()
    if not any("#" in blanks for blanks in tokens.blanks[first + 1 : last + 1]):
        prefix, edits = _negate(source, condition, asked)
        opening = Edit(Span(source, statement.start, condition.start), f"while {prefix}")
        fixes = (Fix("write `while` with the opposite condition", (opening, *edits), "safe"),)
    sink.report(
        errors.FORMER_SPELLING,
        Span(source, statement.start, tokens.ends[first + 1]),
        former="repeat until",
        now="while not",
        fixes=fixes,
    )


def _negate(source: SourceFile, whole: Span, condition: ast.Node) -> tuple[str, tuple[Edit, ...]]:
    """Return what stands before the negation of a condition, and the edits that negate it.

    They leave its operands alone, which other fixes may write anew. `whole` has the brackets around
    it, too.
    """

    def put(text: str, start: int, end: int) -> Edit:
        return Edit(Span(source, start, end), text)

    match condition:
        case ast.NotExpr(operand=ast.InExpr(operand=left, values=right) as inner) if (
            inner.start == condition.start
        ):
            return "", (put(" in ", left.end, right.start),)
        case ast.NotExpr(operand=ast.EmptyExpr(operand=ref) as inner) if (
            inner.start == condition.start
        ):
            return "", (put(" is empty", ref.end, condition.end),)
        case ast.NotExpr(operand=inner):
            behind = put("", inner.end, condition.end)
            before = put("", condition.start, inner.start)
            return "", (before, *((behind,) if behind.span.text else ()))
        case ast.CompareExpr(operator="==" | "!=" as operator):
            other = " != " if operator == "==" else " == "
            return "", (put(other, condition.left.end, condition.right.start),)
        case ast.InExpr(operand=left, values=right):
            return "", (put(" not in ", left.end, right.start),)
        case ast.EmptyExpr(operand=ref):
            return "", (put(" is not empty", ref.end, condition.end),)
        case ast.AndExpr() | ast.OrExpr() if condition.start == whole.start:
            return "not (", (put(")", whole.end, whole.end),)
        case _:
            return "not ", ()


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
