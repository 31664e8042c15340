"""Checks values against declared types, and converts texts of options to values. Pure.

A message says what is expected and, unless it is a secret, what was found.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.ir import nodes
from flowdsl.runs.inputs.places import Path, format_path
from flowdsl.semantics.values.formats import TYPE_OF_FORMAT, example_value, has_spelling, is_spelled
from flowdsl.source.patterns import may_match
from flowdsl.source.refused_texts import find_refused_texts

EMPTY, CLEAR = "__EMPTY__", "__CLEAR__"
"""The platform's words for "leave the field unchanged" and "blank this field".

Source: Cyberdesk's documentation.
"""

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_TRUE_LIKE = {"yes", "y", "on", "1", "true", "t"}
_FALSE_LIKE = {"no", "n", "off", "0", "false", "f"}
_SHOWN = 60
"""Characters of a value in a message."""


@dataclass(frozen=True, slots=True)
class ValueMismatch:
    """Why a value does not fit: `path` leads to the part, and `found` shows it for people."""

    expected: str
    found: str = ""
    path: Path = ()
    help: str = ""

    def sentence(self, what: str) -> str:
        """Return the sentence about the input `what`."""
        place = f"{what}{format_path_below(self.path)}"
        return f"`{place}` {self.expected}{f', not {self.found}' if self.found else ''}"


def secret_sentence(name: str, wrong: ValueMismatch) -> str:
    """Return the sentence about a secret: what is expected, and nothing of its value."""
    return f"the secret `{name}` does not fit: it {wrong.expected}"


def format_path_below(path: Path) -> str:
    """Format a path as it continues after a name."""
    text = format_path(path)
    return text if not text or text.startswith("[") else f".{text}"


def from_text(text: str, type_: nodes.Type) -> Any:
    """Convert the text of an option or a cell to a value of the type, or leave it a text.

    A list or a record is written as JSON. For `any`, valid JSON is parsed, and other text stays
    text.
    """
    match type_:
        case nodes.OptionalType(inner=inner):
            return None if text == "" else from_text(text, inner)
        case nodes.EnumType() if not type_.numeric:
            return text
        case nodes.ScalarType(name="int") | nodes.EnumType():
            return int(text) if _INTEGER.fullmatch(text.strip()) else text
        case nodes.ScalarType(name="number"):
            return _parse_number(text.strip())
        case nodes.ScalarType(name="bool"):
            return {"true": True, "false": False}.get(text.strip(), text)
        case nodes.ScalarType(name="any") | nodes.ListType() | nodes.RecordType():
            try:
                return read_json(text)
            except UnreadableJson:
                return text
        case _:
            return text


def _parse_number(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else text
    return text


def fill_in_defaults(value: Any, type_: nodes.Type) -> Any:
    """Return `value` with the defaults of fields that its records leave out, also inside defaults.

    A reference to an output of an earlier run is unchanged.
    """
    if is_reference(value):
        return value
    match type_:
        case nodes.OptionalType(inner=inner):
            return fill_in_defaults(value, inner)
        case nodes.ListType(element=element) if isinstance(value, list):
            return [fill_in_defaults(item, element) for item in value]
        case nodes.RecordType(fields=fields) if isinstance(value, dict):
            filled = dict(value)
            for field in fields:
                if field.name in filled:
                    filled[field.name] = fill_in_defaults(filled[field.name], field.type)
                elif field.has_default:
                    filled[field.name] = default_of(field)
            return filled
        case nodes.ScalarType(name="int") | nodes.EnumType() if (
            isinstance(value, float) and value.is_integer()
        ):
            return int(value)
        case _:
            return value


def default_of(field: nodes.FieldSpec) -> Any:
    """Return the default of a field that has one, with the defaults inside its records."""
    return fill_in_defaults(field.default, field.type)


def field_mismatches(
    value: Any, field: nodes.FieldSpec, path: Path = (), *, references: bool = False
) -> Iterator[ValueMismatch]:
    """Return the mismatches of `value` with the field.

    With `references`, `{"$ref": ...}` always fits.
    """
    if field.absent and value is None:
        yield ValueMismatch("may be left out, and is never null", path=path, help="leave it out")
        return
    found = False
    for mismatch in find_mismatches(value, field.type, path, references=references):
        found = True
        yield mismatch
    if not found and not (references and is_reference(value)):
        yield from _find_violated_constraints(value, field.constraints, path)


def place_mismatches(value: Any, schemas: Iterable[Any]) -> Iterator[ValueMismatch]:
    """Return the texts in a value that could end the place in a prompt that they fill, each once.

    `schemas` are those that the value has to fit.
    """
    said: set[Path] = set()
    for path, text, fault in (
        each for schema in schemas for each in find_refused_texts(value, schema)
    ):
        if path not in said:
            wrong = f"takes {fault.takes}, and {fault.place(format_cut_value(text))}"
            yield ValueMismatch(wrong, path=path, help=fault.why)
        said.add(path)


def find_mismatches(
    value: Any, type_: nodes.Type, path: Path = (), *, references: bool = False
) -> Iterator[ValueMismatch]:
    """Return the mismatches of a JSON value with a type, outer places first."""
    if references and is_reference(value):
        return
    match type_:
        case nodes.OptionalType(inner=inner):
            if value is not None and value != "" and value not in (EMPTY, CLEAR):
                yield from find_mismatches(value, inner, path, references=references)
        case _ if value is None or value == "" or value == EMPTY:
            if not (type_ == nodes.ScalarType(name="any") and value is None):
                found = "null" if value is None else "an empty text"
                found = f"`{EMPTY}`" if value == EMPTY else found
                yield ValueMismatch(
                    f"is not optional and takes {describe_type(type_)}", found, path
                )
        case nodes.ScalarType(name=name):
            yield from _find_scalar_mismatches(value, name, path)
        case nodes.EnumType() if type_.open and isinstance(value, str):
            yield from _find_bad_characters(value, path)
        case nodes.EnumType():
            yield from _find_enum_mismatches(value, type_, path)
        case nodes.ListType(element=element):
            if not isinstance(value, list):
                yield _make_type_mismatch(type_, value, path)
                return
            for index, item in enumerate(value):
                yield from find_mismatches(item, element, (*path, index), references=references)
        case nodes.RecordType(fields=fields):
            if not isinstance(value, dict):
                yield _make_type_mismatch(type_, value, path)
                return
            yield from _find_record_mismatches(value, fields, path, references)


def is_reference(value: Any) -> bool:
    """Whether a value is a reference to an output of an earlier run of the session."""
    return isinstance(value, dict) and value.keys() == {"$ref"} and isinstance(value["$ref"], str)


def _find_record_mismatches(
    value: Mapping[str, Any], fields: tuple[nodes.FieldSpec, ...], path: Path, references: bool
) -> Iterator[ValueMismatch]:
    known = {field.name: field for field in fields}
    for name, inner in value.items():
        if name in known:
            yield from field_mismatches(inner, known[name], (*path, name), references=references)
            continue
        nearest = find_closest_name(name, known)
        help = f"a field named `{nearest}` exists" if nearest else f"there are {join_names(known)}"
        yield ValueMismatch("is no field of the record", "", (*path, name), help)
    for field in fields:
        if field.required and field.name not in value:
            yield ValueMismatch(
                "is missing", "", (*path, field.name), f"it takes {describe_type(field.type)}"
            )


def _find_scalar_mismatches(value: Any, name: str, path: Path) -> Iterator[ValueMismatch]:
    type_ = nodes.ScalarType(name=name)
    match name:
        case "any":
            yield from _json_problems(value, path)
            return
        case "int":
            fits = _is_number(value) and value == int(value)
        case "number":
            fits = _is_number(value)
        case "bool":
            fits = isinstance(value, bool)
        case _:
            fits = isinstance(value, str) and (
                not has_spelling(name) or value == CLEAR or is_spelled(name, value)
            )
    if not fits:
        yield _make_type_mismatch(type_, value, path, _hint_for_scalar(name, value))
    elif isinstance(value, str):
        yield from _find_bad_characters(value, path)


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number, and none beyond the largest `float`."""
    try:
        return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)
    except OverflowError:
        return False


def _json_problems(value: Any, path: Path) -> Iterator[ValueMismatch]:
    """Return the parts of a value of any type that cannot be sent."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _find_bad_characters(key, path)
                yield from _json_problems(inner, (*path, key))
        case list():
            for index, inner in enumerate(value):
                yield from _json_problems(inner, (*path, index))
        case str():
            yield from _find_bad_characters(value, path)
        case float() if not math.isfinite(value):
            yield ValueMismatch("takes a value that JSON can hold", format_cut_value(value), path)


def _hint_for_scalar(name: str, value: Any) -> str:
    if name == "bool" and isinstance(value, str | int):
        word = str(value).strip().lower()
        if word in _TRUE_LIKE:
            return "write `true`"
        if word in _FALSE_LIKE:
            return "write `false`"
    if name == "number" and isinstance(value, str) and re.fullmatch(r"[+-]?\d+,\d+", value):
        return f"write `{value.replace(',', '.')}`, with a point"
    if name == "date" and isinstance(value, str):
        found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", value)
        if found:
            return f"write `{found[3]}-{int(found[2]):02}-{int(found[1]):02}`"
    if name == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return "write it in quotes"
    written = _INTEGER if name == "int" else _NUMBER if name == "number" else None
    if written is not None and isinstance(value, str) and written.fullmatch(value):
        return "write it without quotes"
    return ""


def _find_bad_characters(value: str, path: Path) -> Iterator[ValueMismatch]:
    try:
        value.encode()
    except UnicodeEncodeError:
        yield ValueMismatch("holds bytes that are no character of UTF-8", "", path)
        return
    if "\0" in value:
        yield ValueMismatch("holds a NUL character, which no field takes", "", path)


def _find_enum_mismatches(value: Any, enum: nodes.EnumType, path: Path) -> Iterator[ValueMismatch]:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if (whole if enum.numeric else isinstance(value, str)) and value in enum.values:
        return
    texts = [each for each in enum.values if isinstance(each, str)]
    nearest = find_closest_name(value, texts) if isinstance(value, str) else None
    help = f"`{nearest}` exists" if nearest else ""
    if enum.numeric and isinstance(value, str) and _INTEGER.fullmatch(value):
        help = _hint_for_scalar("int", value)
    yield _make_type_mismatch(enum, value, path, help)


def _make_type_mismatch(type_: nodes.Type, value: Any, path: Path, help: str = "") -> ValueMismatch:
    return ValueMismatch(f"takes {describe_type(type_)}", format_cut_value(value), path, help)


def _find_violated_constraints(
    value: Any, constraints: Mapping[str, Any], path: Path
) -> Iterator[ValueMismatch]:
    if value is None or value in ("", EMPTY, CLEAR):
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = constraints.get("minimum"), constraints.get("maximum")
        if least is not None and value < least:
            yield ValueMismatch(f"is at least {least}", format_cut_value(value), path)
        if most is not None and value > most:
            yield ValueMismatch(f"is at most {most}", format_cut_value(value), path)
    if isinstance(value, list):
        fewest, most = constraints.get("minItems"), constraints.get("maxItems")
        if fewest is not None and len(value) < fewest:
            yield ValueMismatch(
                f"has at least {_format_entry_count(fewest)}", str(len(value)), path
            )
        if most is not None and len(value) > most:
            yield ValueMismatch(f"has at most {_format_entry_count(most)}", str(len(value)), path)
    if isinstance(value, str):
        fewest, most = constraints.get("minLength"), constraints.get("maxLength")
        if fewest is not None and len(value) < fewest:
            yield ValueMismatch(f"has at least {_characters_of(fewest)}", str(len(value)), path)
        if most is not None and len(value) > most:
            yield ValueMismatch(f"has at most {_characters_of(most)}", str(len(value)), path)
        pattern = constraints.get("pattern")
        if pattern is not None and not may_match(pattern, value):
            yield ValueMismatch(f"matches `{pattern}`", format_cut_value(value), path)
        named = TYPE_OF_FORMAT.get(constraints.get("format", ""))
        if named is not None and not is_spelled(named, value):
            yield ValueMismatch(
                f"is spelled as `{constraints['format']}`, for example {example_value(named)}",
                format_cut_value(value),
                path,
            )


def _characters_of(count: int) -> str:
    return f"{count} character{'' if count == 1 else 's'}"


def _format_entry_count(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


_SCALARS = {
    "string": "a text",
    "int": "a whole number",
    "number": "a number",
    "bool": "`true` or `false`",
    "date": "a date",
    "datetime": "a date with a time",
    "time": "a time",
    "email": "an e-mail address",
    "url": "an address",
    "file": "the path of a file on the machine",
    "any": "a value",
}


_ANY_OTHER = ("any other text",)


def describe_type(type_: nodes.Type) -> str:
    """Describe for people the values that a type accepts."""
    match type_:
        case nodes.ScalarType(name=name):
            words = _SCALARS[name]
            return f"{words} such as {example_value(name)}" if has_spelling(name) else words
        case nodes.EnumType(values=values):
            *first, last = (*(f"`{value}`" for value in values), *_ANY_OTHER[: type_.open])
            return f"{', '.join(first)} or {last}" if first else last
        case nodes.OptionalType(inner=inner):
            return f"{describe_type(inner)}, or nothing"
        case nodes.ListType(element=element):
            return f"a list, as JSON, whose entries are {describe_type(element)}"
        case nodes.RecordType(fields=fields):
            return f"a record, as JSON, with {join_names(field.name for field in fields)}"


def format_cut_value(value: Any) -> str:
    """Return a value for a message, cut."""
    match value:
        case None:
            return "null"
        case dict():
            return "a record"
        case list():
            return f"a list of {_format_entry_count(len(value))}"
        case str():
            text = make_printable(value)
            return f"`{text[:_SHOWN]}…`" if len(text) > _SHOWN else f"`{text}`"
        case _:
            try:
                text = json.dumps(value)
            except (TypeError, ValueError):
                text = str(value)
            return f"`{text[:_SHOWN]}`"
