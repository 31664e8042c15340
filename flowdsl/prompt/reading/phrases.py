"""Reads the types and values of a compiled prompt back; the inverse of `prompt.values`.

`a JSON list, each entry a whole number` is `ListType(int)`, `⟦{total}⟧` the text of a variable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, single_variable, text_value
from flowdsl.prompt.sentences import AND, OR, SCALARS, THEN
from flowdsl.prompt.text import QUOTES
from flowdsl.prompt.values import field_note, fill_gaps
from flowdsl.semantics.values.spelling import MISSING, spell_constant
from flowdsl.source.record import replace

from .frames import Free, Sentences, frames_of_sentence
from .texts import NAMELESS, Texts, in_marks, in_quotes, make_whole_hole

_SCALARS = sorted(SCALARS.items(), key=lambda item: -len(item[1]))
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LONGEST_NUMBER = 400
_BRACKET = re.compile(r"[()]")
_OPENING = tuple(opening for opening, _ in QUOTES)

Read = TypeVar("Read")
Reader = Callable[[str, int], tuple[Read, int] | None]


class Phrases:
    """Parses types and values at a position of a text.

    Every reader returns the result and the offset after it, or None if there is none.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.name = in_quotes(texts.literal)
        self.exact = texts.exact("text")
        self._exact_json = texts.exact("JSON value")
        self.sentences = Sentences(
            {
                **NAMELESS,
                "bound": texts.limit,
                "clause": Free(texts.clause),
                "command": make_whole_hole(texts.exact("command", block=True)),
                "delimited": texts.delimited_text_reader(),
                "entries": self._read_items,
                "exact": make_whole_hole(texts.exact("text", block=True)),
                "fields": self._fields,
                "key": self.name,
                "members": self._read_members,
                "name": self.name,
                "answer": self.name,
                "numbers": _read_numbers,
                "options": self._options,
                "quoted": in_marks(texts.text),
                "reason": in_marks(texts.text),
                "shown": texts.shown,
                "text": in_marks(texts.text),
                "type": self.type,
                "value": self.value,
            }
        )

    # Types

    def type(self, text: str, position: int) -> tuple[nodes.Type, int] | None:
        read = self._read_in_brackets(self.type, text, position) or self._plain_type(text, position)
        optional = frames_of_sentence("types.optional")[0].literals[1]
        if read is not None and text.startswith(optional, read[1]):
            return nodes.OptionalType(inner=read[0]), read[1] + len(optional)
        return read

    def _plain_type(self, text: str, position: int) -> tuple[nodes.Type, int] | None:
        for name, words in _SCALARS:
            if text.startswith(words, position):
                return nodes.ScalarType(name=name), position + len(words)
        for sentence, make in _TYPES:
            if (found := self.sentences.read(sentence, text, position)) is not None:
                return make(found[0][0]), found[1]
        return None

    def _read_in_brackets(
        self, read: Reader[Read], text: str, position: int
    ) -> tuple[Read, int] | None:
        if not text.startswith("(", position):
            return None
        inside = read(text, position + 1)
        if inside is None or not text.startswith(")", inside[1]):
            return None
        return inside[0], inside[1] + 1

    def _options(self, text: str, position: int) -> tuple[tuple[str, ...], int] | None:
        return read_joined(self.name, OR, text, position, _opens_quotation)

    def _fields(self, text: str, position: int) -> tuple[tuple[nodes.FieldSpec, ...], int] | None:
        return read_joined(self._read_field, AND, text, position)

    def _read_field(self, text: str, position: int) -> tuple[nodes.FieldSpec, int] | None:
        name = self.name(text, position)
        if name is None or not text.startswith(": ", name[1]):
            return None
        type_ = self.type(text, name[1] + 2)
        if type_ is None:
            return None
        end = type_[1]
        description: str | None = None
        if (note := self._read_note(text, end)) is not None:
            description, end = note
        default = self._read_default(text, end)
        if default is None:
            return nodes.FieldSpec(name=name[0], type=type_[0], description=description), end
        return nodes.FieldSpec(
            name=name[0],
            type=type_[0],
            description=description,
            has_default=True,
            default=_default_constant(default[0], type_[0]),
        ), default[1]

    def _read_note(self, text: str, position: int) -> tuple[str, int] | None:
        """Parse the description of a field, which is in brackets."""
        if not text.startswith(" (", position):
            return None
        start = position + 2
        if text.startswith(_OPENING, start):
            quoted = self.name(text, start)
            if quoted is None or not text.startswith(")", quoted[1]):
                return None
            note, end = quoted
        else:
            closing = _find_closing_bracket(text, start)
            spelled = None if closing is None else self.texts.literal(text[start:closing])
            if closing is None or spelled is None:
                return None
            note, end = spelled, closing
        return (note, end + 1) if field_note(note) == text[start:end] else None

    def _read_default(self, text: str, position: int) -> tuple[str, int] | None:
        if not text.startswith(" ", position):
            return None
        found = self.sentences.read("types.default", text, position + 1)
        return None if found is None else (found[0][0], found[1])

    # Values

    def value(self, text: str, position: int) -> tuple[nodes.Value, int] | None:
        for name, value in _FIXED:
            if (found := self.sentences.read(f"values.{name}", text, position)) is not None:
                return nodes.ConstantValue(value=value), found[1]
        if (found := self.sentences.read("values.text", text, position)) is not None:
            return _spelled_value(found[0][0]), found[1]
        if (exact := self.exact(text, position)) is not None:
            return _spelled_value(exact[0]), exact[1]
        if (json_value := self._exact_json(text, position)) is not None:
            return nodes.TextValue(text=json_value[0], json=True), json_value[1]
        if (found := self.sentences.read("values.entries", text, position)) is not None:
            return nodes.ListValue(items=found[0][0]), found[1]
        if (found := self.sentences.read("values.fields", text, position)) is not None:
            return nodes.ObjectValue(fields=found[0][0]), found[1]
        return self.texts.variable(text, position) or read_constant(text, position)

    def _read_items(self, text: str, position: int) -> tuple[tuple[nodes.Value, ...], int] | None:
        return read_joined(self._read_closed_value, THEN, text, position)

    def _read_members(
        self, text: str, position: int
    ) -> tuple[tuple[tuple[str, nodes.Value], ...], int] | None:
        return read_joined(self._read_member, AND, text, position)

    def _read_member(self, text: str, position: int) -> tuple[tuple[str, nodes.Value], int] | None:
        name = self.name(text, position)
        if name is None or not text.startswith(": ", name[1]):
            return None
        read = self._read_closed_value(text, name[1] + 2)
        return None if read is None else ((name[0], read[0]), read[1])

    def _read_closed_value(self, text: str, position: int) -> tuple[nodes.Value, int] | None:
        return self._read_in_brackets(self.value, text, position) or self.value(text, position)


_TYPES: tuple[tuple[str, Callable[[Any], nodes.Type]], ...] = (
    ("types.records", lambda found: nodes.ListType(element=nodes.RecordType(fields=found))),
    ("types.list", lambda found: nodes.ListType(element=found)),
    ("types.open_enum", lambda found: nodes.EnumType(values=found, open=True)),
    ("types.enum", lambda found: nodes.EnumType(values=found)),
    ("types.number_enum", lambda found: nodes.EnumType(values=found)),
    ("types.record", lambda found: nodes.RecordType(fields=found)),
)
"""The sentences of types that hold others, each with the type of what is in its hole."""

_FIXED: tuple[tuple[str, Any], ...] = (("missing", None), ("no_entries", []), ("no_fields", {}))


def _spelled_value(text: nodes.Text) -> nodes.Value:
    """Return the value of a text in brackets; a value of the run alone in it is spelled out.

    Inputs and the entries of loops are pasted by the platform, which spells them itself.
    """
    value = text_value(text)
    only = single_variable(value)
    is_pasted = only is None or only.sigil == "input" or only.name == LOOP_ITEM
    return value if is_pasted else replace(value, spelled=True)


def read_constant(text: str, position: int) -> tuple[nodes.Value, int] | None:
    """Parse a number, a boolean or null, as a text spells it."""
    for value in (True, False, None):
        if text.startswith(spell_constant(value), position):
            return nodes.ConstantValue(value=value), position + len(spell_constant(value))
    found = _NUMBER.match(text, position, position + _LONGEST_NUMBER)
    if found is None:
        return None
    number = float(found[0]) if "." in found[0] else int(found[0])
    return (
        (nodes.ConstantValue(value=number), found.end())
        if spell_constant(number) == found[0]
        else None
    )


def _read_numbers(text: str, position: int) -> tuple[tuple[int, ...], int] | None:
    return read_joined(_read_whole_number, OR, text, position, _WHOLE.match)


def _read_whole_number(text: str, position: int) -> tuple[int, int] | None:
    found = _WHOLE.match(text, position, position + _LONGEST_NUMBER)
    return None if found is None else (int(found[0]), found.end())


def _opens_quotation(text: str, position: int) -> bool:
    return text.startswith(_OPENING, position)


def read_joined(
    read: Reader[Read],
    separator: str,
    text: str,
    position: int,
    goes_on: Callable[[str, int], object] = lambda text, position: True,
) -> tuple[tuple[Read, ...], int] | None:
    """Parse one or more values with a separator between them.

    A separator is one only if `goes_on` holds after it; then a value has to follow.
    """
    values: list[Read] = []
    while (found := read(text, position)) is not None:
        values.append(found[0])
        position = found[1] + len(separator)
        if not text.startswith(separator, found[1]) or not goes_on(text, position):
            return tuple(values), found[1]
    return None


def plain_constant(spelled: str, type_: nodes.Type) -> Any:
    """Return the constant of a type with this spelling.

    The spelling itself if it is not such a constant.
    """
    match type_:
        case nodes.OptionalType() if spelled == MISSING:
            return None
        case nodes.OptionalType(inner=inner):
            return plain_constant(spelled, inner)
        case nodes.EnumType() if not type_.numeric:
            return spelled
        case nodes.ScalarType(name="int" | "number" | "bool" | "any") | nodes.EnumType():
            read = read_constant(spelled, 0)
            if (
                read is None
                or read[1] != len(spelled)
                or not isinstance(read[0], nodes.ConstantValue)
            ):
                return _parse_json(spelled) if type_ == nodes.ScalarType(name="any") else spelled
            return read[0].value
        case nodes.ListType() | nodes.RecordType():
            return _parse_json(spelled)
        case _:
            return spelled


def _default_constant(spelled: str, type_: nodes.Type) -> Any:
    """Return the default of a field with this spelling, without the optional fields it lacks."""
    found = plain_constant(spelled, type_)
    short = _without_gaps(found, type_)
    return short if spell_constant(fill_gaps(short, type_)) == spelled else spelled


def _without_gaps(value: Any, type_: nodes.Type) -> Any:
    match value, type_:
        case _, nodes.OptionalType(inner=inner):
            return _without_gaps(value, inner)
        case list(), nodes.ListType(element=element):
            return [_without_gaps(each, element) for each in value]
        case dict(), nodes.RecordType(fields=fields):
            types = {field.name: field.type for field in fields}
            return {
                name: _without_gaps(each, types[name]) if name in types else each
                for name, each in value.items()
                if each != MISSING or not isinstance(types.get(name), nodes.OptionalType)
            }
        case _:
            return value


def _parse_json(spelled: str) -> Any:
    try:
        value = json.loads(spelled)
        return value if spell_constant(value) == spelled else spelled
    except (ValueError, RecursionError):
        return spelled


def _find_closing_bracket(text: str, start: int) -> int | None:
    """Return the offset at which the bracket opened right before `start` closes."""
    depth = 1
    for found in _BRACKET.finditer(text, start):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.start()
    return None
