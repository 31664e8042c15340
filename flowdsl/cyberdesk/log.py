"""The log record of one attempt to get a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowdsl.cyberdesk.errors import make_printable


@dataclass(frozen=True, slots=True)
class RequestAttempt:
    """One request that was sent, and how it ended, without bodies, queries and keys.

    `number` counts the attempts of one call from 1. `seconds` is the time until the last byte of
    the reply. `failure` names the error when no complete reply arrived. `repeats_in` is the seconds
    until the next attempt, None after the last one.
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
        """Return the attempt on one line, in printable characters.

        An example is `POST /v1/workflows 503 in 21 ms, attempt 2, request fly-71; again in 0.5 s`.
        """
        ending = self.failure or f"{self.status}"
        text = f"{self.method} {self.path} {ending} in {self.seconds * 1000:.0f} ms"
        if self.number > 1:
            text += f", attempt {self.number}"
        if self.request_id is not None:
            text += f", request {self.request_id}"
        if self.repeats_in is not None:
            text += f"; again in {self.repeats_in:.1f} s"
        return make_printable(text)


Listener = Callable[[RequestAttempt], None]
"""Called after each attempt, before the wait for the next one."""
