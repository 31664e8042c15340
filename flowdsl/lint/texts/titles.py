"""Titles of steps, which ask for nothing, and lines of a prompt that ask for something."""

from __future__ import annotations

import re

NUMBERED = re.compile(r"(?:[0-9]+(?:\.[0-9]+)*(?:[.):]\s*|\s+)|[-#•*]+\s*)+")
"""How a line of an outline begins: with a number, or with a sign of a list or a heading."""
_CONTROL = (
    r"(?i)(?:(?:if|otherwise|unless|for each|repeat|while|until|only)\b"
    r"|(?:to fail|at any time|append to)\b"
    r"|data:|make (?:at most|every|up to)\b|do (?:this\b|the numbered\b|[0-9])"
    r"|use (?:[a-z]+_[a-z_]+\b|what\b|screenshot\b)|wait (?:until|up to|[0-9])"
    r"|save (?:[\"'“⟦]|__))"
)
"""How the sentences of prompts begin that decide what is done, and how often."""


def why_no_title(title: str) -> str | None:
    """Return why a line cannot be a title, to follow "this title"; None if it can."""
    if NUMBERED.match(title):
        return "begins like a line of an outline"
    if re.match(_CONTROL, title):
        return "begins like a sentence of a prompt"
    return "ends like a sentence" if title.endswith((".", ":", ";")) else None
