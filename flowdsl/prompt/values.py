"""Values, types and conditions in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, literal_text, single_variable
from flowdsl.prompt.exact import delimit_text, is_plain, spell_exact_text
from flowdsl.prompt.text import (
    QUOTES,
    quote_literal,
    quote_screen_text,
    quote_words,
    spell_literal,
    spell_path,
    spell_text,
    spell_variable,
)
from flowdsl.prompt.words import say_sentence
from flowdsl.semantics.values.spelling import MISSING, spell_constant

from .sentences import ALL, AND, ANY, COMPARISONS, NUMERIC, OR, PARTS, SCALARS, THEN


def type_words(type_: nodes.Type) -> str:
    """Return a type in words, for an agent that must save a value of it."""
    match type_:
        case nodes.ScalarType(name=name):
            return SCALARS[name]
        case nodes.EnumType(values=values) if type_.numeric:
            return say_sentence("types.number_enum", OR.join(map(str, values)))
        case nodes.EnumType(values=values):
            listed = OR.join(quote_literal(str(value)) for value in values)
            return say_sentence("types.open_enum" if type_.open else "types.enum", listed)
        case nodes.ListType(element=nodes.RecordType(fields=fields)):
            return say_sentence("types.records", AND.join(map(_field_words, fields)))
        case nodes.ListType(element=element):
            return say_sentence("types.list", _element_words(element))
        case nodes.OptionalType(inner=inner):
            return say_sentence("types.optional", _enclose_type(inner))
        case nodes.RecordType(fields=fields):
            return say_sentence("types.record", AND.join(map(_field_words, fields)))
        case _:
            assert_never(type_)


def _enclose_type(type_: nodes.Type) -> str:
    """Return a type inside another, in brackets if its extent would be unclear."""
    words = type_words(type_)
    closed_enum = isinstance(type_, nodes.EnumType) and not type_.open
    return words if closed_enum or isinstance(type_, nodes.ScalarType) else f"({words})"


def _element_words(type_: nodes.Type) -> str:
    """Return the type of the entries of a list, at the end of a sentence."""
    return _enclose_type(type_) if isinstance(type_, nodes.OptionalType) else type_words(type_)


def _field_words(field: nodes.FieldSpec) -> str:
    words = f"{quote_literal(field.name)}: {_enclose_type(field.type)}"
    if description := field_note(field.description or ""):
        words += f" ({description})"
    if field.has_default:
        default = spell_constant(fill_gaps(field.default, field.type))
        words += f" {say_sentence('types.default', quote_literal(default))}"
    return words


def fill_gaps(value: Any, type_: nodes.Type) -> Any:
    """Return a constant with `__EMPTY__` for the optional fields that it lacks.

    These fields follow the others, in the order of the type: if saving merges, a field that is not
    named would keep its value.
    """
    match value, type_:
        case _, nodes.OptionalType(inner=inner):
            return fill_gaps(value, inner)
        case list(), nodes.ListType(element=element):
            return [fill_gaps(each, element) for each in value]
        case dict(), nodes.RecordType(fields=fields):
            known = {field.name: field.type for field in fields}
            gaps = [
                each.name
                for each in fields
                if isinstance(each.type, nodes.OptionalType) and value.get(each.name) is None
            ]
            there = {
                name: fill_gaps(each, known[name]) if name in known else each
                for name, each in value.items()
                if name not in gaps
            }
            return there | dict.fromkeys(gaps, MISSING)
        case _:
            return value


def field_note(description: str) -> str:
    """Return the description of a field, quoted if its end in the brackets would be unclear."""
    note = spell_literal(" ".join(description.split()).rstrip("."))
    opens = any(note.startswith(opening) for opening, _ in QUOTES)
    return quote_words(note) if opens or not _is_balanced(note) else note


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def value_words(value: nodes.Value) -> str:
    """Return a value in words, for an agent that must save it."""
    match value:
        case nodes.ConstantValue(value=None):
            return say_sentence("values.missing")
        case nodes.ConstantValue(value=str() as text):
            return spell_exact_text("text", literal_text(text))
        case nodes.ConstantValue(value=list() as entries):
            return _list_words(nodes.ConstantValue(value=entry) for entry in entries)
        case nodes.ConstantValue(value=dict() as entries):
            return _object_words(
                (name, nodes.ConstantValue(value=entry)) for name, entry in entries.items()
            )
        case nodes.ConstantValue(value=constant):
            return spell_constant(constant)
        case nodes.TextValue(text=text):
            if (variable := single_variable(value)) is None:
                return spell_exact_text("text", text)
            pasted = variable.sigil == "runtime" and variable.name == LOOP_ITEM
            if variable.sigil in ("runtime", "saved") and not pasted:
                return spell_text(text)
            return spell_exact_text("JSON value" if value.json else "text", text)
        case nodes.ListValue(items=items):
            return _list_words(items)
        case nodes.ObjectValue(fields=fields):
            return _object_words(fields)
        case _:
            assert_never(value)


def _list_words(items: Iterable[nodes.Value]) -> str:
    words = THEN.join(map(_enclose_value, items))
    return say_sentence("values.entries", words) if words else say_sentence("values.no_entries")


def _object_words(fields: Iterable[tuple[str, nodes.Value]]) -> str:
    words = members_words(fields)
    return say_sentence("values.fields", words) if words else say_sentence("values.no_fields")


def members_words(fields: Iterable[tuple[str, nodes.Value]]) -> str:
    return AND.join(f"{quote_literal(name)}: {_enclose_value(item)}" for name, item in fields)


def _enclose_value(value: nodes.Value) -> str:
    """Return a value inside another, in brackets if its extent would be unclear."""
    words = value_words(value)
    match value:
        case (
            nodes.ListValue(items=parts)
            | nodes.ObjectValue(fields=parts)
            | nodes.ConstantValue(value=list() | dict() as parts)
        ) if parts:
            return f"({words})"
        case _:
            return words


# Conditions


def condition_words(condition: nodes.Condition) -> str:
    """Return a condition in words, as the middle of a sentence."""
    match condition:
        case nodes.Sees(text=text):
            return say_sentence("conditions.sees", quote_screen_text(text))
        case nodes.Not(operand=nodes.Sees(text=text)):
            return say_sentence("conditions.sees_not", quote_screen_text(text))
        case nodes.Not(operand=nodes.IsEmpty(operand=operand, listed=listed)):
            return say_sentence("conditions.is_not_empty", _operand_words(operand), listed)
        case nodes.Not(operand=nodes.IsTrue(operand=operand)):
            return say_sentence("conditions.is_not_true", _truth_words(operand))
        case nodes.Not(operand=nodes.TextRelation() as inner):
            return _part_words(inner, f"not {inner.relation}")
        case nodes.Not(operand=nodes.OneOf() as choice):
            return _choice_words(choice, "conditions.none_of", "conditions.number_none_of")
        case nodes.Not(operand=operand):
            return say_sentence("conditions.not_", condition_words(operand))
        case nodes.IsEmpty(operand=operand, listed=listed):
            return say_sentence("conditions.is_empty", _operand_words(operand), listed)
        case nodes.IsTrue(operand=operand):
            return say_sentence("conditions.is_true", _truth_words(operand))
        case nodes.Compare(left=left, operator=operator, right=right, numeric=numeric):
            if numeric:
                sides = _bare_words(left), NUMERIC[operator], _bare_words(right)
                return say_sentence("conditions.numbers", *sides)
            sides = _operand_words(left), COMPARISONS[operator], _operand_words(right)
            return say_sentence("conditions.texts", *sides)
        case nodes.TextRelation(relation=relation):
            return _part_words(condition, relation)
        case nodes.OneOf():
            return _choice_words(condition, "conditions.one_of", "conditions.number_one_of")
        case nodes.AllOf(operands=operands):
            return _join_conditions(ALL, operands)
        case nodes.AnyOf(operands=operands):
            return _join_conditions(ANY, operands)
        case _:
            assert_never(condition)


def _join_conditions(word: str, operands: tuple[nodes.Condition, ...]) -> str:
    return word.join(f"({condition_words(operand)})" for operand in operands)


def _part_words(relation: nodes.TextRelation, part: str) -> str:
    left, right = _operand_words(relation.left), _operand_words(relation.right)
    return say_sentence("conditions.parts", left, PARTS[part], right)


def _choice_words(choice: nodes.OneOf, of_texts: str, of_numbers: str) -> str:
    name, spell = (of_numbers, _bare_words) if choice.numeric else (of_texts, _operand_words)
    values = AND.join(map(_operand_words, choice.values))
    return say_sentence(name, spell(choice.operand), choice.listed, values)


def _bare_words(value: nodes.Value) -> str:
    """Return a number or a boolean, whose end is clear.

    A value that a run inserts may be neither.
    """
    variable = single_variable(value)
    if variable is None or variable.sigil == "runtime":
        return _operand_words(value)
    return spell_variable(variable)


def _truth_words(value: nodes.Value) -> str:
    """Return a boolean; an input has its name before it, to avoid "true is true"."""
    variable = single_variable(value)
    if variable is None or variable.sigil != "input":
        return _bare_words(value)
    name = f"{variable.name}{spell_path(variable.path)}"
    return f"{quote_words(name)} ({spell_variable(variable)})"


def _operand_words(value: nodes.Value) -> str:
    match value:
        case nodes.TextValue(text=text):
            return delimit_text(text)
        case nodes.ConstantValue(value=str() as constant):
            text = literal_text(constant)
            return (
                quote_words(spell_text(text)) if is_plain(spell_text(text)) else delimit_text(text)
            )
        case nodes.ConstantValue(value=list() | dict() | None):
            return value_words(value)
        case nodes.ConstantValue(value=constant):
            return spell_constant(constant)
        case nodes.ListValue() | nodes.ObjectValue():
            return value_words(value)
        case _:
            assert_never(value)
