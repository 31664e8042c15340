"""Characters with a known origin, and the variables of the platform.

The service inserts the inputs of a run into the prompt before any agent reads it. To detect values
that are taken for a part of the prompt, the characters of values are moved to separate Unicode
planes: `a` of a value is the character 0x40061. No literal text of a sentence matches those, so a
value can only be parsed as the content of a hole.

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
"""The end of the characters that Unicode has assigned, and the start of further ones."""
_MOVED, _RARE_MOVED = 0x40000, -0x60000
"""The offsets by which they are moved, to planes without assigned characters."""

PICTURE = "\ue000"
"""Delimits the address and the description of a picture; no text of a prompt contains it."""

PathParts: TypeAlias = tuple[str | int, ...]

_STEPS = r"""(?:\.[A-Za-z_]\w*|\[[0-9]+\]|\['[^']*'\]|\["[^"]*"\])*"""
_PATH = rf"[A-Za-z_]\w*{_STEPS}"

TOKEN = re.compile(
    rf"(?P<escape>\\\{{)|\{{\{{(?P<runtime>{_PATH})\}}\}}|\{{\$(?P<secret>{_PATH})\}}"
    rf"|\{{(?P<input>{_PATH})\}}|⟪(?P<saved>{_PATH})⟫",
    re.ASCII,
)
"""The variables of a prompt, and the escape of a brace (`D:/concepts/structured-inputs`).

Text between ⟪ and ⟫ refers to values that the reader itself has saved; the platform ignores it.
"""

_PART = re.compile(r"""\.?([A-Za-z_]\w*)|\[([0-9]+)\]|\['([^']*)'\]|\["([^"]*)"\]""", re.ASCII)


def move_outside(text: str) -> str:
    """Return a text with its characters moved to the planes of values."""
    return "".join(map(_move_character, text))


def _move_character(character: str) -> str:
    code = ord(character)
    if code < _PLAIN:
        return chr(code + _MOVED)
    return chr(code + _RARE_MOVED) if code >= _RARE else character


def move_inside(text: str) -> str:
    """Return a text with the characters of values moved back."""
    if text.isascii():
        return text
    return "".join(map(_move_character_back, text))


def _move_character_back(character: str) -> str:
    code = ord(character)
    if not _MOVED <= code < _RARE:
        return character
    return chr(code - _MOVED if code < _MOVED + _PLAIN else code - _RARE_MOVED)


def outside_lines(text: str) -> bool:
    """Whether a value contributes a line end to a text."""
    return any(move_outside(end) in text for end in "\n\r")


def path_parts(path: str) -> PathParts:
    """Parse `a.b[0]['c d']` into `("a", "b", 0, "c d")`."""
    parts: list[str | int] = []
    for name, index, single, double in _PART.findall(path):
        parts.append(int(index) if index else name or single or double)
    return tuple(parts)


def at_path(values: Mapping[str, Any], path: PathParts) -> Any:
    """Return the value at a path; None if a key is missing or an index out of range."""
    value: Any = values
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def spell_platform_value(value: Any) -> str:
    """Return a value as the platform inserts it into a text: texts unchanged, others as JSON."""
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
    """Return a prompt with the inputs of a run inserted, as characters of values.

    `names` are those of its schema. A name that is not plain is searched for literally (assumption
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
    """Estimate the length of a prompt with the inputs of a run inserted."""
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
"""The first part of the path of a value that the reader has saved itself."""


class LiveSecret(Exception):
    """A secret in a text that is not typed."""


_ESCAPED = "\ufdd3"
"""Placeholder for an escaped brace, which does not begin a variable."""

_PLACEHOLDER = re.compile(r"\{\$([A-Za-z_]\w*)[^{}]*\}", re.ASCII)


def fill_in_variables(
    text: str,
    runtime: Callable[[PathParts, str], str],
    *,
    secrets: bool = False,
    known: Collection[str] = (),
) -> str:
    """Return a text as it reaches the desktop.

    `runtime` returns the text of a runtime variable, given its path and its spelling. Secrets stay
    as placeholders, which are their aliases; without `secrets` one raises LiveSecret. Placeholders
    of `known` secrets are replaced when the text is typed, whatever their source.
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
