"""Texts on one line."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"\s+")


def joined(text: str) -> str:
    """The text on one line: blanks that hold a line end become one blank, others stay."""
    return _BLANKS.sub(_joint, text).strip()


def _joint(found: re.Match[str]) -> str:
    blanks = found[0]
    return blanks if blanks.splitlines() == [blanks] else " "
