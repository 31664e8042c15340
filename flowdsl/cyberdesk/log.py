"""What a client tells of every attempt to get a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowdsl.cyberdesk.errors import printable


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was sent, and how it ended; there are no bodies, queries or keys in it.

    `number` counts from 1 over the attempts of one call; `seconds` end with the last byte of the reply. `failure` names what
    went wrong where no whole reply came, and `repeats_in` is how long the next attempt waits, None where this one was the last.
    """

    method: str
    path: str
    number: int
    seconds: float
    status: int | None = None
    failure: str | None = None
    request_id: str | None = None
    repeats_in: float | None = None

    def line(self) -> str:
        """`POST /v1/workflows 503 in 21 ms, attempt 2, request fly-71; again in 0.5 s`, in printable characters."""
        ending = self.failure or f"{self.status}"
        text = f"{self.method} {self.path} {ending} in {self.seconds * 1000:.0f} ms"
        if self.number > 1:
            text += f", attempt {self.number}"
        if self.request_id is not None:
            text += f", request {self.request_id}"
        if self.repeats_in is not None:
            text += f"; again in {self.repeats_in:.1f} s"
        return printable(text)


Listener = Callable[[Attempt], None]
"""Called after each attempt, before the pause that follows it."""
