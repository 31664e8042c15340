"""Makes `output_data`: values that the output schema accepts, taken from the run where possible."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from flowdsl.emulator.simulation.prompts import Step, find_saved_values
from flowdsl.emulator.simulation.sampling import sample_value, text_for
from flowdsl.emulator.simulation.schemas import Schema
from flowdsl.emulator.simulation.variables import (
    EMPTY,
    Path,
    PathError,
    Values,
    parse_path,
    render_text,
    set_at,
    value_at,
)

_SOURCE = re.compile(r"runtime variable \"(\w+)\"")


def find_stated_values(steps: Sequence[Step], inputs: Values) -> dict[str, JsonValue]:
    """Return the runtime variables whose value is in the prompt or in an input of the same name."""
    values: dict[str, JsonValue] = {}
    for saved in find_saved_values(steps):
        try:
            if saved.text is not None:
                values[saved.key] = render_text(saved.text, inputs, values)
            elif saved.key not in values and (value := value_at(inputs, (saved.key,))) != EMPTY:
                values[saved.key] = value
        except PathError:
            continue
    return values


def fill_in(runtime: dict[str, JsonValue], steps: Sequence[Step], seed: str) -> None:
    """Set every other runtime variable that the steps save to a text made from its name."""
    for saved in find_saved_values(steps):
        if saved.key not in runtime:
            runtime[saved.key] = text_for(saved.key, f"{seed}/{saved.key}")


def make_outputs(
    schema: Schema | None,
    written: str | None,
    inputs: Values,
    runtime: dict[str, JsonValue],
    seed: str,
    overrides: Mapping[str, JsonValue],
) -> tuple[dict[str, JsonValue] | None, str | None]:
    """Return the output data, and a note if the schema asks for data but there is none.

    Fields take the values of runtime variables and inputs of the same name if the schema accepts
    them; afterwards `runtime` contains the reported values. `overrides`, by path, are inserted
    unchecked.
    """
    if schema is None:
        note = None if written is None else "the output schema cannot be read; there is no output"
        if not overrides:
            return None, note
        schema = {"type": "object"}
    variables = variables_behind_fields(schema)

    def known(path: Path) -> JsonValue:
        name = path[-1] if path else None
        if len(path) == 1 and variables.get(str(name), str(name)) in runtime:
            return runtime[variables.get(str(name), str(name))]
        if not isinstance(name, str) or any(isinstance(part, int) for part in path):
            return None
        for candidate in (path, (name,)):
            try:
                value = value_at(inputs, candidate)
            except PathError:
                continue
            if value != EMPTY:
                return value
        return None

    made, value = sample_value(schema, seed, known)
    if not made or not isinstance(value, dict):
        note = "no value was found that the output schema accepts; there is no output"
        if not overrides:
            return None, note
        value = {}
    for text, wanted in overrides.items():
        path = parse_path(text)
        if path is not None:
            set_at(value, path, wanted)
    for name, reported in value.items():
        runtime[variables.get(name, name)] = reported
    return value, None


def variables_behind_fields(schema: Schema) -> dict[str, str]:
    """Return the runtime variable of each field whose description names one."""
    properties = schema.get("properties")
    variables: dict[str, str] = {}
    for name, rule in (properties if isinstance(properties, dict) else {}).items():
        description = rule.get("description") if isinstance(rule, dict) else None
        match = _SOURCE.search(description) if isinstance(description, str) else None
        if match is not None:
            variables[name] = match[1]
    return variables
