"""Conditions that constants decide, for example in a task that is called with literals."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flowdsl.semantics.values.spelling import has_text
from flowdsl.source.record import replace

from .. import nodes


def simplify_condition(condition: nodes.Condition) -> nodes.Condition:
    """Remove the parts of a condition that constants decide."""
    match condition:
        case nodes.AllOf(operands=operands) | nodes.AnyOf(operands=operands):
            left = tuple(
                simplify_condition(each) for each in operands if decide_condition(each) is None
            )
            return left[0] if len(left) == 1 else replace(condition, operands=left)
        case nodes.Not(operand=operand):
            return replace(condition, operand=simplify_condition(operand))
        case _:
            return condition


def decide_condition(condition: nodes.Condition) -> bool | None:
    """Return whether a condition holds if constants decide it; None if only a run can tell."""
    match condition:
        case nodes.IsTrue(operand=nodes.ConstantValue(value=value)):
            return value is True
        case nodes.IsEmpty(operand=nodes.ConstantValue(value=value)):
            return value in (None, "", [])
        case nodes.IsEmpty(operand=nodes.ObjectValue()):
            return False
        case nodes.Compare(
            left=nodes.ConstantValue(value=left), right=nodes.ConstantValue(value=right)
        ):
            return _compare_constants(left, condition.operator, right)
        case nodes.TextRelation(
            left=nodes.ConstantValue(value=left), right=nodes.ConstantValue(value=right)
        ):
            return has_text(left, condition.relation, right)
        case nodes.OneOf(operand=nodes.ConstantValue(value=value), values=values, listed=False):
            return any(
                isinstance(each, nodes.ConstantValue)
                and isinstance(value, bool) == isinstance(each.value, bool)
                and value == each.value
                for each in values
            )
        case nodes.Not(operand=operand):
            inner = decide_condition(operand)
            return None if inner is None else not inner
        case nodes.AllOf(operands=operands):
            known = [decide_condition(operand) for operand in operands]
            return False if False in known else None if None in known else True
        case nodes.AnyOf(operands=operands):
            known = [decide_condition(operand) for operand in operands]
            return True if True in known else None if None in known else False
        case _:
            return None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare_constants(left: Any, written: str, right: Any) -> bool | None:
    numbers = all(isinstance(each, int | float | Decimal) for each in (left, right))
    return _COMPARISONS[written](left, right) if numbers or written in ("==", "!=") else None
