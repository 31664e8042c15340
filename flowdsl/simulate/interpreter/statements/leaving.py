"""The exceptions with which statements leave their block, and the default reasons of failures."""

from __future__ import annotations


class Leaving(Exception):
    """Skip the following statements; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fail(Leaving):
    """`fail`: caught by the nearest enclosing `retry`, across calls; otherwise the run fails."""


class Abort(Leaving):
    """`abort`: the run fails."""


class Finish(Leaving):
    """`finish`: the run is complete."""


# The reasons of a `fail` without words

UNMET = "not so or not found: {}"
"""Of a statement that looked for something, including `while not sees`, with its text."""
NOT_COME = "what was waited for did not come"
"""Of a `wait until` with a condition."""
COMMAND_FAILED = "the command failed: {}"
"""Of a `run ... as`, with the first line of its command."""
NOT_REACHED = "not reached in {} {}"
"""Of rounds that were to make something so, with their number."""
STILL_SO = "still so after {} {}"
"""Of rounds that were to put an end to something."""
TOO_MANY = "more than {} entries to work through"
"""Of a `for` over more entries than its bound: the run is aborted."""
