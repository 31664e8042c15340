"""How much the runs of one test, or of one path, may take: in steps, and in what they hold.

Both are counted and not measured, so that a program reaches them at the same place everywhere.
"""

from __future__ import annotations

from typing import Any

MAX_STEPS = 100_000
"""The most statements, passes, rounds and attempts. A program that is right needs fewer."""
MAX_CHARACTERS = 20_000_000
"""The most characters of the texts that are filled in, and of the values that are kept or read.

A trace keeps every text, and so does the one of the prompt beside it: that makes 100 MB at most.
"""
ENTRY = 16
"""How many characters an entry or a field counts for, beside those that it holds."""
ORIGIN = 4
"""How many characters a question counts for, each time that something depends on its answer."""


class Budget:
    """What is left of the steps and characters of one test; its runs share it."""

    def __init__(self, steps: int = MAX_STEPS, characters: int = MAX_CHARACTERS) -> None:
        self.steps = steps
        self.characters = characters
        self.left = steps
        self.characters_left = characters

    @property
    def taken(self) -> int:
        """The steps so far."""
        return self.steps - max(self.left, 0)


def json_weight(data: Any, most: int) -> int:
    """The characters that a JSON value counts for; where they are more than `most`, some of them.

    A value may hold the same part again and again, so that it is small and its text is not.
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
