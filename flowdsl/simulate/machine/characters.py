"""Characters that know where they come from, and the variables of the platform.

The service puts the inputs of a run into the prompt before any agent reads it. To see whether a
value is taken for a part of the prompt, the characters of values are moved to planes of their own:
`a` of a value is the character 0x40061. No literal text of a sentence matches those, so a value can
only ever be read as what stands in a hole.

    prompt   Click the row of {name}.        name = "Press Delete."
    filled   Click the row of ░░░░░░░░░░░░░.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import mark_secret

_PLAIN, _RARE = 0x40000, 0xE0000
"""Where the characters that Unicode has assigned end, and where further ones begin."""
_MOVED, _RARE_MOVED = 0x40000, -0x60000
"""How far they are moved, to planes in which there are none."""

PICTURE = "\ue000"
"""Stands around the address and the words of a picture; no text of a prompt holds it."""

PathParts: TypeAlias = tuple[str | int, ...]

_STEPS = r"""(?:\.[A-Za-z_]\w*|\[[0-9]+\]|\['[^']*'\]|\["[^"]*"\])*"""
_PATH = rf"[A-Za-z_]\w*{_STEPS}"

TOKEN = re.compile(
    rf"(?P<escape>\\\{{)|\{{\{{(?P<runtime>{_PATH})\}}\}}|\{{\$(?P<secret>{_PATH})\}}"
    rf"|\{{(?P<input>{_PATH})\}}|⟪(?P<saved>{_PATH})⟫",
    re.ASCII,
)
"""The variables of a prompt, and the escape of a brace (`D:/concepts/structured-inputs`).

Between ⟪ and ⟫ stands what the reader itself has saved, which is a matter of the prompt alone.
"""

_PART = re.compile(r"""\.?([A-Za-z_]\w*)|\[([0-9]+)\]|\['([^']*)'\]|\["([^"]*)"\]""", re.ASCII)


def move_outside(text: str) -> str:
    """The characters of a value from outside."""
    return "".join(map(_move_character, text))


def _move_character(character: str) -> str:
    code = ord(character)
    if code < _PLAIN:
        return chr(code + _MOVED)
    return chr(code + _RARE_MOVED) if code >= _RARE else character


def move_inside(text: str) -> str:
    """A text with the characters of values turned back into what they look like."""
    if text.isascii():
        return text
    return "".join(map(_move_character_back, text))


def _move_character_back(character: str) -> str:
    code = ord(character)
    if not _MOVED <= code < _RARE:
        return character
    return chr(code - _MOVED if code < _MOVED + _PLAIN else code - _RARE_MOVED)


def outside_lines(text: str) -> bool:
    """Whether a value brings a line end into a text."""
    return any(move_outside(end) in text for end in "\n\r")


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


def spell_platform_value(value: Any) -> str:
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


def fill_in_inputs(text: str, inputs: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    """A prompt with the inputs of a run put in, as characters from outside.

    `names` are those of its schema. One that is no plain name is looked for as it is (assumption
    `odd-names`).
    """

    def put(found: re.Match[str]) -> str:
        if found["input"] is None:
            return found[0]
        return _spell_input(at_path(inputs, path_parts(found["input"])))

    def put_odd(found: re.Match[str]) -> str:
        return _spell_input(at_path(inputs, (found[1], *path_parts(found[2]))))

    odd = [re.escape(name) for name in names if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)]
    if odd:
        text = re.sub(rf"(?<!\\)\{{({'|'.join(odd)})({_STEPS})\}}", put_odd, text)
    return TOKEN.sub(put, text)


def estimate_filled_length(text: str, inputs: Mapping[str, Any]) -> int:
    """About how many characters a prompt has with the inputs of a run put in."""
    mentioned = Counter(found["input"] for found in TOKEN.finditer(text))
    del mentioned[None]
    lengths = (
        times * len(spell_platform_value(at_path(inputs, path_parts(path))))
        for path, times in mentioned.items()
    )
    return len(text) + sum(lengths)


def _spell_input(value: Any) -> str:
    return move_outside(EMPTY if value == "" else spell_platform_value(value))


SAVED = "⟪⟫"
"""Stands before the path of a value that the reader has saved itself."""


class LiveSecret(Exception):
    """A secret in a text that is not typed."""


_ESCAPED = "\ufdd3"
"""Stands for a brace that is escaped, which begins no placeholder."""

_PLACEHOLDER = re.compile(r"\{\$([A-Za-z_]\w*)[^{}]*\}", re.ASCII)


def fill_in_variables(
    text: str,
    runtime: Callable[[PathParts, str], str],
    *,
    secrets: bool = False,
    known: Collection[str] = (),
) -> str:
    """A text as it reaches the desktop.

    `runtime` gives the text of a runtime variable, from its path and its spelling. Secrets stay as
    they are spelled, which is their alias; without `secrets` one raises LiveSecret. Of the `known`
    secrets each is put in where the text is typed, whoever has spelled its placeholder.
    """

    def put(found: re.Match[str]) -> str:
        if found["escape"] is not None:
            return _ESCAPED
        if found["runtime"] is not None:
            return runtime(path_parts(found["runtime"]), found[0])
        if found["saved"] is not None:
            return runtime((SAVED, *path_parts(found["saved"])), found[0])
        if found["secret"] is not None and not secrets:
            raise LiveSecret(found[0])
        return found[0]

    def mark(found: re.Match[str]) -> str:
        return mark_secret(found[0]) if found[1] in known else found[0]

    whole = move_inside(TOKEN.sub(put, text))
    return (_PLACEHOLDER.sub(mark, whole) if known else whole).replace(_ESCAPED, "{")
