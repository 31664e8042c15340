"""Apply the JSON Schemas of a payload to the values of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flowdsl.source.patterns import Unusable, may_be_found
from flowdsl.source.refused_texts import first_fault, read_refused

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator


def find_refusal(schema: str, value: Mapping[str, Any]) -> str | None:
    """Return why a JSON Schema refuses a value; None if the value is valid.

    A schema that cannot be read refuses nothing (the emulator's `unreadable-schema-open`).
    """
    validator = _compile_validator(schema)
    if validator is None:
        return None
    try:
        # A lone surrogate matches no pattern, so a pattern inside `not` would let it through.
        json.dumps(value, ensure_ascii=False).encode()
        found = next(iter(validator.iter_errors(value)), None)
    except UnicodeEncodeError:
        return "a text holds half of a surrogate pair"
    return None if found is None else _describe_error(found)


def _describe_error(error: ValidationError) -> str:
    """Describe an error, in words even for a text that could break out of its place in a prompt."""
    refused = read_refused(error.kind.as_dict().get("schema")) if error.kind.name == "not" else None
    text = error.instance
    if refused is None or not isinstance(text, str):
        return error.message
    fault = first_fault(text, refused)
    return error.message if fault is None else f'"{text}" {fault.describe()}'


@lru_cache(maxsize=64)
def _compile_validator(schema: str) -> Validator | None:
    # `jsonschema_rs` takes a fifth of the time of `jsonschema` to import (decision 45).
    from jsonschema_rs import Draft202012Validator

    try:
        # It is `offline`: a schema may contain an address that must not be requested.
        return Draft202012Validator(schema, keywords={"pattern": _PatternKeyword}, offline=True)
    except ValueError:
        return None


class _PatternKeyword:
    """The keyword `pattern`, which refuses a text if no dialect finds the pattern in it."""

    def __init__(self, schema: object, pattern: str, path: object) -> None:
        self._pattern = pattern

    def validate(self, value: object) -> None:
        if isinstance(value, str) and not fits_pattern(self._pattern, value):
            raise ValueError(f'"{value}" does not match "{self._pattern}"')


def fits_pattern(pattern: str, text: str) -> bool:
    """Whether any dialect finds a pattern in a text, as in `find_refusal`.

    True for a pattern that none can run: it refuses nothing. The library matches by the
    rules of JSON Schema, and gives up if look-arounds backtrack too much. A text that it refuses
    may match in RE2 or in Python.
    """
    return (_fits if len(text) > _SHORT else _fits_short)(pattern, text)


_SHORT = 200
"""The length of texts that are remembered: a run is tried with the same ones many times."""


def _fits(pattern: str, text: str) -> bool:
    strict = _compile_pattern(pattern)
    if strict is not None and strict.is_valid(text):
        return True
    try:
        return may_be_found(pattern, text)
    except Unusable:
        return strict is None


_fits_short = lru_cache(maxsize=4096)(_fits)


@lru_cache(maxsize=256)
def _compile_pattern(pattern: str) -> Validator | None:
    from jsonschema_rs import Draft202012Validator

    with suppress(ValueError):  # a pattern of another dialect
        return Draft202012Validator({"pattern": pattern}, offline=True)
    return None
