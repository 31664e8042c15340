"""Which values of an enum the branches of a chain ask for, and whether these are all.

if plan == "gold" { … } else if plan in ["silver", "bronze"] { … }
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..names.paths import presence_key
from ..names.scopes import PresenceKey
from ..program import Program
from ..types import UNKNOWN, Enum, Optional, Type, Unknown, strip_optional


class Asked(Record):
    """A condition that asks whether a value is one: of which reference, for what, and where.

    `value` is None where it asks for a missing one.
    """

    ref: ast.Ref
    value: str | None
    place: ast.Node


def asked_for(
    condition: ast.Condition, constants: Mapping[ast.Node, Any], types: Mapping[ast.Ref, Type]
) -> list[Asked] | None:
    """The values that a condition asks for; None where it asks for anything else.

    That is `x == "a"`, `x in ["a", "b"]`, `x is empty`, or several of these with `or`.
    """
    match condition:
        case ast.OrExpr(operands=operands):
            parts = [asked_for(each, constants, types) for each in operands]
            return None if None in parts else [one for part in parts if part for one in part]
        case ast.CompareExpr(operator="==", left=left, right=right):
            for ref, other in ((left, right), (right, left)):
                value = constants.get(other)
                if isinstance(ref, ast.Ref) and ref in types and isinstance(value, str):
                    return [Asked(ref, value, condition)]
            return None
        case ast.InExpr(operand=ast.Ref() as ref, values=values) if ref in types:
            return [
                Asked(ref, constants[each], each)
                for each in values.items
                if isinstance(constants.get(each), str)
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
        if _compares_what_is_wrong(program, condition):
            return None
        for each in asked_for(condition, program.constants, program.ref_types) or ():
            by_key.setdefault(presence_key(each.ref), []).append(each)
    for key, found in by_key.items():
        type_, asked = program.ref_types[found[0].ref], {each.value for each in found}
        if not_asked(type_, asked, key in present) == ():
            return True
        enum = strip_optional(type_)
        if isinstance(enum, Enum) and not asked - {None} <= enum.known:
            return None
    return False


def _compares_what_is_wrong(program: Program, condition: ast.Condition) -> bool:
    return any(
        isinstance(ref, ast.Ref) and isinstance(program.ref_types.get(ref, UNKNOWN), Unknown)
        for compared in walk(condition)
        if isinstance(compared, ast.CompareExpr | ast.InExpr | ast.EmptyExpr)
        for ref in walk(compared)
    )


def not_asked(
    type_: Type, asked: Collection[str | None], present: bool
) -> tuple[str | None, ...] | None:
    """The values of an enum that are not among those `asked` for, None for a missing one.

    `present` says that the value is there for certain. None for a type whose values are not known.
    """
    enum = strip_optional(type_)
    if not isinstance(enum, Enum):
        return None
    left: list[str | None] = [value for value in enum.values if value not in asked]
    if isinstance(type_, Optional) and not present and None not in asked:
        left.append(None)
    return tuple(left)
