"""Hides possible credentials in the text of a project file before any of it is shown."""

from __future__ import annotations

import re

# The text may not be TOML at all, so this works line by line, and hides too much rather than too
# little. The expressions are possessive where they repeat, so that no line takes more than one
# pass.
_HEADER = re.compile(r"\s*+\[++[^\]=]*+\]+")
_ASSIGNED = re.compile(r"(?<![\w-])([\w-]++)[\"']?+\s*+[=:]")
_SECRET = re.compile(r"key|token|secret|password|credential", re.IGNORECASE)
_VALUE = re.compile(r"(\b(?:env|file)\s*=\s*(?:\"[^\"]*\"|'[^']*'))|([^\s{}=,]+)(?=(\s*=)?)")


def redact_credentials(text: str) -> str:
    """`text` with `*` for every character of a value that may be a credential.

    Offsets stay the same.

    A value counts as one if its key, or the table that contains it, has a name like `api_key`. The
    values of `env = "..."` and `file = "..."` are not credentials.
    """
    result = []
    in_secret_table = False
    open_quotes = ""
    for line in text.splitlines(keepends=True):
        if open_quotes:
            closed = open_quotes in line
            result.append(_star_out(line))
            open_quotes = "" if closed else open_quotes
            continue
        header = _HEADER.match(line)
        if header is not None:
            in_secret_table = _SECRET.search(header.group()) is not None
        words = _ASSIGNED.finditer(line) if _SECRET.search(line) else ()
        assigned = next((each for each in words if _SECRET.search(each[1])), None)
        start = assigned.end() if assigned else line.find("=") + 1 if in_secret_table else 0
        if not start or (header is not None and assigned is None):
            result.append(line)
            continue
        value = line[start:]
        if not assigned and line[:start].split("=")[0].strip() in ("env", "file"):
            result.append(line)
            continue
        result.append(line[:start] + _VALUE.sub(_hide_value, value))
        for quotes in ('"""', "'''"):
            if value.count(quotes) == 1:
                open_quotes = quotes
    return "".join(result)


def _hide_value(match: re.Match[str]) -> str:
    kept, hidden, is_key = match.groups()
    return match.group() if kept or is_key else _star_out(hidden)


def _star_out(text: str) -> str:
    return re.sub(r"\S", "*", text)
