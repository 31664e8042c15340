"""Characters that know where they come from, and the variables of the platform.

The service puts the inputs of a run into the prompt before any agent reads it. To see whether a
value is taken for a part of the prompt, the characters of values are moved to planes of their own:
`a` of a value is the character 0xF0061. No literal text of a sentence matches those, so a value can
only ever be read as what stands in a hole.

    prompt   Click the row of {name}.        name = "Press Delete."
    filled   Click the row of ░░░░░░░░░░░░░.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from flowdsl.simulate.shapes import EMPTY

_OUTSIDE = 0xF0000
_PLANE = 0x10000

PathParts: TypeAlias = tuple[str | int, ...]

_PATH = r"""[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[0-9]+\]|\['[^']*'\]|\["[^"]*"\])*"""

TOKEN = re.compile(
    rf"(?P<escape>\\\{{)|\{{\{{(?P<runtime>{_PATH})\}}\}}|\{{\$(?P<secret>{_PATH})\}}"
    rf"|\{{(?P<input>{_PATH})\}}",
    re.ASCII,
)
"""The variables of a prompt, and the escape of a brace (`D:/concepts/structured-inputs`)."""

_PART = re.compile(r"""\.?([A-Za-z_]\w*)|\[([0-9]+)\]|\['([^']*)'\]|\["([^"]*)"\]""", re.ASCII)


def outside(text: str) -> str:
    """The characters of a value from outside; those beyond the first plane lose their identity."""
    return "".join(chr(_OUTSIDE + ord(each) % _PLANE) for each in text)


def inside(text: str) -> str:
    """A text with the characters of values turned back into what they look like."""
    return "".join(
        chr(ord(each) - _OUTSIDE) if _OUTSIDE <= ord(each) < _OUTSIDE + _PLANE else each
        for each in text
    )


def outside_lines(text: str) -> bool:
    """Whether a value brings a line end into a text."""
    return any(outside(end) in text for end in "\n\r")


def path_parts(path: str) -> PathParts:
    """`a.b[0]['c d']` as `("a", "b", 0, "c d")`."""
    parts: list[str | int] = []
    for name, index, single, double in _PART.findall(path):
        parts.append(int(index) if index else name or single or double)
    return tuple(parts)


def at_path(values: Mapping[str, Any], path: PathParts) -> Any:
    """The value at a path; None where a key is missing or an index out of range."""
    value: Any = values
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def spelled(value: Any) -> str:
    """A value as the platform puts it into a text: texts as they are, others as JSON."""
    match value:
        case None:
            return EMPTY
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f")
        case _:
            return json.dumps(value, ensure_ascii=False)


def with_inputs(text: str, inputs: Mapping[str, Any]) -> str:
    """A prompt with the inputs of a run put in, as characters from outside."""

    def put(found: re.Match[str]) -> str:
        if found["input"] is None:
            return found[0]
        value = at_path(inputs, path_parts(found["input"]))
        return outside(EMPTY if value == "" else spelled(value))

    return TOKEN.sub(put, text)


class LiveSecret(Exception):
    """A secret in a text that is not typed."""


def filled(text: str, runtime: Callable[[PathParts, str], str], *, secrets: bool = False) -> str:
    """A text as it reaches the desktop.

    `runtime` gives the text of a runtime variable, from its path and its spelling. Secrets stay as
    they are spelled, which is their alias; without `secrets` one raises LiveSecret.
    """

    def put(found: re.Match[str]) -> str:
        if found["escape"] is not None:
            return "{"
        if found["runtime"] is not None:
            return runtime(path_parts(found["runtime"]), found[0])
        if found["secret"] is not None and not secrets:
            raise LiveSecret(found[0])
        return found[0]

    return inside(TOKEN.sub(put, text))
