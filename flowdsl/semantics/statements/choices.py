"""Exhaustiveness of `if`/`else if` and `match` over an enum: covered and missing values.

if plan == "gold" { … } else if plan in ["silver", "bronze"] { … }
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..names.paths import presence_key
from ..names.references import resolve_ref
from ..names.scopes import PresenceKey, ValueScope
from ..program import Program
from ..traversal import refs_outside_blocks
from ..types import UNKNOWN, Enum, Optional, Type, Unknown, describe_type, strip_optional
from .conditions import report_repeated, report_unknown_value


class ValueComparison(Record):
    """One comparison of a reference with a constant: `ref == value`, written at `place`.

    `value` is None for `ref is empty`.
    """

    ref: ast.Ref
    value: str | int | None
    place: ast.Node


def find_asked_values(
    condition: ast.Condition, constants: Mapping[ast.Node, Any], types: Mapping[ast.Ref, Type]
) -> list[ValueComparison] | None:
    """Return the comparisons that a condition consists of; None for any other condition.

    A condition of comparisons is `x == "a"`, `x in ["a", "b"]`, `x is empty`, or several of these
    with `or`.
    """
    match condition:
        case ast.OrExpr(operands=operands):
            parts = [find_asked_values(each, constants, types) for each in operands]
            return None if None in parts else [one for part in parts if part for one in part]
        case ast.CompareExpr(operator="==", left=left, right=right):
            for ref, other in ((left, right), (right, left)):
                value = constants.get(other)
                if isinstance(ref, ast.Ref) and ref in types and _is_value(value):
                    return [ValueComparison(ref, value, condition)]
            return None
        case ast.InExpr(operand=ast.Ref() as ref, values=ast.ListExpr(items=items)) if ref in types:
            return [
                ValueComparison(ref, constants[each], each)
                for each in items
                if _is_value(constants.get(each))
            ]
        case ast.EmptyExpr(operand=ref) if ref in types:
            return [ValueComparison(ref, None, condition)]
        case _:
            return None


def asks_for_all(
    program: Program, present: frozenset[PresenceKey], conditions: Iterable[ast.Condition]
) -> bool | None:
    """Whether the conditions are exhaustive: together they cover every value of an enum.

    `present` are the references known to have a value before the conditions. Returns None if it
    cannot be decided, because a comparison has an error (reported elsewhere).
    """
    by_key: dict[PresenceKey, list[ValueComparison]] = {}
    for condition in conditions:
        if isinstance(condition, ast.SeesExpr):
            continue
        if _compares_what_is_wrong(program, condition):
            return None
        for each in find_asked_values(condition, program.constants, program.ref_types) or ():
            by_key.setdefault(presence_key(each.ref), []).append(each)
    for key, found in by_key.items():
        type_, asked = program.ref_types[found[0].ref], {each.value for each in found}
        if not_asked(type_, asked, key in present) == ():
            return True
        enum = strip_optional(type_)
        if isinstance(enum, Enum) and not all(map(enum.holds, asked - {None})):
            return None
    return False


def _compares_what_is_wrong(program: Program, condition: ast.Condition) -> bool:
    def is_wrong(ref: ast.Ref) -> bool:
        return isinstance(program.ref_types.get(ref, UNKNOWN), Unknown)

    if not any(map(is_wrong, refs_outside_blocks(condition))):
        return False
    return any(
        is_wrong(ref)
        for compared in walk(condition)
        if isinstance(compared, ast.CompareExpr | ast.InExpr | ast.EmptyExpr)
        for ref in refs_outside_blocks(compared)
    )


def not_asked(
    type_: Type, asked: Collection[str | int | None], present: bool
) -> tuple[str | int | None, ...] | None:
    """Return the enum values that `asked` does not cover.

    The element None means that the value is missing, which cannot be if `present`. Returns None if
    the type is not a closed enum.
    """
    enum = strip_optional(type_)
    if not isinstance(enum, Enum) or enum.open:
        return None
    left: list[str | int | None] = [value for value in enum.values if value not in asked]
    if isinstance(type_, Optional) and not present and None not in asked:
        left.append(None)
    return tuple(left)


def check_match(scope: ValueScope, statement: ast.MatchStmt) -> bool:
    """Check the operand of a `match` and the values of its branches.

    Reports unknown, repeated and missing values. Returns whether every value is covered.
    """
    source = scope.source
    span = statement.operand.span(source)
    type_ = resolve_ref(scope, statement.operand, places.CONDITION)
    values = [value for branch in statement.branches for value in branch.values]
    for value in values:
        scope.program.constants[value] = value.value
    enum = strip_optional(type_)
    if isinstance(enum, Unknown):
        return False
    if not isinstance(enum, Enum):
        scope.report(errors.MATCH_OF_NO_ENUM, span, written=span.text, type=describe_type(type_))
        return False
    seen: dict[Any, ast.Node] = {}
    for value in values:
        if not enum.holds(value.value):
            report_unknown_value(scope, value, value.value, statement.operand, enum)
        report_repeated(scope, value, seen)
    asked = {value.value for value in values}
    left = not_asked(type_, asked, presence_key(statement.operand) in scope.present)
    if left is None:
        named = ["any other text"]
    else:
        named = [f"`{value}`" if value is not None else "missing" for value in left]
    if named and statement.otherwise is None and all(map(enum.holds, asked)):
        scope.report(
            errors.MATCH_INCOMPLETE,
            keyword_span(statement, source),
            written=span.text,
            values=" or ".join(named),
            lacking="has no branch" if len(named) == 1 else "have no branch",
        )
    return not named


def _is_value(constant: object) -> bool:
    """Whether a constant may be a value of an enum."""
    return isinstance(constant, str | int) and not isinstance(constant, bool)
