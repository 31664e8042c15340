"""Values, types and conditions in words."""

from __future__ import annotations

from typing import Any, assert_never

from flowdsl.codegen.text import quoted, spell_text
from flowdsl.ir import nodes
from flowdsl.ir.lower_values import single_variable
from flowdsl.semantics.spelling import spell

SCALARS = {
    "string": "text, exactly as it is shown",
    "int": "a whole number in digits",
    "number": "a number in plain decimal notation, without currency signs and thousands separators",
    "bool": "true or false",
    "date": "a date as YYYY-MM-DD",
    "datetime": "a date and time as YYYY-MM-DDThh:mm:ss",
    "time": "a time as hh:mm:ss",
    "email": "an e-mail address",
    "url": "a URL",
    "file": "the full path of a file",
    "any": "a JSON value",
}
"""How each built-in type is spelled for somebody who has to write a value of it."""


def type_words(type_: nodes.Type) -> str:
    """A type, for an agent that has to save a value of it."""
    match type_:
        case nodes.ScalarType(name=name):
            return SCALARS[name]
        case nodes.EnumType(values=values):
            return "exactly one of " + ", ".join(quoted(value) for value in values)
        case nodes.ListType(element=element):
            return f"a JSON list (empty when there is nothing); each entry is {type_words(element)}"
        case nodes.OptionalType(inner=inner):
            return f"{type_words(inner)}, or __EMPTY__ when there is none"
        case nodes.RecordType(fields=fields):
            return "a JSON object with " + "; ".join(_field_words(field) for field in fields)
        case _:
            assert_never(type_)


def _field_words(field: nodes.FieldSpec) -> str:
    words = f"{quoted(field.name)}: {type_words(field.type)}"
    if field.description:
        words += f" ({' '.join(field.description.split()).rstrip('.')})"
    if field.has_default:
        words += f" ({quoted(spell(field.default))} when it is not given)"
    return words


def value_words(value: nodes.Value) -> str:
    """A value, for an agent that has to save it."""
    match value:
        case nodes.ConstantValue(value=constant):
            return _constant_words(constant)
        case nodes.TextValue(text=text):
            spelled = spell_text(text)
            return spelled if single_variable(value) else f"the text {quoted(spelled)}"
        case nodes.ListValue(items=items):
            if not items:
                return "an empty list"
            return "a list of " + ", then ".join(value_words(item) for item in items)
        case nodes.ObjectValue(fields=fields):
            if not fields:
                return "an empty object"
            inside = "; ".join(f"{quoted(name)}: {value_words(item)}" for name, item in fields)
            return f"an object with {inside}"
        case _:
            assert_never(value)


def _constant_words(constant: Any) -> str:
    match constant:
        case None:
            return "the text __EMPTY__"
        case []:
            return "an empty list"
        case {} if not constant:
            return "an empty object"
        case str():
            return f"the text {quoted(constant)}"
        case list():
            return "a list of " + ", then ".join(_constant_words(item) for item in constant)
        case dict():
            inside = "; ".join(
                f"{quoted(name)}: {_constant_words(item)}" for name, item in constant.items()
            )
            return f"an object with {inside}"
        case _:
            return spell(constant)


# Conditions

_COMPARISONS = {
    "==": "is exactly",
    "!=": "is not",
    "<": "comes before",
    ">": "comes after",
    "<=": "is or comes before",
    ">=": "is or comes after",
}
_NUMERIC = {
    "==": "equals",
    "!=": "differs from",
    "<": "is less than",
    ">": "is greater than",
    "<=": "is at most",
    ">=": "is at least",
}


def condition_words(condition: nodes.Condition) -> str:
    """A condition as the middle of a sentence."""
    match condition:
        case nodes.Sees(text=text):
            return f"the current screen shows this: {_shown(text)}"
        case nodes.Not(operand=nodes.Sees(text=text)):
            return f"the current screen does not show this: {_shown(text)}"
        case nodes.Not(operand=nodes.IsEmpty(operand=operand)):
            return f"{_operand(operand)} holds a value, anything but nothing, [] or __EMPTY__"
        case nodes.Not(operand=nodes.IsTrue(operand=operand)):
            return f"{_operand(operand)} is not true"
        case nodes.Not(operand=operand):
            return f"it is not the case that ({condition_words(operand)})"
        case nodes.IsEmpty(operand=operand):
            return f"{_operand(operand)} holds no value, only nothing, [] or __EMPTY__"
        case nodes.IsTrue(operand=operand):
            return f"{_operand(operand)} is true"
        case nodes.Compare(left=left, operator=operator, right=right, numeric=numeric):
            if numeric:
                number = f"the number {_operand(left)} {_NUMERIC[operator]}"
                return f"{number} the number {_operand(right)}"
            return f"{_operand(left)} {_COMPARISONS[operator]} {_operand(right)}"
        case nodes.AllOf(operands=operands):
            return _joined(" and ", operands)
        case nodes.AnyOf(operands=operands):
            return _joined(" or ", operands)
        case _:
            assert_never(condition)


def _joined(word: str, operands: tuple[nodes.Condition, ...]) -> str:
    return word.join(f"({condition_words(operand)})" for operand in operands)


def _shown(text: nodes.Text) -> str:
    return quoted(" ".join(spell_text(text).split()))


def _operand(value: nodes.Value) -> str:
    match value:
        case nodes.TextValue(text=text):
            return quoted(spell_text(text))
        case nodes.ConstantValue(value=constant):
            return quoted(constant) if isinstance(constant, str) else spell(constant)
        case nodes.ListValue() | nodes.ObjectValue():
            return value_words(value)
        case _:
            assert_never(value)
