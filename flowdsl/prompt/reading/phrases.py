"""Parse types and values in words."""

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
        """Parse a type."""
        read = self._read_in_brackets(self.type, text, position) or self._plain_type(text, position)
        optional = frames_of_sentence("types.optional")[0].literals[1]
        if read is not None and text.startswith(optional, read[1]):
            return nodes.OptionalType(inner=read[0]), read[1] + len(optional)
        return read

    def _plain_type(self, text: str, position: int) -> tuple[nodes.Type, int] | None:
        for name, words in _SCALARS:
            if text.startswith(words, position):
                return nodes.ScalarType(name=name), position + len(words)
        if (found := self.sentences.read("types.records", text, position)) is not None:
            return nodes.ListType(element=nodes.RecordType(fields=found[0][0])), found[1]
        if (found := self.sentences.read("types.list", text, position)) is not None:
            return nodes.ListType(element=found[0][0]), found[1]
        for sentence in ("types.open_enum", "types.enum", "types.number_enum"):
            if (found := self.sentences.read(sentence, text, position)) is not None:
                is_open = sentence == "types.open_enum"
                return nodes.EnumType(values=found[0][0], open=is_open), found[1]
        if (found := self.sentences.read("types.record", text, position)) is not None:
            return nodes.RecordType(fields=found[0][0]), found[1]
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
        values: list[str] = []
        while (option := self.name(text, position)) is not None:
            values.append(option[0])
            position = option[1]
            following = position + len(OR)
            if not text.startswith(OR, position) or not text.startswith(_OPENING, following):
                return tuple(values), position
            position = following
        return None

    def _fields(self, text: str, position: int) -> tuple[tuple[nodes.FieldSpec, ...], int] | None:
        fields: list[nodes.FieldSpec] = []
        while (read := self._read_field(text, position)) is not None:
            fields.append(read[0])
            position = read[1]
            if not text.startswith(AND, position):
                return tuple(fields), position
            position += len(AND)
        return None

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
        """Parse a value to be saved."""
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
        items: list[nodes.Value] = []
        while (read := self._read_closed_value(text, position)) is not None:
            items.append(read[0])
            position = read[1]
            if not text.startswith(THEN, position):
                return tuple(items), position
            position += len(THEN)
        return None

    def _read_members(
        self, text: str, position: int
    ) -> tuple[tuple[tuple[str, nodes.Value], ...], int] | None:
        fields: list[tuple[str, nodes.Value]] = []
        while (name := self.name(text, position)) is not None:
            if not text.startswith(": ", name[1]):
                return None
            read = self._read_closed_value(text, name[1] + 2)
            if read is None:
                return None
            fields.append((name[0], read[0]))
            position = read[1]
            if not text.startswith(AND, position):
                return tuple(fields), position
            position += len(AND)
        return None

    def _read_closed_value(self, text: str, position: int) -> tuple[nodes.Value, int] | None:
        return self._read_in_brackets(self.value, text, position) or self.value(text, position)


_FIXED: tuple[tuple[str, Any], ...] = (("missing", None), ("no_entries", []), ("no_fields", {}))


def _spelled_value(text: nodes.Text) -> nodes.Value:
    """Return the value of a text in brackets, where a value of the run alone is spelled."""
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
    """Parse whole numbers joined by `or`."""
    values: list[int] = []
    while (found := _WHOLE.match(text, position, position + _LONGEST_NUMBER)) is not None:
        values.append(int(found[0]))
        position = found.end()
        following = position + len(OR)
        if not text.startswith(OR, position) or _WHOLE.match(text, following) is None:
            return tuple(values), position
        position = following
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
