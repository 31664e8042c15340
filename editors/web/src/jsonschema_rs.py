"""What FlowDSL uses of `jsonschema_rs`, in Python: the real one has no build for a page.

The keywords that the compiler writes are checked; others, such as `$ref` in a schema of a file,
refuse nothing. Messages are worded as by the real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


class ValidationError(ValueError):
    """Why a value is refused: the `message`, the `instance`, and the `kind` of keyword."""

    def __init__(self, message: str, instance: Any, keyword: str, rule: Any) -> None:
        super().__init__(message)
        self.message, self.instance = message, instance
        self.kind = SimpleNamespace(name=keyword, as_dict=lambda: {"schema": rule})


class Draft202012Validator:
    """Checks values against one schema."""

    def __init__(self, schema: Any, *, keywords: Any = None, offline: bool = True) -> None:
        self._schema = json.loads(schema) if isinstance(schema, str) else schema
        self._pattern = (keywords or {}).get("pattern")
        if isinstance(self._schema, dict) and "pattern" in self._schema:
            re.compile(self._schema["pattern"])

    def is_valid(self, value: Any) -> bool:
        """Whether the schema accepts a value."""
        return next(self.iter_errors(value), None) is None

    def iter_errors(self, value: Any) -> Iterator[ValidationError]:
        """Yield the errors of a value."""
        return self._check(value, self._schema)

    def _check(self, value: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(schema, dict):
            if schema is False:
                message = f"False schema does not allow {_show(value)}"
                yield ValidationError(message, value, "falseSchema", schema)
            return
        for keyword, rule in schema.items():
            message = self._refuse(keyword, rule, value, schema)
            if message:
                yield ValidationError(message, value, keyword, rule)
        if isinstance(value, dict):
            known = schema.get("properties", {})
            for name, part in known.items():
                if name in value:
                    yield from self._check(value[name], part)
            others = schema.get("additionalProperties")
            if isinstance(others, dict):
                for name in value.keys() - known.keys():
                    yield from self._check(value[name], others)
        if isinstance(value, list) and "items" in schema:
            for entry in value:
                yield from self._check(entry, schema["items"])
        for part in schema.get("allOf", ()):
            yield from self._check(value, part)

    def _refuse(self, keyword: str, rule: Any, value: Any, schema: Any) -> str:
        """Return why one keyword refuses a value; empty if it does not."""
        shown = _show(value)
        match keyword:
            case "type":
                types = rule if isinstance(rule, list) else [rule]
                if not any(_TYPES[each](value) for each in types if each in _TYPES):
                    return f"{shown} is not of type {', '.join(map(_show, types))}"
            case "enum" if not any(_equal(value, each) for each in rule):
                return f"{shown} is not one of {' or '.join(map(_show, rule))}"
            case "const" if not _equal(value, rule):
                return f"{_show(rule)} was expected"
            case "not" if self._accepts(value, rule):
                return f"{_show(rule)} is not allowed for {shown}"
            case "anyOf" if not any(self._accepts(value, each) for each in rule):
                return f"{shown} is not valid under any of the schemas in 'anyOf'"
            case "oneOf" if sum(self._accepts(value, each) for each in rule) != 1:
                return f"{shown} is not valid under exactly one of the schemas in 'oneOf'"
        if _is_number(value):
            return _refuse_number(keyword, rule, value)
        match value:
            case str():
                return self._refuse_text(keyword, rule, value)
            case list():
                return _refuse_list(keyword, rule, value)
            case dict():
                return _refuse_object(keyword, rule, value, schema.get("properties", {}))
        return ""

    def _refuse_text(self, keyword: str, rule: Any, value: str) -> str:
        match keyword:
            case "minLength" if len(value) < rule:
                return f"{_show(value)} is shorter than {_count(rule, 'character')}"
            case "maxLength" if len(value) > rule:
                return f"{_show(value)} is longer than {_count(rule, 'character')}"
            case "pattern" if self._pattern is not None:
                try:
                    self._pattern({}, rule, "").validate(value)
                except ValueError as refused:
                    return str(refused)
            case "pattern" if re.search(rule, value) is None:
                return f'{_show(value)} does not match "{rule}"'
        return ""

    def _accepts(self, value: Any, schema: Any) -> bool:
        return next(self._check(value, schema), None) is None


def _refuse_number(keyword: str, rule: Any, value: Any) -> str:
    match keyword:
        case "minimum" if value < rule:
            return f"{value} is less than the minimum of {rule}"
        case "maximum" if value > rule:
            return f"{value} is greater than the maximum of {rule}"
        case "exclusiveMinimum" if value <= rule:
            return f"{value} is less than or equal to the minimum of {rule}"
        case "exclusiveMaximum" if value >= rule:
            return f"{value} is greater than or equal to the maximum of {rule}"
    return ""


def _refuse_list(keyword: str, rule: Any, value: list[Any]) -> str:
    match keyword:
        case "minItems" if len(value) < rule:
            return f"{_show(value)} has less than {_count(rule, 'item')}"
        case "maxItems" if len(value) > rule:
            return f"{_show(value)} has more than {_count(rule, 'item')}"
    return ""


def _refuse_object(keyword: str, rule: Any, value: dict[str, Any], known: Any) -> str:
    match keyword:
        case "required":
            for name in rule:
                if name not in value:
                    return f'"{name}" is a required property'
        case "additionalProperties" if rule is False:
            further = ", ".join(f"'{name}'" for name in value if name not in known)
            verb = "were" if ", " in further else "was"
            if further:
                return f"Additional properties are not allowed ({further} {verb} unexpected)"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(one: Any, other: Any) -> bool:
    return (type(one) is type(other) and one == other) or (_is_number(one) and one == other)


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


Validator = Draft202012Validator
