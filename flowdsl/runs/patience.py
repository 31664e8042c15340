"""Retries while a service is temporarily unavailable: a restart, a lost connection, many 429s."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowdsl.cyberdesk.errors import (
    CyberdeskError,
    RateLimited,
    ServiceFailure,
    ServiceUnreachable,
)
from flowdsl.state.held import Runtime

T = TypeVar("T")

SECONDS = 600.0
"""How many seconds a service may fail without a reply in between before retries stop."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0


def may_pass(error: CyberdeskError) -> bool:
    """Whether the same request may succeed later."""
    return isinstance(error, ServiceUnreachable | RateLimited | ServiceFailure)


class Patience:
    """The pauses in a series of failures.

    `tell` is called at the first failure and when the series ends.
    """

    def __init__(
        self, runtime: Runtime, tell: Callable[[str], None], seconds: float = SECONDS
    ) -> None:
        self._runtime, self._tell, self._seconds = runtime, tell, seconds
        self._since: float | None = None
        self._pause = FIRST_PAUSE

    async def wait(self, error: CyberdeskError) -> bool:
        """Wait before the next attempt; return False, at once, if there is to be none."""
        now = self._runtime.monotonic()
        if not may_pass(error):
            return False
        if self._since is None:
            self._since = now
            self._tell(f"{error}; trying again")
        pause = max(self._pause, error.retry_after or 0.0)
        if now + pause - self._since > self._seconds:
            return False
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        await self._runtime.sleep(pause)
        return True

    def answered(self) -> None:
        """Record that a request succeeded."""
        if self._since is not None:
            self._tell("the service answers again")
        self._since, self._pause = None, FIRST_PAUSE

    async def read(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the reply to a read; raises `CyberdeskError` if retries are hopeless."""
        while True:
            try:
                reply = await ask()
            except CyberdeskError as error:
                if await self.wait(error):
                    continue
                raise
            self.answered()
            return reply
