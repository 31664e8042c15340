"""Regular expressions of users that could keep Python's engine busy for hours."""

from __future__ import annotations

import re

_HARMLESS = 12
"""How long a text may be for the worst pattern to be done within a moment."""


def may_take_long(pattern: str, length: int) -> bool:
    """Whether `pattern` could take exponential time for a text of `length` characters: a repeated group repeats or chooses
    inside itself, so that there are many ways to read the same text.
    """
    if length <= _HARMLESS:
        return False
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern, flags=re.DOTALL)
    branching = [False]
    for at, mark in enumerate(bare):
        if mark == "(":
            branching.append(False)
        elif mark == ")" and len(branching) > 1:
            inner = branching.pop()
            if inner and bare[at + 1 : at + 2] in ("*", "+", "{"):
                return True
            branching[-1] |= inner
        elif mark in "*+{|":
            branching[-1] = True
    return False
