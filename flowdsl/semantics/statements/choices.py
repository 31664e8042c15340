"""Which values of an enum the branches of a chain ask for, and whether these are all.

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


class Asked(Record):
    """A condition that asks whether a value is one: of which reference, for what, and where.

    `value` is None where it asks for a missing one.
    """

    ref: ast.Ref
    value: str | int | None
    place: ast.Node


def find_asked_values(
    condition: ast.Condition, constants: Mapping[ast.Node, Any], types: Mapping[ast.Ref, Type]
) -> list[Asked] | None:
    """The values that a condition asks for; None where it asks for anything else.

    That is `x == "a"`, `x in ["a", "b"]`, `x is empty`, or several of these with `or`.
    """
    match condition:
        case ast.OrExpr(operands=operands):
            parts = [find_asked_values(each, constants, types) for each in operands]
            return None if None in parts else [one for part in parts if part for one in part]
        case ast.CompareExpr(operator="==", left=left, right=right):
            for ref, other in ((left, right), (right, left)):
                value = constants.get(other)
                if isinstance(ref, ast.Ref) and ref in types and _is_value(value):
                    return [Asked(ref, value, condition)]
            return None
        case ast.InExpr(operand=ast.Ref() as ref, values=values) if ref in types:
            return [
                Asked(ref, constants[each], each)
                for each in values.items
                if _is_value(constants.get(each))
            ]
        case ast.EmptyExpr(operand=ref) if ref in types:
            return [Asked(ref, None, condition)]
        case _:
            return None


def asks_for_all(
    program: Program, present: frozenset[PresenceKey], conditions: Iterable[ast.Condition]
) -> bool | None:
    """Whether one of some conditions holds in any case: each value of an enum is asked for.

    `present` are the references that have a value in front of them. None where a name or a value in
    a comparison is wrong, which is reported there, so that nobody can tell.
    """
    by_key: dict[PresenceKey, list[Asked]] = {}
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
    """The values of an enum that are not among those `asked` for, None for a missing one.

    `present` says that the value is there for certain. None for a type whose values are not known.
    """
    enum = strip_optional(type_)
    if not isinstance(enum, Enum) or enum.open:
        return None
    left: list[str | int | None] = [value for value in enum.values if value not in asked]
    if isinstance(type_, Optional) and not present and None not in asked:
        left.append(None)
    return tuple(left)


def check_match(program: Program, scope: ValueScope, statement: ast.MatchStmt) -> bool:
    """Check what a `match` asks and the values that its branches name.

    Returns whether they are all that there are, each once; what is wrong is reported.
    """
    source = scope.module.source
    span = statement.operand.span(source)
    type_ = resolve_ref(program, scope, statement.operand, places.CONDITION)
    values = [value for branch in statement.branches for value in branch.values]
    for value in values:
        program.constants[value] = value.value
    enum = strip_optional(type_)
    if isinstance(enum, Unknown):
        return False
    if not isinstance(enum, Enum):
        program.sink.report(
            errors.MATCH_OF_NO_ENUM, span, written=span.text, type=describe_type(type_)
        )
        return False
    seen: dict[Any, ast.Node] = {}
    for value in values:
        if not enum.holds(value.value):
            report_unknown_value(program, scope, value, value.value, statement.operand, enum)
        report_repeated(program, scope, value, seen)
    asked = {value.value for value in values}
    left = not_asked(type_, asked, presence_key(statement.operand) in scope.present)
    if left is None:
        named = ["any other text"]
    else:
        named = [f"`{value}`" if value is not None else "missing" for value in left]
    if named and statement.otherwise is None and all(map(enum.holds, asked)):
        program.sink.report(
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
