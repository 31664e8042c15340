"""How statements leave the place where they stand, and the reasons that they give of themselves."""

from __future__ import annotations


class Leaving(Exception):
    """The statements that follow are left out; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fail(Leaving):
    """`fail`: the nearest `retry` around takes it, across calls; else the run has failed."""


class Abort(Leaving):
    """`abort`: the run has failed."""


class Finish(Leaving):
    """`finish`: the run is complete."""


# The reasons of a `fail` without words

UNMET = "not so or not found: {}"
"""Of a statement that looked for something, a `repeat until sees` among them, with its text."""
COMMAND_FAILED = "the command failed: {}"
"""Of a `run ... as`, with the first line of its command."""
NOT_REACHED = "what was to end the rounds is still not so"
"""Of another `repeat`."""
TOO_MANY = "more than {} entries to work through"
"""Of a `for` over more entries than its bound: the run is aborted."""
