"""Values, types and conditions in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, literal, single_variable
from flowdsl.prompt.exact import delimited, exact, is_plain
from flowdsl.prompt.text import (
    QUOTES,
    quoted,
    quoted_literal,
    shown,
    spell_literal,
    spell_path,
    spell_text,
    spell_variable,
)
from flowdsl.prompt.words import say
from flowdsl.semantics.values.spelling import MISSING, spell

from .sentences import ALL, AND, ANY, COMPARISONS, NUMERIC, OR, PARTS, SCALARS, THEN


def type_words(type_: nodes.Type) -> str:
    """A type, for an agent that has to save a value of it."""
    match type_:
        case nodes.ScalarType(name=name):
            return SCALARS[name]
        case nodes.EnumType(values=values) if type_.numeric:
            return say("types.number_enum", OR.join(map(str, values)))
        case nodes.EnumType(values=values):
            listed = OR.join(quoted_literal(str(value)) for value in values)
            return say("types.open_enum" if type_.open else "types.enum", listed)
        case nodes.ListType(element=nodes.RecordType(fields=fields)):
            return say("types.records", AND.join(map(_field_words, fields)))
        case nodes.ListType(element=element):
            return say("types.list", _element_words(element))
        case nodes.OptionalType(inner=inner):
            return say("types.optional", _closed_type(inner))
        case nodes.RecordType(fields=fields):
            return say("types.record", AND.join(map(_field_words, fields)))
        case _:
            assert_never(type_)


def _closed_type(type_: nodes.Type) -> str:
    """A type inside another, in brackets if it would be unclear what belongs to it."""
    words = type_words(type_)
    closed_enum = isinstance(type_, nodes.EnumType) and not type_.open
    return words if closed_enum or isinstance(type_, nodes.ScalarType) else f"({words})"


def _element_words(type_: nodes.Type) -> str:
    """The type of the entries of a list, at the end of a sentence."""
    return _closed_type(type_) if isinstance(type_, nodes.OptionalType) else type_words(type_)


def _field_words(field: nodes.FieldSpec) -> str:
    words = f"{quoted_literal(field.name)}: {_closed_type(field.type)}"
    if description := field_note(field.description or ""):
        words += f" ({description})"
    if field.has_default:
        default = spell(with_gaps(field.default, field.type))
        words += f" {say('types.default', quoted_literal(default))}"
    return words


def with_gaps(value: Any, type_: nodes.Type) -> Any:
    """A constant of a type in which `__EMPTY__` stands for the optional fields that it lacks.

    They stand behind the others, in the order of the type: where saving merges, a field that is not
    named would stay as it was.
    """
    match value, type_:
        case _, nodes.OptionalType(inner=inner):
            return with_gaps(value, inner)
        case list(), nodes.ListType(element=element):
            return [with_gaps(each, element) for each in value]
        case dict(), nodes.RecordType(fields=fields):
            known = {field.name: field.type for field in fields}
            gaps = [
                each.name
                for each in fields
                if isinstance(each.type, nodes.OptionalType) and value.get(each.name) is None
            ]
            there = {
                name: with_gaps(each, known[name]) if name in known else each
                for name, each in value.items()
                if name not in gaps
            }
            return there | dict.fromkeys(gaps, MISSING)
        case _:
            return value


def field_note(description: str) -> str:
    """The description of a field, quoted if it would be unclear where in the brackets it ends."""
    note = spell_literal(" ".join(description.split()).rstrip("."))
    opens = any(note.startswith(opening) for opening, _ in QUOTES)
    return quoted(note) if opens or not _is_balanced(note) else note


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def value_words(value: nodes.Value) -> str:
    """A value, for an agent that has to save it."""
    match value:
        case nodes.ConstantValue(value=None):
            return say("values.missing")
        case nodes.ConstantValue(value=str() as text):
            return exact("text", literal(text))
        case nodes.ConstantValue(value=list() as entries):
            return _list_words(nodes.ConstantValue(value=entry) for entry in entries)
        case nodes.ConstantValue(value=dict() as entries):
            return _object_words(
                (name, nodes.ConstantValue(value=entry)) for name, entry in entries.items()
            )
        case nodes.ConstantValue(value=constant):
            return spell(constant)
        case nodes.TextValue(text=text):
            if (variable := single_variable(value)) is None:
                return exact("text", text)
            pasted = variable.sigil == "runtime" and variable.name == LOOP_ITEM
            if variable.sigil in ("runtime", "saved") and not pasted:
                return spell_text(text)
            return exact("JSON value" if value.json else "text", text)
        case nodes.ListValue(items=items):
            return _list_words(items)
        case nodes.ObjectValue(fields=fields):
            return _object_words(fields)
        case _:
            assert_never(value)


def _list_words(items: Iterable[nodes.Value]) -> str:
    words = THEN.join(map(_closed_value, items))
    return say("values.entries", words) if words else say("values.no_entries")


def _object_words(fields: Iterable[tuple[str, nodes.Value]]) -> str:
    words = members_words(fields)
    return say("values.fields", words) if words else say("values.no_fields")


def members_words(fields: Iterable[tuple[str, nodes.Value]]) -> str:
    """Names with a value each."""
    return AND.join(f"{quoted_literal(name)}: {_closed_value(item)}" for name, item in fields)


def _closed_value(value: nodes.Value) -> str:
    """A value inside another, in brackets if it would be unclear what belongs to it."""
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
    """A condition, as the middle of a sentence."""
    match condition:
        case nodes.Sees(text=text):
            return say("conditions.sees", shown(text))
        case nodes.Not(operand=nodes.Sees(text=text)):
            return say("conditions.sees_not", shown(text))
        case nodes.Not(operand=nodes.IsEmpty(operand=operand, listed=listed)):
            return say("conditions.is_not_empty", _operand(operand), listed)
        case nodes.Not(operand=nodes.IsTrue(operand=operand)):
            return say("conditions.is_not_true", _truth(operand))
        case nodes.Not(operand=nodes.TextRelation() as inner):
            return _part_words(inner, f"not {inner.relation}")
        case nodes.Not(operand=nodes.OneOf() as choice):
            if choice.numeric:
                return say("conditions.number_none_of", _bare(choice.operand), _choices(choice))
            return say("conditions.none_of", _operand(choice.operand), _choices(choice))
        case nodes.Not(operand=operand):
            return say("conditions.not_", condition_words(operand))
        case nodes.IsEmpty(operand=operand, listed=listed):
            return say("conditions.is_empty", _operand(operand), listed)
        case nodes.IsTrue(operand=operand):
            return say("conditions.is_true", _truth(operand))
        case nodes.Compare(left=left, operator=operator, right=right, numeric=numeric):
            if numeric:
                relation = NUMERIC[operator]
                return say("conditions.numbers", _bare(left), relation, _bare(right))
            return say("conditions.texts", _operand(left), COMPARISONS[operator], _operand(right))
        case nodes.TextRelation(relation=relation):
            return _part_words(condition, relation)
        case nodes.OneOf(operand=operand, numeric=numeric):
            if numeric:
                return say("conditions.number_one_of", _bare(operand), _choices(condition))
            return say("conditions.one_of", _operand(operand), _choices(condition))
        case nodes.AllOf(operands=operands):
            return _joined(ALL, operands)
        case nodes.AnyOf(operands=operands):
            return _joined(ANY, operands)
        case _:
            assert_never(condition)


def _joined(word: str, operands: tuple[nodes.Condition, ...]) -> str:
    return word.join(f"({condition_words(operand)})" for operand in operands)


def _part_words(relation: nodes.TextRelation, part: str) -> str:
    left, right = _operand(relation.left), _operand(relation.right)
    return say("conditions.parts", left, PARTS[part], right)


def _choices(choice: nodes.OneOf) -> str:
    return AND.join(map(_operand, choice.values))


def _bare(value: nodes.Value) -> str:
    """A number or a truth value, of which everybody sees where it ends.

    What a run fills in may be neither.
    """
    variable = single_variable(value)
    if variable is None or variable.sigil == "runtime":
        return _operand(value)
    return spell_variable(variable)


def _truth(value: nodes.Value) -> str:
    """A truth value; an input has its name before it, or a sentence would say "true is true"."""
    variable = single_variable(value)
    if variable is None or variable.sigil != "input":
        return _bare(value)
    name = f"{variable.name}{spell_path(variable.path)}"
    return f"{quoted(name)} ({spell_variable(variable)})"


def _operand(value: nodes.Value) -> str:
    match value:
        case nodes.TextValue(text=text):
            return delimited(text)
        case nodes.ConstantValue(value=str() as constant):
            text = literal(constant)
            return quoted(spell_text(text)) if is_plain(spell_text(text)) else delimited(text)
        case nodes.ConstantValue(value=list() | dict() | None):
            return value_words(value)
        case nodes.ConstantValue(value=constant):
            return spell(constant)
        case nodes.ListValue() | nodes.ObjectValue():
            return value_words(value)
        case _:
            assert_never(value)
