"""Checks conditions: their types, and which values they prove to be present."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..model import CONST, ENVIRONMENT
from ..names.paths import entries_key, presence_key
from ..names.references import resolve_ref
from ..names.scopes import PresenceKey, ValueScope
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    STRING,
    Enum,
    ListOf,
    Optional,
    Primitive,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from ..values.annotations import check_runnable_pattern
from ..values.assignability import ORDERED, TEXTUAL, can_be_equal, can_be_ordered
from ..values.expressions import NULL, check_text, infer_type
from ..values.fitting import check_spelling, quote_enum_values
from ..values.formats import has_spelling

_NOTHING: frozenset[PresenceKey] = frozenset()


class ConditionFacts(Record):
    """The references that have a value if a condition holds, and if it does not."""

    when_true: frozenset[PresenceKey] = _NOTHING
    when_false: frozenset[PresenceKey] = _NOTHING


NO_FACTS = ConditionFacts()


def check_condition(scope: ValueScope, condition: ast.Condition) -> ConditionFacts:
    """Resolve and check a condition, and return the facts that it proves.

    Facts from earlier operands hold in later ones.
    """
    match condition:
        case ast.AndExpr(operands=operands):
            return _check_all(scope, operands)
        case ast.OrExpr(operands=operands):
            # It does not hold if all its operands do not.
            return _negate(_check_all(scope, operands, negated=True))
        case ast.NotExpr(operand=operand):
            return _negate(check_condition(scope, operand))
        case ast.CompareExpr():
            return _check_comparison(scope, condition)
        case ast.TextRelationExpr():
            return _check_text_relation(scope, condition)
        case ast.InExpr():
            return _check_in(scope, condition)
        case ast.MatchesExpr():
            _check_matches(scope, condition)
            return NO_FACTS
        case ast.EmptyExpr(operand=ref):
            type_ = resolve_ref(scope, ref, places.CONDITION)
            listed = isinstance(strip_optional(type_), ListOf)
            return ConditionFacts(
                when_false=frozenset((entries_key(ref, 1) if listed else presence_key(ref),))
            )
        case ast.SeesExpr(text=text):
            check_text(scope, text, places.INSTRUCTION)
            return NO_FACTS
        case ast.Ref():
            type_ = strip_optional(resolve_ref(scope, condition, places.CONDITION))
            if not isinstance(type_, Unknown) and type_ not in (BOOL, ANY):
                span = condition.span(scope.source)
                scope.report(
                    errors.CONDITION_NOT_BOOL, span, written=span.text, type=describe_type(type_)
                )
            return ConditionFacts(when_true=frozenset((presence_key(condition),)))


def check_awaited(scope: ValueScope, statement: ast.WaitUntilStmt) -> None:
    """Check the condition of a `wait until`, in which only the screen may be asked."""
    condition = statement.condition
    if isinstance(condition, ast.Text):
        return
    check_condition(scope, condition)
    value = next((each for each in _operands(condition) if not _asks_screen(each)), None)
    if value is not None:
        span = value.span(scope.source)
        fixes = _take_values_out(scope.source, statement, condition)
        scope.report(errors.WAIT_FOR_VALUE, span, written=span.text, fixes=fixes)


def _operands(condition: ast.Condition) -> Iterator[ast.Condition]:
    """Yield the parts of a condition that `not`, `and` and `or` join, in source order."""
    match condition:
        case ast.NotExpr(operand=operand):
            yield from _operands(operand)
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            for each in operands:
                yield from _operands(each)
        case _:
            yield condition


def _asks_screen(condition: ast.Condition) -> bool:
    """Whether a condition consists of nothing but `sees`."""
    return all(isinstance(each, ast.SeesExpr) for each in _operands(condition))


def _take_values_out(
    source: SourceFile, statement: ast.WaitUntilStmt, condition: ast.Condition
) -> tuple[Fix, ...]:
    """Return the fix that puts a wait under an `if` of its values, if `and` or `or` joins both."""
    if not isinstance(condition, ast.AndExpr | ast.OrExpr):
        return ()
    screen = [each for each in condition.operands if _asks_screen(each)]
    values = [each for each in condition.operands if each not in screen]
    if not screen or any(
        isinstance(part, ast.SeesExpr) for each in values for part in _operands(each)
    ):
        return ()
    word = "and" if isinstance(condition, ast.AndExpr) else "or"

    def join(operands: Sequence[ast.Condition]) -> str:
        joined = (ast.AndExpr, ast.OrExpr) if len(operands) > 1 else ()
        texts = [
            f"({each.span(source).text})" if isinstance(each, joined) else each.span(source).text
            for each in operands
        ]
        return f" {word} ".join(texts)

    asked = join(values) if word == "and" else f"not ({join(values)})"
    start, end = (
        Span(source, statement.start, statement.start),
        Span(source, statement.end, statement.end),
    )
    edits = (
        Edit(start, f"if {asked} {{ "),
        Edit(Span(source, condition.start, condition.end), join(screen)),
        Edit(end, " }"),
    )
    return (Fix("wait only where that is so", edits),)


def _negate(facts: ConditionFacts) -> ConditionFacts:
    return ConditionFacts(facts.when_false, facts.when_true)


def _check_all(
    scope: ValueScope, operands: tuple[ast.Condition, ...], *, negated: bool = False
) -> ConditionFacts:
    """Check operands, and return the facts that all of them prove together, or their negations."""
    before = scope.present
    proven: frozenset[PresenceKey] = _NOTHING
    otherwise: list[frozenset[PresenceKey]] = []
    for operand in operands:
        scope.present = before | proven
        facts = check_condition(scope, operand)
        facts = _negate(facts) if negated else facts
        proven |= facts.when_true
        otherwise.append(facts.when_false)
    scope.present = before
    return ConditionFacts(proven, frozenset.intersection(*otherwise))


def _check_comparison(scope: ValueScope, condition: ast.CompareExpr) -> ConditionFacts:
    left = infer_type(scope, condition.left, places.CONDITION)
    right = infer_type(scope, condition.right, places.CONDITION)
    nothing = [
        type_ == NULL or scope.program.constants.get(side) == ""
        for side, type_ in ((condition.left, left), (condition.right, right))
    ]
    if any(nothing):
        _report_nothing(scope, condition, condition.right if nothing[0] else condition.left)
    else:
        _check_operands(scope, condition, left, right)
    facts = _comparison_facts(condition, left, right)
    counted = _count_facts(scope.program, condition)
    return ConditionFacts(
        facts.when_true | counted.when_true, facts.when_false | counted.when_false
    )


def _report_nothing(scope: ValueScope, condition: ast.CompareExpr, asked: ast.Operand) -> None:
    """Report the comparison of a value with `null` or an empty text."""
    span = condition.span(scope.source)
    fixes: tuple[Fix, ...] = ()
    if isinstance(asked, ast.Ref) and condition.operator in ("==", "!="):
        negation = "not " if condition.operator == "!=" else ""
        instead = f"{asked.span(scope.source).text} is {negation}empty"
        fixes = (Fix(f"write `{instead}`", (Edit(span, instead),), "safe"),)
    scope.report(
        errors.EMPTY_COMPARISON,
        span,
        written=span.text,
        why="`null` and an empty text are a missing value, which equals nothing",
        help="`x is empty` holds where a value is missing, `x is not empty` where it is there",
        fixes=fixes,
    )


def _check_text_relation(scope: ValueScope, condition: ast.TextRelationExpr) -> ConditionFacts:
    source = scope.source
    sides = (condition.left, condition.right)
    types = [infer_type(scope, side, places.CONDITION) for side in sides]
    if scope.program.constants.get(condition.right) == "":
        span = condition.span(source)
        scope.report(
            errors.EMPTY_COMPARISON,
            span,
            written=span.text,
            why="every text has an empty one in it",
            help="name the text to look for; `x is empty` asks whether there is a value",
        )
    elif not all(map(_is_searched, types)):
        listed = strip_optional(types[0])
        instead = ""
        if isinstance(listed, ListOf) and can_be_equal(types[1], listed.element):
            left, right = (side.span(source).text for side in sides)
            instead = f"{right} in {left}"
        scope.report(
            errors.INCOMPARABLE,
            condition,
            left=describe_type(types[0]),
            right=describe_type(types[1]),
            operator=condition.relation,
            help=f"write `{instead}`: it asks whether the list has this entry"
            if instead
            else (
                f"`{condition.relation}` looks for a text in a text; numbers, dates and times are "
                "compared with `==`, `<` and the like, and the entries of a list one by one in a "
                "`for`"
            ),
            fixes=(Fix(f"write `{instead}`", (Edit(condition.span(source), instead),), "unsafe"),)
            if instead
            else (),
        )
    return ConditionFacts(
        when_true=frozenset(presence_key(side) for side in sides if isinstance(side, ast.Ref))
    )


def _is_searched(type_: Type) -> bool:
    """Whether a value of this type can be searched for a text: it is a text, but not a date."""
    inner = strip_optional(type_)
    if isinstance(inner, Unknown | Enum) or inner == ANY:
        return True
    return isinstance(inner, Primitive) and inner.name in TEXTUAL - ORDERED


def _check_in(scope: ValueScope, condition: ast.InExpr) -> ConditionFacts:
    """Check each value of the list as if it were compared with `==`."""
    type_ = infer_type(scope, condition.operand, places.CONDITION)
    operand = condition.operand
    facts = ConditionFacts(
        when_true=frozenset((presence_key(operand),)) if isinstance(operand, ast.Ref) else _NOTHING
    )
    if isinstance(condition.values, ast.Ref):
        _check_entries(scope, condition, type_, condition.values)
        return facts
    if not condition.values.items:
        scope.report(
            errors.EMPTY_COMPARISON,
            condition,
            written=condition.span(scope.source).text,
            why="the list has no values",
            help='name the values in the list, as in `x in ["a", "b"]`',
        )
    seen: dict[Any, ast.Node] = {}
    for item in condition.values.items:
        _check_choice(scope, condition, item, type_)
        report_repeated(scope, item, seen)
    return facts


def _check_entries(scope: ValueScope, condition: ast.InExpr, type_: Type, entries: ast.Ref) -> None:
    """Check the list of values of a run, an input or a const that stands after `in`."""
    listed = strip_optional(resolve_ref(scope, entries, places.CONDITION))
    if isinstance(listed, Unknown) or isinstance(type_, Unknown):
        return
    if not isinstance(listed, ListOf) or not can_be_equal(type_, listed.element):
        scope.report(
            errors.INCOMPARABLE,
            condition,
            left=describe_type(type_),
            right=describe_type(listed),
            operator="in",
            help="the list after `in` has entries of the type of the value before it: "
            "texts, numbers, dates or the like",
        )


def _check_choice(scope: ValueScope, condition: ast.InExpr, item: ast.Expr, type_: Type) -> None:
    """Check one value of the list after `in`."""
    program = scope.program
    span = item.span(scope.source)
    own = infer_type(scope, item, places.CONSTANT)
    value = program.constants.get(item)
    if own == NULL or value == "":
        written = condition.operand.span(scope.source).text
        scope.report(
            errors.EMPTY_COMPARISON,
            span,
            written=span.text,
            why="it is a missing value",
            help=f"ask for that apart: `{written} is empty or {written} in [...]`",
        )
        return
    if isinstance(own, Unknown) or isinstance(type_, Unknown):
        return
    beside = strip_optional(type_)
    if isinstance(beside, Enum) and beside.is_of_kind(value) and not beside.holds(value):
        report_unknown_value(scope, item, value, condition.operand, beside)
    elif isinstance(value, str) and isinstance(beside, Primitive) and has_spelling(beside.name):
        check_spelling(program, span, value, beside.name)
    elif not can_be_equal(type_, own):
        scope.report(
            errors.INCOMPARABLE,
            span,
            left=describe_type(type_),
            right=describe_type(own),
            operator="in",
        )


def report_repeated(scope: ValueScope, item: ast.Node, seen: dict[Any, ast.Node]) -> None:
    """Report a value that is already in `seen`; otherwise add it to `seen`."""
    value = scope.program.constants.get(item)
    if value is None or isinstance(value, list | dict):
        return
    first = seen.setdefault((isinstance(value, bool), value), item)
    if first is not item:
        scope.report(
            errors.REPEATED_VALUE,
            item,
            value=value,
            labels=(Label(first.span(scope.source), "here first"),),
        )


def _check_matches(scope: ValueScope, condition: ast.MatchesExpr) -> None:
    program = scope.program
    source = scope.source
    check_runnable_pattern(program, condition.pattern.span(source), condition.pattern.value)
    type_ = infer_type(scope, condition.operand, places.CONDITION)
    refs = [node for node in walk(condition.operand) if isinstance(node, ast.Ref)]
    known = [ref for ref in refs if ref in program.values]
    for ref in known:
        if program.values[ref].kind not in (CONST, ENVIRONMENT):
            span = ref.span(source)
            scope.report(errors.PATTERN_OF_A_RUN, span, written=span.text)
            return
    if not isinstance(strip_optional(type_), Unknown) and not _is_searched(type_):
        scope.report(
            errors.INCOMPARABLE,
            condition,
            left=describe_type(type_),
            right="string",
            operator="matches",
            help="`matches` takes a text on its left",
        )


def _check_operands(scope: ValueScope, condition: ast.CompareExpr, left: Type, right: Type) -> None:
    """Report a comparison that is not defined for the types of its operands."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return
    left, right = (
        _type_beside(scope, condition.left, left, right),
        _type_beside(scope, condition.right, right, left),
    )
    equality = condition.operator in ("==", "!=")
    if equality:
        if _report_unknown_value(scope, condition, left, right):
            return
        fits = can_be_equal(left, right)
    else:
        fits = can_be_ordered(left, right)
    if not fits:
        scope.report(
            errors.INCOMPARABLE,
            condition,
            left=describe_type(left),
            right=describe_type(right),
            operator=condition.operator,
        )


def _type_beside(scope: ValueScope, node: ast.Operand, own: Type, other: Type) -> Type:
    """Return the type of an operand, given that of the other.

    A known text compared with a date or the like has that type, and is reported if it is not
    spelled as one.
    """
    value = scope.program.constants.get(node)
    beside = strip_optional(other)
    if not isinstance(value, str) or own != STRING or not isinstance(beside, Primitive):
        return own
    if not has_spelling(beside.name):
        return own
    check_spelling(scope.program, node.span(scope.source), value, beside.name)
    return beside


def _report_unknown_value(
    scope: ValueScope, condition: ast.CompareExpr, left: Type, right: Type
) -> bool:
    """Whether an enum is compared with a text that is not one of its values; if so, report it."""
    sides = ((condition.left, condition.right, right), (condition.right, condition.left, left))
    for node, other, type_ in sides:
        value = scope.program.constants.get(node)
        enum = strip_optional(type_)
        if isinstance(enum, Enum) and enum.is_of_kind(value) and not enum.holds(value):
            report_unknown_value(scope, node, value, other, enum)
            return True
    return False


def report_unknown_value(
    scope: ValueScope, node: ast.Node, value: Any, asked: ast.Node, enum: Enum
) -> None:
    """Report a constant that is not one of the values of the enum it is compared with."""
    scope.report(
        errors.UNKNOWN_ENUM_VALUE,
        node,
        value=value,
        what=f"`{asked.span(scope.source).text}`",
        help=f"its values are {quote_enum_values(enum)}",
    )


def _comparison_facts(condition: ast.CompareExpr, left: Type, right: Type) -> ConditionFacts:
    keys = [
        presence_key(node)
        for node in (condition.left, condition.right)
        if isinstance(node, ast.Ref)
    ]
    present = frozenset(keys)
    if NULL in (left, right):
        if condition.operator == "!=":
            return ConditionFacts(when_true=present)
        return ConditionFacts(when_false=present) if condition.operator == "==" else NO_FACTS
    if condition.operator == "==":
        optional_both = isinstance(left, Optional) and isinstance(right, Optional)
        return NO_FACTS if optional_both else ConditionFacts(when_true=present)
    return NO_FACTS if condition.operator == "!=" else ConditionFacts(when_true=present)


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _count_facts(program: Program, condition: ast.CompareExpr) -> ConditionFacts:
    """Return how many entries a list has for certain, for `count of xs > 2` and the like."""
    counted, bound, operator = condition.left, condition.right, condition.operator
    if not isinstance(counted, ast.CountExpr):
        counted, bound, operator = bound, counted, _MIRRORED.get(operator, operator)
    number = program.constants.get(bound)
    if not isinstance(counted, ast.CountExpr) or not isinstance(number, int):
        return NO_FACTS

    def prove(holds: str) -> frozenset[PresenceKey]:
        least = number + 1 if holds == ">" or (holds, number) == ("!=", 0) else number
        known = holds in (">", ">=", "==") or (holds, number) == ("!=", 0)
        return (
            frozenset((entries_key(counted.counted, least),)) if known and least > 0 else _NOTHING
        )

    return ConditionFacts(prove(operator), prove(_NEGATED[operator]))
