"""What the compiler uses of RE2, on Python's own engine: the real one has no build for a page.

A pattern that takes exponential time stops the worker of whoever wrote it, and nobody else. What
RE2 refuses and Python accepts, such as a look-ahead, is refused here as well.
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"\\x\{([0-9a-fA-F]+)\}|\\z|\\.|\[(?:\\.|\[:\w+:\]|[^\]\\])*\]|\$|.", re.DOTALL)
_BEYOND = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|\\k<|\(\?P=")


class error(Exception):  # noqa: N801 (the name that RE2 gives it)
    """A pattern that cannot be compiled."""


class Options:
    """Settings that are accepted and have no effect."""

    log_errors = True
    max_mem = 0


def compile(pattern: str, options: Options | None = None) -> Any:
    """Compile a pattern of RE2's syntax; raises `error`, whose argument is bytes."""
    if found := _BEYOND.search(re.sub(r"\\\\", "", pattern)):
        raise error(f"invalid perl operator: {found[0]}".encode())
    try:
        return re.compile(_TOKEN.sub(_translate, pattern), re.ASCII)
    except re.error as failure:
        raise error(str(failure).encode()) from None


def _translate(token: re.Match[str]) -> str:
    if token[1] is not None:
        return re.escape(chr(int(token[1], 16)))
    return {"\\z": r"\Z", "$": r"\Z"}.get(token[0], token[0])
