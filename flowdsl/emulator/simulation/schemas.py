"""Schemas of workflows: parsing and validation."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from pydantic import JsonValue

from flowdsl.emulator.simulation.variables import Path, without_empty
from flowdsl.source.patterns import may_match, syntax_problem
from flowdsl.source.refused_texts import first_fault, read_refused

Schema = dict[str, Any]

MAX_PROBLEMS = 100
_MESSAGE_LIMIT = 300

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_SYNONYMS = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_KEYWORDS = frozenset(
    ("$ref", "$schema", "type", "properties", "anyOf", "allOf", "oneOf", "enum", "const", "items")
)


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """A value that a schema refuses: its path, the reason, and the keyword that refuses it."""

    path: Path
    message: str
    keyword: str


@functools.lru_cache(maxsize=256)
def read_schema(text: str | None) -> Schema | None:
    """Parse the JSON Schema in `text`, which may use the short notation `{"mrn": "string"}`.

    None for no text and for a text that is neither. The result is shared and must not be modified.
    """
    if text is None:
        return None
    try:
        written = json.loads(text, parse_constant=_refuse_constant)
        schema = written if _is_schema(written) else _from_short_notation(written)
        if isinstance(schema, dict) and _is_valid(schema):
            return schema
    except (ValueError, RecursionError):
        return None
    return None


def find_schema_problems(schema: Schema, value: JsonValue) -> list[SchemaProblem]:
    """Return what `schema` refuses in `value`, outer paths first; at most `MAX_PROBLEMS`."""
    from referencing.exceptions import Unresolvable

    problems: dict[tuple[Path, str, str], SchemaProblem] = {}
    try:
        for error in _make_validator(schema).iter_errors(value):
            for problem in _problems_of(error):
                problems.setdefault((problem.path, problem.keyword, problem.message), problem)
            if len(problems) >= MAX_PROBLEMS:
                break
    except Unresolvable as error:
        # jsonschema reads no files or URLs: a reference to one never validates.
        return [
            SchemaProblem((), f"the schema refers to `{error.ref}`, which it does not hold", "$ref")
        ]
    except RecursionError:
        return [SchemaProblem((), "the schema or the value is nested too deeply", "depth")]
    return sorted(problems.values(), key=lambda problem: (len(problem.path), str(problem.path)))


def is_valid_for(schema: Schema, value: JsonValue) -> bool:
    """Whether `value` is valid."""
    return not find_schema_problems(schema, value)


def input_problems(
    schema: Schema,
    values: Mapping[str, JsonValue],
    secrets: Collection[str],
    *,
    unresolved: Collection[str] = (),
    machine_known: bool = True,
) -> list[SchemaProblem]:
    """Return what `input_schema` refuses in the inputs of a run.

    A secret counts as present under `$name`; its value is not validated. `EMPTY` counts as not
    given. Root keys of `unresolved` get their value later, and if no machine is known, a missing
    root key may still come from one.
    """
    shown = {name: without_empty(value) for name, value in values.items()}
    payload = without_empty({name: v for name, v in shown.items() if name not in unresolved})
    assert isinstance(payload, dict)
    late = set(unresolved)
    checked = dict(schema)
    properties = checked.get("properties")
    opened = {f"${name}" for name in secrets}
    if isinstance(properties, dict):
        checked["properties"] = {
            name: True if name in opened else rule for name, rule in properties.items()
        }
    payload.update(dict.fromkeys(opened))
    return [
        problem
        for problem in find_schema_problems(checked, payload)
        if not (
            problem.keyword == "required"
            and len(problem.path) == 1
            and (not machine_known or problem.path[0] in late)
        )
    ]


def find_declared_inputs(schema: Schema | None) -> frozenset[str]:
    """Return the root keys that `input_schema` declares, secrets as `$name`."""
    properties = (schema or {}).get("properties")
    return frozenset(properties) if isinstance(properties, dict) else frozenset()


def types_of(schema: object) -> frozenset[str] | None:
    """Return the JSON types a schema allows at its root (`number` adds `integer`); None for any."""
    if not isinstance(schema, dict):
        return None
    kind = schema.get("type")
    kinds = {kind} if isinstance(kind, str) else set(kind) if isinstance(kind, list) else None
    if kinds is None:
        return None
    return frozenset(kinds | ({"integer"} if "number" in kinds else set()))


def property_schema(schema: Schema | None, path: Path) -> tuple[bool, object]:
    """Return whether `path` can exist in values of `schema`, and its schema (True: any value).

    Only `properties` and `items` are followed; where another keyword decides, any path may exist.
    """
    current: object = True if schema is None else schema
    for part in path:
        if not isinstance(current, dict):
            return True, True
        branch = current.get("items") if isinstance(part, int) else current.get("properties")
        if isinstance(part, int):
            current = branch if branch is not None else True
        elif not isinstance(branch, dict):
            return True, True
        elif part not in branch:
            closed = not current.keys() & {"patternProperties", "$ref", "allOf", "anyOf", "oneOf"}
            return not closed, True
        else:
            current = branch[part]
    return True, current


def _problems_of(error: Any) -> Iterator[SchemaProblem]:
    path = tuple(error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                yield SchemaProblem((*path, name), f"`{name}` is required", "required")
        return
    message = error.message
    if len(message) > _MESSAGE_LIMIT:
        message = message[: _MESSAGE_LIMIT - 3] + "..."
    yield SchemaProblem(path, message, str(error.validator))


def _refuse_constant(constant: str) -> Any:
    raise ValueError(constant)


def _is_schema(written: object) -> bool:
    if not isinstance(written, dict) or not written.keys() & _KEYWORDS:
        return False
    kind = written.get("type")
    if kind in _TYPES and isinstance(kind, str) and set(written) - {"type"}:
        # `{"type": "string", "number": "string"}` declares two fields.
        return not all(value in _TYPES for value in written.values() if isinstance(value, str)) or (
            not all(isinstance(value, str) for value in written.values())
        )
    return True


def _from_short_notation(written: object) -> Schema | None:
    if isinstance(written, str):
        name = _SYNONYMS.get(written.lower(), written.lower())
        # A text that is not a type is a description of the value.
        return {"type": name} if name in _TYPES else {"type": "string", "description": written}
    if isinstance(written, list):
        return {"type": "array", "items": _from_short_notation(written[0]) if written else {}}
    if isinstance(written, dict):
        return {
            "type": "object",
            "properties": {name: _from_short_notation(rule) for name, rule in written.items()},
            "required": list(written),
        }
    return None


def _is_valid(schema: Schema) -> bool:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema, format_checker=_pattern_checker())
    except SchemaError:
        return False
    return True


def _make_validator(schema: Schema) -> Any:
    # Without a registry of its own, jsonschema would fetch `$ref` URLs over the network.
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    validator = _validator_class(_repeats_in_names(schema))
    return validator(schema, registry=REGISTRY, format_checker=_format_checker())


@functools.cache
def _validator_class(repeats_in_names: bool) -> Any:
    """Return the standard validator, with patterns that take linear time.

    `unevaluatedProperties` applies patterns to names in a way that cannot be replaced, so it is
    left out if that could be slow.
    """
    from jsonschema import Draft202012Validator, validators

    keywords: dict[str, Any] = {
        "not": _validate_not,
        "pattern": _validate_pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    if repeats_in_names:
        keywords["unevaluatedProperties"] = lambda *_: ()
    extend: Callable[..., Any] = validators.extend
    return extend(Draft202012Validator, keywords)


def _repeats_in_names(schema: object) -> bool:
    """Whether a pattern for property names contains repetition or alternatives.

    Such a pattern can match one name in many ways, which is slow.
    """
    pending = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            names = each.get("patternProperties")
            if isinstance(names, dict) and any(not set("*+?{|").isdisjoint(n) for n in names):
                return True
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
    return False


def _validate_pattern(validator: Any, pattern: str, value: Any, schema: Schema) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(value, "string") and not may_match(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _validate_not(validator: Any, refused: Any, value: Any, schema: Schema) -> Iterator[Any]:
    """Validate `not` by the standard, and explain how a text could end its place in a prompt."""
    from jsonschema import Draft202012Validator, ValidationError

    known = read_refused(refused) if isinstance(value, str) else None
    for error in Draft202012Validator.VALIDATORS["not"](validator, refused, value, schema):
        fault = None if known is None else first_fault(value, known)
        yield error if fault is None else ValidationError(f"{value!r} {fault.describe()}")


def _pattern_properties(
    validator: Any, patterns: Schema, value: Any, schema: Schema
) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, rule in patterns.items():
            for name, each in value.items():
                if may_match(pattern, name):
                    yield from validator.descend(each, rule, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rule: Any, value: Any, schema: Schema) -> Iterator[Any]:
    """Validate the properties that no pattern matches, like the standard."""
    from jsonschema import Draft202012Validator

    if validator.is_type(value, "object"):
        patterns = schema.get("patternProperties", {})
        rest = {
            name: each
            for name, each in value.items()
            if not any(may_match(pattern, name) for pattern in patterns)
        }
        plain = {keyword: of for keyword, of in schema.items() if keyword != "patternProperties"}
        standard = Draft202012Validator.VALIDATORS["additionalProperties"]
        yield from standard(validator, rule, rest, plain)


@functools.cache
def _pattern_checker() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("regex")(lambda text: not isinstance(text, str) or syntax_problem(text) is None)
    return checker


@functools.cache
def _format_checker() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name, raises=ValueError)(_for_texts(check))
    return checker


def _for_texts(check: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value) is not None


def _parse_date(text: str) -> date:
    if len(text) != len("2026-01-31"):
        raise ValueError(text)
    return date.fromisoformat(text)


def _date_time(text: str) -> datetime:
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _parse_time(text: str) -> time:
    if not re.match(r"\d\d:\d\d", text):
        raise ValueError(text)
    return time.fromisoformat(text)


FORMATS: dict[str, Callable[[str], object]] = {
    "date": _parse_date,
    "date-time": _date_time,
    "time": _parse_time,
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text),
    "uri": lambda text: re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", text),
}
"""The formats that are enforced (assumption `formats-enforced`); others are ignored."""
