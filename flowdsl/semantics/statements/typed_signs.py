"""Text to be typed that names a value by its sign alone, as in `type "$pin" into "PIN"`."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import RUNTIME, SECRET, ValueSymbol
from ..names.scopes import ValueScope
from ..program import Program

_SIGN = re.compile(r"\$(?P<name>[A-Za-z_]\w*)")


def check_typed_signs(program: Program, scope: ValueScope, statement: ast.TypeStmt) -> None:
    """Report each `$name` in a typed text, where `name` is a value that might be meant."""
    text = statement.value
    if not isinstance(text, ast.Text):
        return
    source = scope.module.source
    for part in text.parts:
        if not isinstance(part, ast.TextLiteral):
            continue
        for found in _SIGN.finditer(source.text, part.start, part.end):
            symbol = scope.symbols.get(found["name"])
            if symbol is not None:
                place = Span(source, *found.span())
                _report(program, place, text.span(source), symbol)


def _report(program: Program, place: Span, whole: Span, symbol: ValueSymbol) -> None:
    """Report one `$name`; `whole` is the text that it stands in, with its quotes."""
    if whole.text.strip('"').strip() == place.text:
        right, replaced = _alone(symbol), whole
    else:
        right, replaced = _in_text(symbol), place
    program.sink.report(
        errors.SIGN_IN_TYPED_TEXT,
        place,
        written=place.text,
        kind=symbol.kind,
        name=symbol.name,
        right=right,
        labels=(Label(symbol.span, f"the {symbol.kind} is declared here"),),
        fixes=(Fix(f"write `{right}`", (Edit(replaced, right),), "unsafe"),),
    )


def _alone(symbol: ValueSymbol) -> str:
    """A value as it is written in the place of a text."""
    if symbol.kind == RUNTIME:
        return f"{{{{{symbol.name}}}}}"
    return f"${symbol.name}" if symbol.kind == SECRET else symbol.name


def _in_text(symbol: ValueSymbol) -> str:
    """A value as it is written inside a text."""
    return _alone(symbol) if symbol.kind == RUNTIME else f"{{{_alone(symbol)}}}"
