"""Choices between the values of an enum that `match` can express."""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable

from .value_types import unwrap_optional

TypeOf = Callable[[nodes.Variable], nodes.Type]
"""Returns the type of a variable with its path."""


def match_cases(
    choice: nodes.If, *, has_else: bool, type_of_variable: TypeOf
) -> tuple[nodes.Variable, list[tuple[str, ...]]] | None:
    """Return the variable that a choice tests, and the values that each of its branches names.

    None if `match` cannot express it: it has only one branch, tests something else than one
    variable of an enum, or names a value twice, one that the enum lacks, or one that cannot be
    written unchanged between quotation marks; or it has no `else` and leaves out a value, or the
    case that the variable has none.
    """
    asked = [_find_tested_values(branch.condition) for branch in choice.branches]
    found = [each for each in asked if each is not None]
    if len(found) < len(asked) or len({variable for variable, _ in found}) != 1:
        return None
    variable = found[0][0]
    type_ = type_of_variable(variable)
    enum = unwrap_optional(type_)
    values = [value for _, named in found for value in named]
    if not isinstance(enum, nodes.EnumType) or len(set(values)) < len(values):
        return None
    left = set(enum.values) - set(values)
    may_be_missing = isinstance(type_, nodes.OptionalType)
    if not set(values) <= set(enum.values) or (not has_else and (left or may_be_missing)):
        return None
    if len(found) < 2 or not all(map(_is_plain, values)):
        return None
    return variable, [named for _, named in found]


def _find_tested_values(
    condition: nodes.Condition,
) -> tuple[nodes.Variable, tuple[str, ...]] | None:
    """Return the variable and the texts that a condition compares; None for another condition."""
    match condition:
        case nodes.Compare(
            left=operand, operator="==", right=nodes.ConstantValue(value=str() as value)
        ):
            named: tuple[str, ...] = (value,)
        case nodes.OneOf(operand=operand, values=values) if len(values) > 1:
            named = tuple(
                each.value
                for each in values
                if isinstance(each, nodes.ConstantValue) and isinstance(each.value, str)
            )
            if len(named) < len(values):
                return None
        case _:
            return None
    variable = single_variable(operand)
    return None if variable is None else (variable, named)


def _is_plain(value: str) -> bool:
    """Whether a value is written unchanged between quotation marks."""
    return value.isprintable() and not set(value) & set('\\"{}')
