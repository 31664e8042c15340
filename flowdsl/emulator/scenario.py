"""The scenario file (TOML or JSON): how the emulator behaves in a rehearsal.

Whatever the file leaves out behaves as the service does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from flowdsl.emulator.clock import LONGEST_SECONDS, Seconds
from flowdsl.emulator.faults import Fault
from flowdsl.emulator.middleware import RateLimitText
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.emulator.webhooks import WebhookSettings
from flowdsl.source.durations import parse_duration
from flowdsl.source.toml_text import UnreadableToml, read_toml


class ScenarioError(ValueError):
    """The scenario cannot be used; the message names the location and what is allowed there."""


def _key_lifetime(value: object) -> object:
    if value is None or value == "honour":
        return None
    if value == "ignore":
        return 0.0
    seconds = parse_duration(value) if isinstance(value, str) else value
    if isinstance(seconds, bool):
        seconds = None
    if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_SECONDS:
        return float(seconds)
    raise ValueError("it is `honour`, `ignore` or how long a key is kept, as in `30s`")


class Scenario(BaseModel):
    """How the emulator behaves.

    `idempotency` is how many seconds a key is kept: None is forever, 0 not at all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    runs: tuple[RunRule, ...] = ()
    faults: tuple[Fault, ...] = ()
    idempotency: Annotated[float | None, BeforeValidator(_key_lifetime)] = None
    listing_lag: Seconds = 0.0
    rate_limit: RateLimitText | None = None
    webhooks: WebhookSettings | None = None
    format_version: Literal[1] = 1

    def join_scenario(self, other: Scenario) -> Scenario:
        """Return both scenarios merged; `other` takes precedence, and its faults come first."""
        said = {name: getattr(other, name) for name in other.model_fields_set}
        said["faults"] = (*other.faults, *self.faults)
        said["runs"] = (*other.runs, *self.runs)
        return self.model_copy(update=said)


def load_scenario(text: str) -> Scenario:
    """Parse a scenario file; raises `ScenarioError`."""
    try:
        values = json.loads(text) if text.lstrip().startswith("{") else read_toml(text)
    except RecursionError:
        raise ScenarioError("it is nested too deeply") from None
    except UnreadableToml as error:
        if error.reason is None:
            raise ScenarioError("it is nested too deeply") from None
        line = text.count("\n", 0, error.offset) + 1
        column = error.offset - text.rfind("\n", 0, error.offset)
        place = f"(at line {line}, column {column})"
        raise ScenarioError(f"it is neither TOML nor JSON: {error.reason} {place}") from None
    except ValueError as error:
        # The parser's message contains the line and the column.
        raise ScenarioError(f"it is neither TOML nor JSON: {error}") from None
    return make_scenario(values)


def make_scenario(values: Mapping[str, Any]) -> Scenario:
    """Return the scenario for the parsed values of a file; raises `ScenarioError`."""
    try:
        return Scenario.model_validate(dict(values))
    except ValidationError as error:
        raise ScenarioError("; ".join(_describe_problems(error))) from None


def make_fault(words: str) -> Fault:
    """Parse a fault written `METHOD PATH KIND [KEY=VALUE...]`; raises `ScenarioError`."""
    parts = words.split()
    if len(parts) < 3:
        raise ScenarioError("a fault is `METHOD PATH KIND [KEY=VALUE...]`")
    method, path, kind, *options = parts
    values: dict[str, str | float] = {"route": f"{method} {path}", "kind": kind}
    for option in options:
        name, _, value = option.partition("=")
        # On a command line, a number can only be written as a string of digits.
        values[name] = float(value) if name == "seconds" and value.isdecimal() else value
    return make_scenario({"faults": [values]}).faults[0]


def _describe_problems(error: ValidationError) -> Sequence[str]:
    problems = []
    for item in error.errors(include_url=False, include_context=True):
        *parents, last = item["loc"]
        place, inside = _format_location((*parents, last)), _format_location(parents)
        match item["type"]:
            case "extra_forbidden" | "unexpected_keyword_argument":
                keys = ", ".join(f"`{key}`" for key in _keys_at(parents))
                there = f"in `{inside}`" if inside else "of a scenario"
                problems.append(f"`{last}` is no key; the keys {there} are {keys}")
            case "missing" | "missing_argument":
                problems.append(f"`{place}` is missing")
            case "literal_error":
                expected = item["ctx"]["expected"]
                problems.append(f"`{place}` is `{item['input']}`, expected is {expected}")
            case "tuple_type":
                problems.append(f"`{place}` is no list of tables, as `[[{place}]]` begins one")
            case "string_pattern_mismatch" if last == "route":
                problems.append(f"`{place}` is no route, as in `POST /v1/workflows`")
            case "value_error":
                problems.append(f"`{place}`: {item['ctx']['error']}")
            case _:
                problems.append(f"`{place}`: {item['msg'][:1].lower()}{item['msg'][1:]}")
    return problems


def _format_location(location: Sequence[int | str]) -> str:
    written = ""
    for part in location:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            written += f".{part}" if written else part
    return written


def _keys_at(location: Sequence[int | str]) -> Sequence[str]:
    """Return the keys allowed in the table at `location`."""
    table: Any = Scenario
    for part in location:
        fields = _fields_of(table)
        if isinstance(part, str) and part in fields:
            table = _table_in(fields[part].annotation) or table
    return tuple(_fields_of(table))


def _fields_of(table: Any) -> Mapping[str, Any]:
    return getattr(table, "__pydantic_fields__", {})


def _table_in(annotation: Any) -> Any:
    if _fields_of(annotation):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
