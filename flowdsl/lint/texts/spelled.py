"""A text as it is compiled, each character with its place in the source."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.lint.context import LintContext
from flowdsl.semantics.values.spelling import spell_constant
from flowdsl.source.text import Span
from flowdsl.syntax import ast

VALUE = "_"
"""Stands for a value that only a run knows."""


class SpelledText:
    """A text as it is compiled.

    `text` has escapes resolved, the values of consts in the place of their names, and `VALUE` for
    other values. The indentation of a block is still there.
    """

    def __init__(self, context: LintContext, text: ast.Text) -> None:
        self._source = context.source
        found = list(_characters(context, text))
        self.text = "".join(char for char, _, _ in found)
        self._places = [(start, end) for _, start, end in found]

    def span(self, start: int, end: int) -> Span:
        """The place of `text[start:end]`, which must not be empty.

        For a part of the value of a const, that is the whole name.
        """
        return Span(self._source, self._places[start][0], self._places[end - 1][1])


def _characters(context: LintContext, text: ast.Text) -> Iterator[tuple[str, int, int]]:
    source = context.source.text
    escapes = () if text.form == ast.RAW else ("\\{", '\\"')
    for part in text.parts:
        match part:
            case ast.TextLiteral(start=start, end=end):
                for at in range(start, end):
                    if not source.startswith(escapes, at, end):
                        yield source[at], at, at + 1
            case ast.Ref(start=start, end=end):
                value = context.model.constants.get(part)
                for char in VALUE if value is None else spell_constant(value):
                    yield char, start, end
            case ast.TextComment(start=start, end=end):
                yield " ", start, end
