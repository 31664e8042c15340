"""Parses YAML with the inputs of a run to JSON values with their places. Pure.

Values are built from the parser's events. So no object is built because of a tag, and the number
and the depth of values are limited before more is read: the parser's time grows with the square of
the depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowdsl.cyberdesk.limits import MAX_DIGITS
from flowdsl.runs.inputs.places import (
    InputsRefused,
    Path,
    cut_reader_words,
    format_given_name,
    make_refusal,
)

LONGEST = 500_000
"""The size limit of a file in characters; the parser takes some seconds for that many."""

MAX_PARTS = 100_000
"""The limit of events of a file: its values, keys, and the ends of lists and objects."""

MAX_VALUES = 200_000
"""The limit of values, with those that aliases repeat: a few lines can expand to billions."""

MAX_DEPTH = 100

_NULLS = ("", "~", "null", "Null", "NULL")
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt]|[ \t]+)"
    r"([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?)?)"
)
_STANDARD = "tag:yaml.org,2002:"
_TYPES_OF_TAGS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
    "timestamp": (str,),
}


def read_yaml(name: str, text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Return the object in a file, and the offsets of its parts; raises `InputsRefused`.

    Parts that are reached through aliases have no offset.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > LONGEST:
        most = f"it has more than {LONGEST:,} characters"
        raise make_refusal(name, most, "write JSON, or a run in each row")
    try:
        reader = _YamlReader(name, YAML(typ="safe", pure=True).parse(text))
        value = reader.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = name if mark is None else f"{name}:{mark.line + 1}:{mark.column + 1}"
        reason = " ".join((error.problem or error.context or "it cannot be read").split())
        raise make_refusal(place, f"it is no YAML here: {cut_reader_words(reason)}") from None
    except (YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise make_refusal(name, f"it is no YAML: {cut_reader_words(reason)}") from None
    if not isinstance(value, dict):
        raise make_refusal(f"{name}:1:1", "it holds no object of inputs")
    return value, reader.offsets


class _YamlReader:
    """Reads the values of one document."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name = name
        self._events = events
        self._parts = self._values = 0
        self._anchors: dict[str, tuple[Any, int]] = {}
        self.offsets: dict[Path, int] = {}

    def document(self) -> Any:
        """Return the value of the only document; None if there is none."""
        value = None
        documents = 0
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self._refuse(event, "a second document begins, and one run has one")
                value = self._value(self._next(), ())
        return value

    def _next(self) -> Any:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise make_refusal(self._name, f"it has more than {MAX_PARTS:,} values and names")
        return next(self._events)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise make_refusal(self._name, f"it has more than {MAX_VALUES} values")

    def _place(self, event: Any) -> str:
        return f"{self._name}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"

    def _refuse(self, event: Any, message: str, help: str = "") -> InputsRefused:
        return make_refusal(self._place(event), message, help)

    def _value(self, event: Any, path: Path) -> Any:
        """Return the value that begins with an event."""
        self.offsets[path] = event.start_mark.index
        if len(path) > MAX_DEPTH:
            raise self._refuse(event, f"it nests deeper than {MAX_DEPTH} levels")
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._resolve_alias(event)
        before = self._values
        self._count(1)
        tag = event.tag and str(event.tag).removeprefix(_STANDARD)
        match kind:
            case "ScalarEvent":
                value = self._scalar(event, tag)
            case "SequenceStartEvent" if tag in (None, "!", "seq"):
                value = self._list(path)
            case "MappingStartEvent" if tag in (None, "!", "map"):
                value = self._object(path)
            case _:
                raise self._refuse_tagged_value(event)
        if event.anchor is not None:
            self._anchors[str(event.anchor)] = value, self._values - before
        return value

    def _refuse_tagged_value(self, event: Any) -> InputsRefused:
        return self._refuse(event, "it is a value with a tag, which no input takes")

    def _resolve_alias(self, event: Any) -> Any:
        found = self._anchors.get(str(event.anchor))
        if found is None:
            named = format_given_name(str(event.anchor))
            raise self._refuse(event, f"nothing that ends before this is named `&{named}`")
        value, count = found
        self._count(count)
        return value

    def _list(self, path: Path) -> list[Any]:
        entries: list[Any] = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            entries.append(self._value(event, (*path, len(entries))))
        return entries

    def _object(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                raise self._refuse(event, "the name of a field is a text")
            if event.value == "<<" and event.style is None:
                self._merge(event, path, merged)
                continue
            name = event.value
            plain = None if event.style is not None else _parse_plain_scalar(name)
            if not path and plain is not None and not isinstance(plain, str):
                shown = format_given_name(name)
                raise self._refuse(event, f"`{shown}` is no name of an input", "write it in quotes")
            if name in members:
                raise self._refuse(event, f"the key `{format_given_name(name)}` is there twice")
            members[name] = self._value(self._next(), (*path, name))
        return merged | members

    def _merge(self, key: Any, path: Path, merged: dict[str, Any]) -> None:
        """Add the fields of other objects; the first that has a field wins."""
        value = self._value(self._next(), (*path, "<<"))
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise self._refuse(key, "`<<` takes an object, or a list of them")
            self._count(len(each))
            for name, inner in each.items():
                merged.setdefault(name, inner)
                self.offsets.setdefault((*path, name), key.start_mark.index)

    def _scalar(self, event: Any, tag: str | None) -> Any:
        text: str = event.value
        if tag not in (None, "!", "str", *_TYPES_OF_TAGS):
            raise self._refuse_tagged_value(event)
        if tag in ("!", "str") or (event.style is not None and tag is None):
            return text
        value = _parse_plain_scalar(text)
        if tag is not None and type(value) not in _TYPES_OF_TAGS[tag]:
            shown = format_given_name(text)
            raise self._refuse(event, f"its tag is `!!{tag}`, which `{shown}` is not")
        if isinstance(value, int) and len(text) > MAX_DIGITS:
            raise self._refuse(event, f"it holds a whole number of {len(text)} digits")
        return value


def _parse_plain_scalar(text: str) -> Any:
    """Return the YAML 1.2 value of an unquoted text.

    A timestamp of YAML 1.1 is a text, with a `T` between the date and the time as in JSON.
    """
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.fullmatch(text):
        return int(text[: MAX_DIGITS + 1])
    if _BASED.fullmatch(text):
        return int(text[: MAX_DIGITS + 1], 0)
    if _NUMBER.fullmatch(text):
        return float(text)
    if _NO_NUMBER.fullmatch(text):
        return float(text.replace(".", "", 1))
    moment = _MOMENT.fullmatch(text)
    return f"{moment[1]}T{moment[2]}" if moment else text
