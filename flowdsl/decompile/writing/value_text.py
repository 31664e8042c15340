"""Texts, values and conditions as source text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from flowdsl.format.literals import is_name, plain_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable

from .literals import text_literal
from .scope import Scope
from .type_names import Unspeakable
from .value_types import ANY, fits, is_textual, present, type_of


class Consts:
    """The constants that a file declares for values where source takes only a name."""

    def __init__(self, fresh: Callable[[str], str]) -> None:
        self._fresh = fresh
        self._names: dict[str, str] = {}

    def name_of(self, value: Any) -> str:
        written = said(value_literal(value))
        if written not in self._names:
            wanted = {"true": "yes", "false": "no", "null": "nothing"}.get(written, "entries")
            self._names[written] = self._fresh(wanted)
        return self._names[written]

    def declarations(self) -> list[str]:
        return [f"const {name} = {written}" for written, name in self._names.items()]


def said(written: str | None) -> str:
    """The literal, if there is one; raises `Unspeakable`."""
    if written is None:
        raise Unspeakable("a text has no literal")
    return written


class ValueWriter:
    """Writes texts, values and conditions in the names of a scope; raises `Unspeakable`."""

    def __init__(self, scope: Scope, consts: Consts) -> None:
        self.scope = scope
        self.consts = consts

    def text(self, text: nodes.Text) -> str:
        return said(text_literal(text, self.scope.in_text))

    def headline(self, text: nodes.Text) -> str:
        """A text that may hold no runtime value."""
        for piece in text:
            if isinstance(piece, nodes.Variable) and not self.scope.may_head(piece):
                raise Unspeakable("a runtime value stands in a title or a command")
        return self.text(text)

    def value(self, value: nodes.Value, wanted: nodes.Type = ANY) -> str:
        """A value where one of the type `wanted` is expected."""
        inner = present(wanted)
        match value:
            case nodes.TextValue(text=text):
                variable = single_variable(value)
                if variable is None:
                    return self.text(text)
                have = self.scope.type_of(variable)
                if not fits(present(have), inner) and is_textual(inner):
                    return self.text(text)
                return self.scope.in_code(variable)
            case nodes.ConstantValue(value=constant):
                return said(value_literal(constant))
            case nodes.ListValue(items=items):
                element = inner.element if isinstance(inner, nodes.ListType) else ANY
                return f"[{', '.join(self.value(item, element) for item in items)}]"
            case nodes.ObjectValue(fields=fields):
                inside = (
                    {field.name: field.type for field in inner.fields}
                    if isinstance(inner, nodes.RecordType)
                    else {}
                )
                pairs = [
                    f"{_key(name)}: {self.value(item, inside.get(name, ANY))}"
                    for name, item in fields
                ]
                return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
            case _:
                assert_never(value)

    # Conditions

    def condition(self, condition: nodes.Condition) -> str:
        match condition:
            case nodes.AnyOf(operands=operands):
                return " or ".join(self._operand(operand) for operand in operands)
            case nodes.AllOf(operands=operands):
                return " and ".join(self._operand(operand) for operand in operands)
            case nodes.Not(operand=nodes.IsEmpty(operand=operand)):
                written, type_ = self._variable(operand)
                optional = isinstance(type_, nodes.OptionalType) or type_ == ANY
                return f"{written} != null" if optional else f"not {written} is empty"
            case nodes.Not(operand=nodes.OneOf(operand=operand, values=values)):
                return f"{self._side(operand)} not in {self._choices(values)}"
            case nodes.Not(operand=operand):
                return f"not {self._operand(operand)}"
            case nodes.Sees(text=text):
                return f"sees {self.text(text)}"
            case nodes.IsEmpty(operand=operand):
                return f"{self._variable(operand)[0]} is empty"
            case nodes.IsTrue(operand=operand):
                return self._variable(operand)[0]
            case nodes.Compare(left=left, operator=operator, right=right):
                return f"{self._side(left)} {operator} {self._side(right)}"
            case nodes.TextRelation(left=left, relation=relation, right=right):
                return f"{self._side(left)} {relation} {self._side(right)}"
            case nodes.OneOf(operand=operand, values=values):
                return f"{self._side(operand)} in {self._choices(values)}"
            case _:
                assert_never(condition)

    def _operand(self, condition: nodes.Condition) -> str:
        """A condition inside another."""
        written = self.condition(condition)
        return f"({written})" if isinstance(condition, nodes.AnyOf | nodes.AllOf) else written

    def _variable(self, value: nodes.Value) -> tuple[str, nodes.Type]:
        """A value where only a name may stand, and its type."""
        if isinstance(value, nodes.ConstantValue):
            return self.consts.name_of(value.value), type_of(value, {})
        variable = single_variable(value)
        if variable is None:
            raise Unspeakable("a condition asks a text")
        return self.scope.in_code(variable), self.scope.type_of(variable)

    def _choices(self, values: tuple[nodes.ConstantValue, ...]) -> str:
        return f"[{', '.join(said(value_literal(each.value)) for each in values)}]"

    def _side(self, value: nodes.Value) -> str:
        match value:
            case nodes.ConstantValue(value=None | list() | dict() as constant):
                return self.consts.name_of(constant)
            case nodes.ConstantValue(value=constant):
                return said(value_literal(constant))
            case nodes.TextValue(text=text):
                variable = single_variable(value)
                return self.text(text) if variable is None else self.scope.in_code(variable)
            case _:
                raise Unspeakable("a condition compares a list or an object")


def _key(name: str) -> str:
    return name if is_name(name) else said(plain_literal(name))
