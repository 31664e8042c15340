"""Choices that `match` says: each branch names values of one enum.

If ⟦{plan}⟧ is exactly ⟦gold⟧: …               match plan { "gold" { … }
Otherwise, if ⟦{plan}⟧ is one of the texts …   "silver", "bronze" { … } }
"""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable

from .value_types import present

TypeOf = Callable[[nodes.Variable], nodes.Type]


def cases_of(
    choice: nodes.If, *, otherwise: bool, type_of: TypeOf
) -> tuple[nodes.Variable, list[tuple[str, ...]]] | None:
    """What a choice asks, and the values that each of its branches names.

    `otherwise` says whether it has an `else`. None where `match` cannot say it: it asks for
    something else, names a value twice, or neither names all values nor has an `else`.
    """
    asked = [_asked(branch.condition) for branch in choice.branches]
    found = [each for each in asked if each is not None]
    if len(found) < len(asked) or len({variable for variable, _ in found}) != 1:
        return None
    variable = found[0][0]
    type_ = type_of(variable)
    enum = present(type_)
    values = [value for _, named in found for value in named]
    if not isinstance(enum, nodes.EnumType) or len(set(values)) < len(values):
        return None
    left = set(enum.values) - set(values)
    may_be_missing = isinstance(type_, nodes.OptionalType)
    if not set(values) <= set(enum.values) or (not otherwise and (left or may_be_missing)):
        return None
    if len(found) < 2 or not all(map(_is_plain, values)):
        return None
    return variable, [named for _, named in found]


def _asked(condition: nodes.Condition) -> tuple[nodes.Variable, tuple[str, ...]] | None:
    match condition:
        case nodes.Compare(
            left=operand, operator="==", right=nodes.ConstantValue(value=str() as value)
        ):
            named: tuple[str, ...] = (value,)
        case nodes.OneOf(operand=operand, values=values) if len(values) > 1:
            named = tuple(each.value for each in values if isinstance(each.value, str))
            if len(named) < len(values):
                return None
        case _:
            return None
    variable = single_variable(operand)
    return None if variable is None else (variable, named)


def _is_plain(value: str) -> bool:
    """Whether a value stands in quotation marks as it is."""
    return value.isprintable() and not set(value) & set('\\"{}')
