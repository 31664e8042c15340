"""Conditions: their types, and the values that they prove to be there."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.syntax import ast

from .. import errors, places
from ..names.paths import presence_key
from ..names.references import resolve_ref
from ..names.scopes import PresenceKey, ValueScope
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    STRING,
    Enum,
    Optional,
    Primitive,
    Type,
    Unknown,
    describe,
    strip_optional,
)
from ..values.assignability import comparable, orderable
from ..values.expressions import NULL, check_text, infer
from ..values.fitting import check_spelling, quoted_values
from ..values.formats import has_spelling

_NOTHING: frozenset[PresenceKey] = frozenset()


class Facts(Record):
    """References that have a value when a condition holds, and when it does not."""

    when_true: frozenset[PresenceKey] = _NOTHING
    when_false: frozenset[PresenceKey] = _NOTHING


NO_FACTS = Facts()


def check_condition(program: Program, scope: ValueScope, condition: ast.Condition) -> Facts:
    """Resolve and check a condition; returns what it proves.

    What earlier operands prove holds in later ones.
    """
    match condition:
        case ast.AndExpr(operands=operands):
            return _check_and(program, scope, operands)
        case ast.OrExpr(operands=operands):
            return _check_or(program, scope, operands)
        case ast.NotExpr(operand=operand):
            facts = check_condition(program, scope, operand)
            return Facts(facts.when_false, facts.when_true)
        case ast.CompareExpr():
            return _check_comparison(program, scope, condition)
        case ast.EmptyExpr(operand=ref):
            resolve_ref(program, scope, ref, places.CONDITION)
            return Facts(when_false=frozenset((presence_key(ref),)))
        case ast.SeesExpr(text=text):
            check_text(program, scope, text, places.INSTRUCTION)
            return NO_FACTS
        case ast.Ref():
            type_ = strip_optional(resolve_ref(program, scope, condition, places.CONDITION))
            if not isinstance(type_, Unknown) and type_ not in (BOOL, ANY):
                span = condition.span(scope.module.source)
                program.sink.report(
                    errors.CONDITION_NOT_BOOL, span, written=span.text, type=describe(type_)
                )
            return Facts(when_true=frozenset((presence_key(condition),)))


def _check_and(program: Program, scope: ValueScope, operands: tuple[ast.Condition, ...]) -> Facts:
    before = scope.present
    when_false: frozenset[PresenceKey] | None = None
    proven: frozenset[PresenceKey] = _NOTHING
    for operand in operands:
        scope.present = before | proven
        facts = check_condition(program, scope, operand)
        proven |= facts.when_true
        when_false = facts.when_false if when_false is None else when_false & facts.when_false
    scope.present = before
    return Facts(proven, when_false or _NOTHING)


def _check_or(program: Program, scope: ValueScope, operands: tuple[ast.Condition, ...]) -> Facts:
    before = scope.present
    when_true: frozenset[PresenceKey] | None = None
    refuted: frozenset[PresenceKey] = _NOTHING
    for operand in operands:
        scope.present = before | refuted
        facts = check_condition(program, scope, operand)
        refuted |= facts.when_false
        when_true = facts.when_true if when_true is None else when_true & facts.when_true
    scope.present = before
    return Facts(when_true or _NOTHING, refuted)


def _check_comparison(program: Program, scope: ValueScope, condition: ast.CompareExpr) -> Facts:
    left = infer(program, scope, condition.left, places.CONDITION)
    right = infer(program, scope, condition.right, places.CONDITION)
    _check_operands(program, scope, condition, left, right)
    return _comparison_facts(condition, left, right)


def _check_operands(
    program: Program, scope: ValueScope, condition: ast.CompareExpr, left: Type, right: Type
) -> None:
    """Report a comparison that does not go between the types of its operands."""
    source = scope.module.source
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return
    left, right = (
        _type_beside(program, scope, condition.left, left, right),
        _type_beside(program, scope, condition.right, right, left),
    )
    equality = condition.operator in ("==", "!=")
    if NULL in (left, right):
        other, node = (right, condition.right) if left == NULL else (left, condition.left)
        if not equality:
            fits = False
        elif isinstance(other, Optional) or other == ANY:
            fits = True
        elif isinstance(node, ast.Ref) and presence_key(node) in scope.present:
            # The type is optional, and a condition around has proved that a value is there.
            fits = True
        else:
            span = node.span(source)
            program.sink.report(errors.NEVER_NULL, span, written=span.text, type=describe(other))
            return
    elif equality:
        if _report_unknown_value(program, scope, condition, left, right):
            return
        fits = comparable(left, right)
    else:
        fits = orderable(left, right)
    if not fits:
        program.sink.report(
            errors.INCOMPARABLE,
            condition.span(source),
            left=describe(left),
            right=describe(right),
            operator=condition.operator,
        )


def _type_beside(
    program: Program, scope: ValueScope, node: ast.Ref | ast.Scalar, own: Type, other: Type
) -> Type:
    """The type of an operand, given that of the other.

    A known text beside a date or the like is taken for one, and reported where it is not spelled as
    one.
    """
    value = program.constants.get(node)
    beside = strip_optional(other)
    if not isinstance(value, str) or own != STRING or not isinstance(beside, Primitive):
        return own
    if not has_spelling(beside.name):
        return own
    check_spelling(program, node.span(scope.module.source), value, beside.name)
    return beside


def _report_unknown_value(
    program: Program, scope: ValueScope, condition: ast.CompareExpr, left: Type, right: Type
) -> bool:
    """Whether an enum is compared with a text that is none of its values, which is reported."""
    sides = ((condition.left, condition.right, right), (condition.right, condition.left, left))
    for node, other, type_ in sides:
        value = program.constants.get(node)
        enum = strip_optional(type_)
        if isinstance(enum, Enum) and enum.is_of_kind(value) and not enum.holds(value):
            source = scope.module.source
            program.sink.report(
                errors.UNKNOWN_ENUM_VALUE,
                node.span(source),
                value=value,
                what=f"`{other.span(source).text}`",
                help=f"its values are {quoted_values(enum)}",
            )
            return True
    return False


def _comparison_facts(condition: ast.CompareExpr, left: Type, right: Type) -> Facts:
    keys = [
        presence_key(node)
        for node in (condition.left, condition.right)
        if isinstance(node, ast.Ref)
    ]
    present = frozenset(keys)
    if NULL in (left, right):
        if condition.operator == "!=":
            return Facts(when_true=present)
        return Facts(when_false=present) if condition.operator == "==" else NO_FACTS
    if condition.operator == "==":
        optional_both = isinstance(left, Optional) and isinstance(right, Optional)
        return NO_FACTS if optional_both else Facts(when_true=present)
    return NO_FACTS if condition.operator == "!=" else Facts(when_true=present)
