"""Inputs, rows and secrets that a program gives as Python values. Pure.

Values are converted to JSON: dates and times become texts as the language spells them, tuples
lists, other mappings dictionaries. A text stays a text: nothing is converted to the declared type.
"""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowdsl.cyberdesk.errors import make_printable
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.inputs.places import (
    Given,
    InputsRefused,
    Path,
    Problem,
    format_path,
    make_refusal,
)

MAX_DEPTH = 100
"""The limit of nested values; a value that contains itself exceeds it."""

MAX_BITS = 1024
"""The limit of bits of a whole number; JSON parsers cannot hold larger ones."""


class _NoJson(Exception):
    """A part of a value that JSON cannot hold."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why


def parse_given_inputs(values: Mapping[str, Any], place: str = "inputs") -> tuple[Given, ...]:
    """Return the inputs of one run; raises `InputsRefused` for values that JSON cannot hold.

    `place` is the expression that holds them: a message names `inputs["day"]`.
    """
    return _read_each_value(one_input, values, place)


def one_input(name: str, value: Any, place: str) -> Given:
    """Like `parse_given_inputs`, for the value under `name`."""
    where = _format_member_place(place, name)
    try:
        return Given(name, _convert_python_value(value, ()), where)
    except _NoJson as wrong:
        at = f" at `{format_path(wrong.path)}`" if wrong.path else ""
        raise make_refusal(f"{where}{at}", wrong.why) from None


def parse_given_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[InputRow, ...]:
    """Return the runs of a table, one for each row; raises `InputsRefused` for all at once.

    Rows are counted from 0.
    """
    table: list[InputRow] = []
    problems: list[Problem] = []
    for number, values in enumerate(rows):
        place = f"rows[{number}]"
        try:
            table.append(InputRow(number, place, parse_given_inputs(values, place), "rows"))
        except InputsRefused as refused:
            problems += refused.problems
    if problems:
        raise InputsRefused(problems)
    if not table:
        raise make_refusal("rows", "it holds no run", "give one mapping of inputs for each")
    return tuple(table)


def parse_given_secrets(secrets: Mapping[str, str]) -> tuple[Given, ...]:
    """Return the secrets of a run; raises `InputsRefused`, without any part of a value."""
    return _read_each_value(one_secret, secrets, "secrets")


def one_secret(name: str, value: Any, place: str) -> Given:
    """Like `parse_given_secrets`, for the one under `name`."""
    where = _format_member_place(place, name)
    if isinstance(value, str) and not is_sendable(value):
        raise make_refusal(where, "a secret has half of a character (a lone surrogate)")
    if isinstance(value, str) and value:
        return Given(name, value, where, is_text=True)
    kind = "an empty one" if value == "" else f"a value of type {type(value).__name__}"
    raise make_refusal(where, f"a secret is a text, not {kind}")


def require_named_values(values: Any, place: str) -> list[tuple[str, Any]]:
    """Return the members of a caller's mapping, unchecked by types; raises `InputsRefused`."""
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise make_refusal(f"`{place}`", "it takes a mapping of names to values")
    return list(values.items())


def is_sendable(text: str) -> bool:
    """Whether a text can be encoded as UTF-8: it has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_each_value(
    one: Callable[[str, Any, str], Given], values: Mapping[str, Any], place: str
) -> tuple[Given, ...]:
    """Return the values, each read by `one`; raises `InputsRefused` for all at once."""
    secrets: list[Given] = []
    problems: list[Problem] = []
    for name, value in require_named_values(values, place):
        try:
            secrets.append(one(name, value, place))
        except InputsRefused as refused:
            problems += refused.problems
    if problems:
        raise InputsRefused(problems)
    return tuple(secrets)


def _format_member_place(place: str, name: str) -> str:
    return f'`{place}["{make_printable(name)}"]`'


def _convert_python_value(value: Any, path: Path) -> Any:
    if len(path) > MAX_DEPTH:
        raise _NoJson(path[:3], f"it is nested deeper than {MAX_DEPTH} levels")
    match value:
        case Mapping():
            found: dict[str, Any] = {}
            for name, inner in value.items():
                if not isinstance(name, str) or not is_sendable(name):
                    raise _NoJson(path, "the name of a field is a text")
                found[name] = _convert_python_value(inner, (*path, name))
            return found
        case list() | tuple():
            return [
                _convert_python_value(inner, (*path, index)) for index, inner in enumerate(value)
            ]
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case os.PathLike():
            return os.fspath(value)
        case str():
            if not is_sendable(value):
                raise _NoJson(path, "it has half of a character (a lone surrogate)")
            return value
        case None | bool():
            return value
        case int():
            if value.bit_length() > MAX_BITS:
                raise _NoJson(path, f"it is a number of more than {MAX_BITS} bits")
            return value
        case float():
            if not math.isfinite(value):
                raise _NoJson(path, f"it takes a number that JSON can hold, not {value}")
            return value
        case _:
            raise _NoJson(path, f"it takes what JSON can hold, not a {type(value).__name__}")
