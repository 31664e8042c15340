"""Former spellings: they are read, reported, and written anew by a fix.

type {{total}} into "Sum"           type total into "Sum"
do "Note {{total}}."                do "Note {total}."
repeat until sees "x" max 3 { }     while not sees "x" max 3 { }
checks { on failure "…" }           checks { cleanup "…" }

Their fixes count only all together, so that their edits are small: none holds text of the source,
in which another may lie.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import ast, errors
from .parser.lexer import TERMINAL, Lexemes
from .texts.variables import TWO_BRACES

_OF_PROMPTS = (["prompt", "contains"], ["prompt", "omits"])
"""The words in front of a text that says how a prompt is spelt."""
_NO_TEXTS = frozenset(("press", "test", "case", "as", "using"))
"""The words in front of a string that holds no values."""
_WORD = re.compile(r"\w")


def report_former_values(source: SourceFile, sink: Sink, unread: Iterable[ast.Node]) -> None:
    """Report each `{{name}}`, in code and in texts but those that speak of the prompt.

    What stands in a part that is `unread` has an error of its own.
    """
    tokens = Lexemes(source.text)
    words, kinds = tokens.words, tokens.kinds
    for at, word in enumerate(words):
        if "{{" not in word or words[at - 1] in _NO_TEXTS:
            continue
        start = tokens.starts[at]
        if any(part.start <= start < part.end for part in unread):
            continue
        if kinds[at] == TERMINAL["RUNTIME"]:
            text = source.text
            before = " " if _WORD.match(text[start - 1 : start]) else ""
            behind = " " if _WORD.match(text[start + len(word) : start + len(word) + 1]) else ""
            _report(source, sink, Span(source, start, start + len(word)), before, behind)
        elif kinds[at] != TERMINAL["RAW"] and words[max(at - 2, 0) : at] not in _OF_PROMPTS:
            for found in TWO_BRACES.finditer(word):
                if found[1] is not None:
                    place = Span(source, start + found.start(1), start + found.end(1))
                    _report(source, sink, place, "{", "}")


def _report(source: SourceFile, sink: Sink, place: Span, before: str, behind: str) -> None:
    written = place.text
    path = written.strip("{} \t")
    first = place.start + written.index(path)
    edits = (
        Edit(Span(source, place.start, first), before),
        Edit(Span(source, first + len(path), place.end), behind),
    )
    now = f"{before}{path}{behind}".strip()
    fix = Fix(f"write `{now}`", edits, "safe")
    sink.report(errors.FORMER_SPELLING, place, former=written, now=now, fixes=(fix,))


def report_former_repeat(
    source: SourceFile, sink: Sink, tokens: Lexemes, statement: ast.WhileStmt, asked: ast.Node
) -> None:
    """Report a `repeat until asked`; the fix writes `while` with the negation.

    It changes words and signs alone, so that comments and values in the head stay.
    """
    first = bisect_left(tokens.starts, statement.start)
    behind = statement.limit or statement.delay or statement.body
    # In front of a bound or a wait is its keyword.
    last = bisect_left(tokens.starts, behind.start) - (1 if behind is statement.body else 2)
    edits = _negate(source, tokens, range(first + 2, last + 1), asked)
    edits += _write_one(source, tokens, first, "while")
    words = Span(source, statement.start, tokens.ends[first + 1])
    sink.report(
        errors.FORMER_SPELLING,
        words,
        former="repeat until",
        now="while not",
        fixes=(Fix("write `while` with the negation", tuple(edits), "safe"),),
    )


def _negate(source: SourceFile, tokens: Lexemes, head: range, asked: ast.Node) -> list[Edit]:
    """Return the edits that negate the condition `asked` as somebody would write it.

    `head` are the tokens of the condition.
    """

    def insert(offset: int, word: str) -> Edit:
        return Edit(Span(source, offset, offset), word)

    def find(word: str, behind: int) -> int:
        return next(at for at in head if tokens.starts[at] >= behind and tokens.words[at] == word)

    start, end = tokens.starts[head[0]], tokens.ends[head[-1]]
    match asked:
        case ast.NotExpr(operand=operand):
            is_prefix = operand.start > asked.start
            at = find("not", asked.start if is_prefix else operand.operand.end)  # type: ignore[union-attr]
            behind = tokens.starts[at + 1] if tokens.blanks[at + 1].isspace() else tokens.ends[at]
            return [Edit(Span(source, tokens.starts[at], behind), "")]
        case ast.CompareExpr(operator="==" | "!=" as operator):
            at = find(operator, asked.left.end)
            other = "!=" if operator == "==" else "=="
            return [Edit(Span(source, tokens.starts[at], tokens.ends[at]), other)]
        case ast.InExpr() | ast.EmptyExpr():
            word = "in" if isinstance(asked, ast.InExpr) else "empty"
            return [insert(tokens.starts[find(word, asked.operand.end)], "not ")]
        case ast.AndExpr() | ast.OrExpr() if asked.start == start:
            return [insert(start, "not ("), insert(end, ")")]
        case _:
            return [insert(start, "not ")]


def report_former_cleanup(source: SourceFile, sink: Sink, tokens: Lexemes, start: int) -> None:
    """Report `on failure "..."` in `checks`."""
    first = bisect_left(tokens.starts, start)
    words = Span(source, start, tokens.ends[first + 1])
    fix = Fix('write `cleanup "..."`', tuple(_write_one(source, tokens, first, "cleanup")), "safe")
    sink.report(errors.FORMER_SPELLING, words, former="on failure", now="cleanup", fixes=(fix,))


def _write_one(source: SourceFile, tokens: Lexemes, first: int, word: str) -> list[Edit]:
    """Return the edits that put one word in the place of two; a comment between them stays."""
    start, middle, end = tokens.starts[first], tokens.ends[first], tokens.ends[first + 1]
    if tokens.blanks[first + 1].isspace():
        return [Edit(Span(source, start, end), word)]
    behind = Edit(Span(source, tokens.starts[first + 1], end), "")
    return [Edit(Span(source, start, middle), word), behind]
