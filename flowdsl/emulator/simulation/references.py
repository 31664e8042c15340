"""`{"$ref": "alias.outputs.path"}` in the inputs of a session's runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from flowdsl.emulator.simulation.variables import Path, PathError, parse_path, value_at

Values = Mapping[str, JsonValue]

_KEY = "$ref"
_FORM = "a reference is written `alias.outputs.path`"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where it stands in the inputs, the alias of the run it reads, and the path in its outputs.

    `alias` is empty where `text` is no reference.
    """

    place: Path
    text: str
    alias: str
    path: Path


class UnresolvedError(Exception):
    """A reference has no value; the message says why."""


def references(values: JsonValue | Values, place: Path = ()) -> Iterator[Reference]:
    """Every reference in `values`, in their order."""
    if isinstance(values, Mapping):
        text = _reference_text(values)
        if text is not None:
            yield _parse(text, place)
            return
        for name, value in values.items():
            yield from references(value, (*place, name))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from references(value, (*place, index))


def resolved(
    values: Values, outputs_of: Callable[[str], Mapping[str, JsonValue]]
) -> dict[str, JsonValue]:
    """`values` with every reference replaced; a path that leads nowhere gives `EMPTY`.

    `outputs_of` gives the outputs of an alias and raises `UnresolvedError`, as this does for a
    reference that is none or that goes into a text or a number.
    """

    def replace(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            text = _reference_text(value)
            if text is None:
                return {name: replace(item) for name, item in value.items()}
            reference = _parse(text, ())
            if not reference.alias:
                raise UnresolvedError(f"`{text}` is no reference: {_FORM}")
            outputs = outputs_of(reference.alias)
            try:
                return value_at(outputs, reference.path) if reference.path else dict(outputs)
            except PathError as error:
                raise UnresolvedError(str(error)) from None
        if isinstance(value, list):
            return [replace(item) for item in value]
        return value

    return {name: replace(value) for name, value in values.items()}


def _reference_text(value: Values) -> str | None:
    text = value.get(_KEY)
    return text if isinstance(text, str) and len(value) == 1 else None


def _parse(text: str, place: Path) -> Reference:
    alias, _, rest = text.partition(".")
    path = parse_path(rest)
    if not alias.strip() or path is None or path[0] != "outputs":
        return Reference(place, text, "", ())
    return Reference(place, text, alias.strip(), path[1:])
