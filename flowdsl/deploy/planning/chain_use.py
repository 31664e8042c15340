"""What a chain gives to a workflow and reads from it. Pure.

A payload is the body of `POST /v1/runs/chain`, with names in place of ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.deploy.comparison.schema_gaps import OTHER_PROPERTIES, Path

Payload = Mapping[str, Any]
_OPEN = ("$ref", "$input", "$secret")
"""Keys of an object that stands for a value that is known only when the chain runs."""


def steps_of(payload: Payload, workflow: str) -> list[Payload]:
    """The steps that run the workflow."""
    return [step for step in payload.get("steps") or () if step.get("workflow_id") == workflow]


def passes_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step gives the workflow a value for `path`, or a value that may contain it."""
    return any(
        not path
        or (path[0] in given and _holds(given[path[0]], path[1:]))
        or (path[0] == OTHER_PROPERTIES and bool(given))
        for given in _given(payload, workflow)
    )


def withholds_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step does not give what is at `path`, or gives something that may lack it.

    A part of an optional input is missing only in a step that gives that input.
    """
    return any(
        _lacks(given[path[0]], path[1:]) if path[0] in given else len(path) == 1
        for given in _given(payload, workflow)
    )


def reads_output(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step reads the output at `path`, a part of it, or something that contains it."""
    aliases = {step.get("session_alias") for step in steps_of(payload, workflow)}
    for reference in _references(payload):
        alias, *rest = reference.split(".")
        if alias in aliases and rest[:1] == ["outputs"] and _meets(rest[1:], path):
            return True
    return False


def _given(payload: Payload, workflow: str) -> Iterator[dict[Any, Any]]:
    """What each step gives, secrets as `$name` like in an input schema."""
    for step in steps_of(payload, workflow):
        yield {
            **(payload.get("shared_inputs") or {}),
            **_secrets(payload.get("shared_sensitive_inputs")),
            **(step.get("inputs") or {}),
            **_secrets(step.get("sensitive_inputs")),
        }


def _secrets(values: Any) -> dict[str, Any]:
    return {f"${name}": value for name, value in (values or {}).items()}


def _is_open(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _OPEN


def _holds(value: Any, path: Path) -> bool:
    if not path or _is_open(value):
        return True
    first, *rest = path
    if isinstance(value, list | tuple):
        return first is None and any(_holds(item, tuple(rest)) for item in value)
    if not isinstance(value, Mapping):
        return True
    if first == OTHER_PROPERTIES:
        return any(_holds(item, tuple(rest)) for item in value.values())
    return first in value and _holds(value[first], tuple(rest))


def _lacks(value: Any, path: Path) -> bool:
    if not path:
        return False
    if _is_open(value):
        return True
    first, *rest = path
    if isinstance(value, list | tuple):
        return first is None and any(_lacks(item, tuple(rest)) for item in value)
    if not isinstance(value, Mapping):
        return False
    if first in value:
        return _lacks(value[first], tuple(rest))
    if first == OTHER_PROPERTIES:
        return any(_lacks(item, tuple(rest)) for item in value.values())
    return not rest


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)


def _meets(reference: list[str], path: Path) -> bool:
    """Whether one path is the beginning of the other; an item of a list is any item."""
    pairs = zip(reference, path, strict=False)
    return all(part == step or step in (None, OTHER_PROPERTIES) for part, step in pairs)
