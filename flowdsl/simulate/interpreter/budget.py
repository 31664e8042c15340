"""Limit the runs of one test, or of one path, in steps and in characters.

Both are counted, not measured, so that a program reaches the limits at the same place everywhere.
"""

from __future__ import annotations

from typing import Any

MAX_STEPS = 100_000
"""The most statements, passes, rounds and attempts. A correct program needs fewer."""
MAX_CHARACTERS = 20_000_000
"""The most characters of texts filled in, and of values kept or read.

A trace keeps every text, and so does the trace of the prompt: at most 100 MB in total.
"""
ENTRY = 16
"""The characters that an entry or a field counts for, in addition to its content."""


class Budget:
    """The steps and characters that remain for one test; its runs share them."""

    def __init__(self, steps: int = MAX_STEPS, characters: int = MAX_CHARACTERS) -> None:
        self.steps = steps
        self.characters = characters
        self.left = steps
        self.characters_left = characters

    @property
    def taken(self) -> int:
        """The steps used so far."""
        return self.steps - max(self.left, 0)


def json_weight(data: Any, most: int) -> int:
    """Return the size of a JSON value in characters; above `most`, counting stops.

    A value may contain the same part many times, and so be small although its text is long.
    """
    found, pending = 0, [data]
    while pending and found <= most:
        part = pending.pop()
        found += ENTRY
        match part:
            case str():
                found += len(part)
            case list():
                pending.extend(part)
            case dict():
                pending.extend(part.values())
            case _:
                pass
    return found
