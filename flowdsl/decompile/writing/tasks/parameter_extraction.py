"""Finds values that stand where only the parameter of a task can have put them.

The idea: in source, a condition asks a name, a loop runs over a name or a list of constants, and a
title holds no runtime value; but the argument for a parameter may be anything, and inlining puts it
where the parameter stood. So a value that source cannot have in its place must have come from a
parameter, and it becomes one again.

An example. The statement that was read cannot be written:

    if "{first} {last}" is empty { do "Ask for the name." }

With the value extracted it can, as a task and its call:

    task decide(value: string) { if value is empty { do "Ask for the name." } }
    call decide(value: "{first} {last}")

Here the values are found and replaced; `tasks.Cutter.finish` makes the task and the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import single_variable
from flowdsl.semantics.values.formats import has_spelling, is_spelled

from ..lines import LOOP_KEY, Node
from ..value_types import ANY, STRING, Types, has_variable, is_number, present, type_of

Give: TypeAlias = Callable[[nodes.Value, nodes.Type, str], nodes.Variable]
"""Makes a parameter: takes its value, its type and a name for it, and returns its variable."""

_NUMBER = nodes.ScalarType(name="number")


def extracted(node: Node, types: Types, give: Give) -> Node:
    """The statement, with parameters in the place of values that source cannot have there."""
    match node:
        case nodes.If():
            branches = tuple(
                replace(branch, condition=_condition(branch.condition, types, give))
                for branch in node.branches
            )
            return replace(node, branches=branches)
        case nodes.Repeat():
            return replace(node, until=_condition(node.until, types, give))
        case nodes.Loop(items=nodes.ListValue() | nodes.TextValue() as items):
            if single_variable(items) is not None or not has_variable(items):
                return node
            limit = node.limit
            if limit is None and isinstance(items, nodes.ListValue):
                limit = max(len(items.items), 1)
            return replace(node, items=_given(items, types, give, "entries"), limit=limit)
        case nodes.TypeIn(display=str(), value=text):
            value = nodes.TextValue(text=text)
            if single_variable(value) is not None:
                return node
            return replace(node, value=(give(value, STRING, "typed"),))
        case _:
            return node


def is_awkward(node: Node, types: Types) -> bool:
    """Whether a statement holds a value that has to be extracted."""
    found: list[nodes.Value] = []

    def give(value: nodes.Value, type_: nodes.Type, wanted: str) -> nodes.Variable:
        found.append(value)
        return nodes.Variable(sigil="input", name=wanted)

    extracted(node, types, give)
    return bool(found)


def headed_by(node: Node) -> Iterable[nodes.Variable]:
    """The runtime variables in a title or command, where only a parameter may have put one."""
    text = node.title if isinstance(node, nodes.Step) else ()
    text = node.command if isinstance(node, nodes.Run) else text
    return [
        piece
        for piece in text
        if isinstance(piece, nodes.Variable)
        and piece.sigil == "runtime"
        and (piece.sigil, piece.name) != LOOP_KEY
    ]


def _condition(condition: nodes.Condition, types: Types, give: Give) -> nodes.Condition:
    match condition:
        case nodes.AllOf(operands=operands):
            return nodes.AllOf(operands=tuple(_condition(each, types, give) for each in operands))
        case nodes.AnyOf(operands=operands):
            return nodes.AnyOf(operands=tuple(_condition(each, types, give) for each in operands))
        case nodes.Not(operand=operand):
            return nodes.Not(operand=_condition(operand, types, give))
        case nodes.IsEmpty(operand=operand) if _is_composite(operand):
            return nodes.IsEmpty(operand=_given(operand, types, give, "value"))
        case nodes.IsTrue(operand=operand) if _is_composite(operand):
            return nodes.IsTrue(operand=_given(operand, types, give, "value"))
        case nodes.Compare():
            return _comparison(condition, types, give)
        case _:
            return condition


def _is_composite(value: nodes.Value) -> bool:
    return not isinstance(value, nodes.ConstantValue) and single_variable(value) is None


def _given(value: nodes.Value, types: Types, give: Give, wanted: str) -> nodes.Value:
    return nodes.TextValue(text=(give(value, plain_type(type_of(value, types)), wanted),))


def plain_type(type_: nodes.Type) -> nodes.Type:
    """A type for a parameter, in which enums, which constants have, become `string`."""
    match type_:
        case nodes.EnumType():
            return STRING
        case nodes.ListType(element=element):
            return nodes.ListType(element=plain_type(element))
        case nodes.OptionalType(inner=inner):
            return nodes.OptionalType(inner=plain_type(inner))
        case nodes.RecordType(fields=fields):
            return nodes.RecordType(
                fields=tuple(replace(field, type=plain_type(field.type)) for field in fields)
            )
        case _:
            return type_


def _comparison(compare: nodes.Compare, types: Types, give: Give) -> nodes.Compare:
    left, right = (
        _given(side, types, give, "value")
        if isinstance(side, nodes.ListValue | nodes.ObjectValue)
        else side
        for side in (compare.left, compare.right)
    )
    numbers = [_is_number(left, types), _is_number(right, types)]
    if compare.numeric and not any(numbers):
        left = _extracted_side(left, _NUMBER, give)
    elif not compare.numeric:
        if numbers[0]:
            left = _extracted_side(left, ANY, give)
        if numbers[1]:
            right = _extracted_side(right, ANY, give)
    if _is_foreign(right, left, types):
        left = _extracted_side(left, STRING, give)
    elif _is_foreign(left, right, types):
        right = _extracted_side(right, STRING, give)
    return replace(compare, left=left, right=right)


def _extracted_side(value: nodes.Value, type_: nodes.Type, give: Give) -> nodes.Value:
    return nodes.TextValue(text=(give(value, type_, "value"),))


def _is_number(value: nodes.Value, types: Types) -> bool:
    match value:
        case nodes.ConstantValue(value=bool()):
            return False
        case nodes.ConstantValue(value=constant):
            return isinstance(constant, int | float)
        case _:
            variable = single_variable(value)
            return variable is not None and is_number(type_of(value, types))


def _is_foreign(constant: nodes.Value, other: nodes.Value, types: Types) -> bool:
    """Whether the checker would say that `other` can never equal this text."""
    if not isinstance(constant, nodes.ConstantValue) or not isinstance(constant.value, str):
        return False
    if single_variable(other) is None:
        return False
    match present(type_of(other, types)):
        case nodes.EnumType(values=values):
            return constant.value not in values
        case nodes.ScalarType(name=name):
            return has_spelling(name) and not is_spelled(name, constant.value)
        case _:
            return False
