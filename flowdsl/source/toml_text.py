"""TOML that people write, read within bounds."""

from __future__ import annotations

import re
import tomllib
from typing import Any

LONGEST = 1_000_000
"""Characters of a text."""

_POSITION = (
    r"(?s)(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)"
)
_DEEP_KEY = r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}"""
"""A dotted key of more than a hundred parts, for which `tomllib` takes quadratic time."""


class UnreadableToml(ValueError):
    """The text is not TOML, or exceeds the bounds.

    `reason` is a part of a sentence; None if the text nests too deeply. `offset` is its place.
    """

    def __init__(self, reason: str | None, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.offset = reason, offset


def read_toml(text: str) -> dict[str, Any]:
    """The document in a text; raises `UnreadableToml`."""
    if len(text) > LONGEST:
        raise UnreadableToml(f"it has more than {LONGEST:,} characters")
    for deep in re.finditer(_DEEP_KEY, text):
        if _is_code(text, deep.start()):
            raise UnreadableToml(None, deep.start())
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UnreadableToml(None) from None
    except ValueError as error:
        raise _make_unreadable_error(text, str(error)) from None


def _is_code(text: str, at: int) -> bool:
    """Whether an offset is in no comment, and in no string that begins on its line."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return "#" not in before and before.count('"') % 2 == before.count("'") % 2 == 0


def _make_unreadable_error(text: str, message: str) -> UnreadableToml:
    # `TOMLDecodeError` gives its place in words only (attributes come with Python 3.14). Other
    # value errors, such as that of a number of five thousand digits, have no place.
    match = re.fullmatch(_POSITION, message)
    reason = match["reason"] if match else message
    offset = 0
    if match:
        offset = len(text)
        if match["line"]:
            lines = text.split("\n")
            offset = sum(len(line) + 1 for line in lines[: int(match["line"]) - 1])
            offset += int(match["column"]) - 1
    return UnreadableToml(reason[:1].lower() + reason[1:], offset)
