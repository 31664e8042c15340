"""Hides possible credentials in the text of a project file before any of it is shown."""

from __future__ import annotations

import re

# The text may not be TOML at all, so this works line by line, and hides too much rather than too
# little. The expressions are possessive where they repeat, so that no line takes more than one
# pass.
_LINE = re.compile(r"[^\n]*+\n|[^\n]++")
"""A line of TOML, which no other character ends, such as U+2028 in a string."""
_HEADER = re.compile(r"\s*+\[++[^\]=]*+\]+")
_KEY_PART = re.compile(r"(?<![\w-])([\w-]++)[\"']?+\s*+([=:.])")
"""One part of a dotted key, and the sign that follows it."""
_SECRET = re.compile(r"key|token|secret|password|credential", re.IGNORECASE)
_VALUE = re.compile(r"(\b(?:env|file)\s*=\s*(?:\"[^\"]*\"|'[^']*'))|([^\s{}=,]+)(?=(\s*=)?)")
_STRING_OR_COMMENT = re.compile(r"\"(?:\\.|[^\"\\])*+\"?|'[^']*+'?|#.*")
_SOURCES = ("env", "file")
"""The keys that name where a credential is read from."""


def redact_credentials(text: str) -> str:
    """`text` with `*` for every character of a value that may be a credential.

    Offsets stay the same.

    A value counts as one if its key, or a table that contains it, has a name like `api_key`. The
    values of `env = "..."` and `file = "..."` are not credentials.
    """
    result = []
    in_secret_table = False
    quotes, depth = "", 0  # what the value of the lines before has open: a string, and brackets
    for line in _LINE.findall(text):
        if quotes or depth > 0:
            result.append(_star_out(line))
            if quotes:
                quotes = "" if quotes in line else quotes
                continue
            value = line
        else:
            header = _HEADER.match(line)
            if header is not None:
                in_secret_table = _SECRET.search(header.group()) is not None
            start = _find_secret_value(line)
            if not start and in_secret_table and header is None:
                start = line.find("=") + 1
                start = 0 if line[:start].split("=")[0].strip() in _SOURCES else start
            value = line[start:] if start else ""
            result.append(line[: len(line) - len(value)] + _VALUE.sub(_hide_value, value))
            depth = 0
        quotes = next((each for each in ('"""', "'''") if value.count(each) == 1), "")
        code = _STRING_OR_COMMENT.sub("", value)
        depth += code.count("[") + code.count("{") - code.count("]") - code.count("}")
    return "".join(result)


def _find_secret_value(line: str) -> int:
    """Return where the value of the first secret key on a line begins; 0 if there is none."""
    if _SECRET.search(line):
        is_secret = False
        for part in _KEY_PART.finditer(line):
            is_secret = is_secret or bool(_SECRET.search(part[1]))
            if part[2] != ".":
                # The source of a key is no credential: `api_key.env = "NAME"`.
                if is_secret and part[1] not in _SOURCES:
                    return part.end()
                is_secret = False
    return 0


def _hide_value(match: re.Match[str]) -> str:
    kept, hidden, is_key = match.groups()
    return match.group() if kept or is_key else _star_out(hidden)


def _star_out(text: str) -> str:
    return re.sub(r"\S", "*", text)
