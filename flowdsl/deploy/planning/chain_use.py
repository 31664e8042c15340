"""What a chain gives a workflow and reads of it, from the body of `POST /v1/runs/chain` with names for ids. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.deploy.comparison.schema_gaps import OTHER_PROPERTIES, Path

Payload = Mapping[str, Any]
_OPEN = ("$ref", "$input", "$secret")
"""Keys of an object that stands for a value known only when the chain runs."""


def steps_of(payload: Payload, workflow: str) -> list[Payload]:
    """The steps that run the workflow."""
    return [step for step in payload.get("steps") or () if step.get("workflow_id") == workflow]


def passes_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step gives the workflow a value for `path`, or one that may hold it."""
    return any(
        not path
        or (path[0] in given and _holds(given[path[0]], path[1:]))
        or (path[0] == OTHER_PROPERTIES and bool(given))
        for given in _given(payload, workflow)
    )


def withholds_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step does not give what is at `path`, or gives what it belongs to and may not have it.

    A part of an optional input is missed only by a step that gives that input.
    """
    return any(
        _lacks(given[path[0]], path[1:]) if path[0] in given else len(path) == 1
        for given in _given(payload, workflow)
    )


def reads_output(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step takes the output at `path`, something inside of it, or something that it is inside of."""
    aliases = {step.get("session_alias") for step in steps_of(payload, workflow)}
    for reference in _references(payload):
        alias, *rest = reference.split(".")
        if alias in aliases and rest[:1] == ["outputs"] and _meets(rest[1:], path):
            return True
    return False


def _given(payload: Payload, workflow: str) -> Iterator[dict[Any, Any]]:
    """What each step gives, secrets under `$name` as in an input schema."""
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
    """Whether one is the beginning of the other; an item of a list is any item."""
    pairs = zip(reference, path, strict=False)
    return all(part == step or step in (None, OTHER_PROPERTIES) for part, step in pairs)
