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


# The reason of a `fail` without words, where it is not the statement's own text

NOT_PRINTED = "not printed: {}"
"""Of a `run ... as`, with its command."""
NOT_REACHED = "not reached in {} rounds"
"""Of a `repeat`, with its bound."""
NOT_REACHED_SEEN = "not reached in {} rounds: {}"
"""Of a `repeat until sees`, with its bound and what was looked for."""
TOO_MANY = "more than {} entries to work through"
"""Of a `for` over more entries than its bound: the run is aborted."""
