"""TOML that people write, read within bounds.

What most project files consist of is read here, line by line: to import `tomllib` takes a tenth of
the time of `flowdsl check`. Any other text is left to `tomllib`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    try:
        return _read_plain_lines(text)
    except _NotPlain:
        return _read_any(text)


class _NotPlain(ValueError):
    """A text is more than tables of plain values, or a mistake."""


def _read_plain_lines(text: str) -> dict[str, Any]:
    """The document in a text of comments, headers and keys, each on a line of its own.

    Raises `_NotPlain` for any other text, also for one that is not TOML.
    """
    document: dict[str, Any] = {}
    table, headers = document, set()
    extensible = {id(document)}  # not so are the values in braces
    for line in text.split("\n"):
        line = line.strip(" ")
        if not line:
            continue
        if not line.isprintable():
            raise _NotPlain
        if line[0] == "[":
            if line in headers or line[-1] != "]":
                raise _NotPlain
            headers.add(line)
            table = document
            for name in map(_read_key, line[1:-1].split(".")):
                if name not in table:
                    table[name] = {}
                    extensible.add(id(table[name]))
                table = table[name]
                if id(table) not in extensible:
                    raise _NotPlain
        elif line[0] != "#":
            _add_key(table, line)
    return document


def _add_key(table: dict[str, Any], line: str) -> None:
    name, _, value = line.partition("=")
    name, value = _read_key(name.strip(" ")), value.strip(" ")
    if name in table:
        raise _NotPlain
    if value[:1] == "[" and value[-1] == "]":
        inner = value[1:-1].strip(" ")
        table[name] = [_read_scalar(each) for each in inner.split(", ")] if inner else []
    elif value[:1] == "{" and value[-1] == "}":
        table[name] = {}
        for each in value[1:-1].split(", "):
            _add_key(table[name], each)
    else:
        table[name] = _read_scalar(value)


def _read_key(name: str) -> str:
    if name.isascii() and name.replace("-", "_").isidentifier():
        return name
    raise _NotPlain


def _read_scalar(value: str) -> object:
    """A string without escapes, a truth value or a whole number."""
    value = value.strip(" ")
    inner = value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"' and not ('"' in inner or "\\" in inner):
        return inner
    if value in ("true", "false"):
        return value == "true"
    if value.isascii() and value.isdecimal() and len(value) < 16 and str(int(value)) == value:
        return int(value)
    raise _NotPlain


def _read_any(text: str) -> dict[str, Any]:
    import tomllib

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
