"""Checks loops: their entries, limits and delays, and whether they can run and end."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.suggest import prefix_article
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span, variable_set_by
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..model import INPUT, ValueSymbol
from ..names.paths import field_of
from ..names.references import describe_allowed_kinds
from ..names.scopes import ValueScope
from ..program import Program
from ..traversal import refs_outside_blocks
from ..types import (
    ANY,
    INT,
    STRING,
    UNKNOWN,
    Enum,
    ListOf,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from ..values.expressions import check_value, infer_type
from ..values.fitting import check_fit

# Bounds: the entries of a `for`, limits of loops and attempts, durations.


def entries_of(scope: ValueScope, statement: ast.ForStmt) -> Type:
    """Return the type of the entries of a `for`.

    What is no list, a list without a bound and a count below 1 are reported.
    """
    program = scope.program
    iterable = statement.iterable
    if isinstance(iterable, ast.IntLit):
        infer_type(scope, iterable, places.LOOP_SOURCE)
        report_count_below_one(scope, iterable)
        return INT
    type_ = infer_type(scope, iterable, places.LOOP_SOURCE)
    inner = strip_optional(type_)
    constant = iterable in program.constants
    if inner == INT and constant and not isinstance(iterable, ast.ListExpr):
        report_count_below_one(scope, iterable)
        return INT
    if isinstance(inner, Unknown):
        return UNKNOWN
    if not isinstance(inner, ListOf) and inner != ANY:
        span = iterable.span(scope.source)
        scope.report(errors.NOT_A_LIST, span, written=span.text, type=describe_type(type_))
        return UNKNOWN
    if statement.limit is None and not constant and not _is_bounded(program, iterable):
        span = iterable.span(scope.source)
        scope.report(errors.MISSING_BOUND, span, statement="for", after="the list")
    return _element_of(inner, program.constants.get(iterable))


def _is_bounded(program: Program, iterable: ast.Ref | ast.ListExpr) -> bool:
    if isinstance(iterable, ast.ListExpr):
        return True
    field = field_of(program, iterable)
    return field is not None and field.constraints.max_items is not None


def _element_of(list_type: Type, value: Any) -> Type:
    """Return the type of the entries of a list; for a known list of texts, their enum."""
    if not isinstance(list_type, ListOf):
        return ANY
    if list_type.element == STRING and isinstance(value, list) and value:
        return Enum(tuple(dict.fromkeys(value)))
    return list_type.element


def check_loop_bound(scope: ValueScope, limit: ast.IntLit | ast.ConstRef) -> None:
    """Check the `max` of a loop: a bound as of `check_bound`, or an input with a `@max`."""
    symbol = None
    if isinstance(limit, ast.ConstRef) and limit.name.namespace is None:
        symbol = scope.symbols.get(limit.name.name.text)
    if symbol is None:
        check_bound(scope, limit)
    elif symbol.kind == INPUT and isinstance(limit, ast.ConstRef):
        _check_input(scope, limit, symbol)
    else:
        scope.report(
            errors.MISPLACED_VALUE,
            limit,
            name=symbol.name,
            kind=prefix_article(symbol.kind),
            place=places.BOUND.title,
            allowed=describe_allowed_kinds(places.BOUND),
            labels=(Label(symbol.span, f"the {symbol.title} is declared here"),),
        )


def _check_input(scope: ValueScope, limit: ast.ConstRef, symbol: ValueSymbol) -> None:
    """Check an input that bounds a loop.

    Whoever starts a run chooses the value, so it needs an upper bound: the maximum cost of the run
    has to be known in advance.
    """
    scope.program.values[limit] = symbol
    check_fit(scope, limit, symbol.type, INT, places.BOUND, "a bound")
    field = symbol.field
    if field is None or symbol.type != INT:
        return
    span = limit.span(scope.source)
    label = Label(symbol.span, "the input is declared here")
    if field.constraints.maximum is None:
        scope.report(errors.BOUND_WITHOUT_MAX, span, name=symbol.name, labels=(label,))
    default = field.default if field.has_default else None
    for value, verb in (
        (field.constraints.maximum, "is"),
        (field.constraints.minimum, "may be"),
        (default, "may be"),
    ):
        if isinstance(value, int) and value < 1:
            help = f"the least is 1: `{symbol.name}` {verb} less"
            scope.report(errors.BOUND_TOO_SMALL, span, value=value, help=help, labels=(label,))
            break


def check_bound(scope: ValueScope, limit: ast.IntLit | ast.ConstRef) -> None:
    """Check the bound of a loop or of its attempts: an integer, 1 or more."""
    check_value(scope, limit, INT, places.CONSTANT, "a bound")
    report_count_below_one(scope, limit)


def report_count_below_one(scope: ValueScope, count: ast.IntLit | ast.ConstRef | ast.Ref) -> None:
    """Report a known number below 1."""
    value = count.value if isinstance(count, ast.IntLit) else scope.program.constants.get(count)
    if type(value) is int and value < 1:
        scope.report(errors.BOUND_TOO_SMALL, count, value=value)


def check_duration(scope: ValueScope, duration: ast.Duration | None) -> None:
    """Report a duration of zero."""
    if duration is not None and duration.milliseconds < 1:
        help = "the least is `1ms`"
        scope.report(errors.BOUND_TOO_SMALL, duration, value=duration.text, help=help)


# Loops that cannot work: no list is short enough, or nothing ends them.


def check_some_list_fits(program: Program, source: SourceFile, statement: ast.ForStmt) -> None:
    """Report a `max` below the minimum number of entries of the input."""
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


def check_may_end(
    program: Program, source: SourceFile, statement: ast.WhileStmt | ast.RepeatStmt
) -> None:
    """Report a loop whose condition reads only values that no pass of the loop sets."""
    condition = statement.condition
    if any(isinstance(node, ast.SeesExpr) for node in walk(condition)):
        return
    refs = refs_outside_blocks(condition)
    if not all(ref in program.values for ref in refs):
        return
    body = program.statements(statement.body)
    set_inside = {name.text for each in body if (name := variable_set_by(each)) is not None}
    emitted = {each.name.text for each in body if isinstance(each, ast.EmitStmt)}
    for ref in refs:
        inside = set_inside | emitted if program.values[ref].is_output else set_inside
        if ref.name.text in inside:
            return
    keyword = keyword_span(statement, source)
    program.sink.report(
        errors.REPEAT_NEVER_ENDS,
        keyword,
        loop=keyword.text,
        condition=" ".join(condition.span(source).text.split()),
        labels=(Label(condition.span(source), "what no round changes"),),
    )
