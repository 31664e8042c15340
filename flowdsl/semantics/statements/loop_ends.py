"""Loops that cannot do what they are written for: no list fits them, or nothing ends them."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span, variable_set_by
from flowdsl.syntax.visit import walk

from .. import errors
from ..model import INPUT
from ..names.paths import field_of
from ..program import Program
from ..traversal import refs_outside_blocks


def check_some_list_fits(program: Program, source: SourceFile, statement: ast.ForStmt) -> None:
    """Report a `max` below the number of entries that the input always has at least."""
    limit, iterable = statement.limit, statement.iterable
    if limit is None or not isinstance(iterable, ast.Ref):
        return
    bound = limit.value if isinstance(limit, ast.IntLit) else program.constants.get(limit)
    symbol = program.values.get(iterable)
    if not isinstance(bound, int) or symbol is None or symbol.kind != INPUT:
        return
    field = field_of(program, iterable)
    least = None if field is None else field.constraints.min_items
    if field is None or least is None or bound >= least:
        return
    place = program.bound_places.get(field.constraints, {}).get("min_items")
    program.sink.report(
        errors.BOUND_BELOW_MIN_ITEMS,
        limit.span(source),
        bound=bound,
        list=iterable.span(source).text,
        least=least,
        labels=() if place is None else (Label(place, "the bound of the list"),),
    )


def check_may_end(program: Program, source: SourceFile, statement: ast.RepeatStmt) -> None:
    """Report a `repeat` whose condition asks for values alone that no round sets."""
    until = statement.until
    if any(isinstance(node, ast.SeesExpr) for node in walk(until)):
        return
    refs = refs_outside_blocks(until)
    if not all(ref in program.values for ref in refs):
        return
    set_inside = {
        name.text
        for each in program.statements(statement.body)
        if (name := variable_set_by(each)) is not None
    }
    asked = {ref.name.text for ref in refs if ref.sigil == ast.RUNTIME}
    if asked & set_inside:
        return
    program.sink.report(
        errors.REPEAT_NEVER_ENDS,
        keyword_span(statement, source),
        condition=" ".join(until.span(source).text.split()),
        labels=(Label(until.span(source), "what no round changes"),),
    )
