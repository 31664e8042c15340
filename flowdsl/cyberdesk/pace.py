"""The pace of a client and its workers: how many requests at once, and how soon the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from flowdsl.cyberdesk.errors import RateLimited
from flowdsl.cyberdesk.retrying import parse_date, parse_seconds

RESERVE = 5
"""The last fifth of a window's requests is spread over the time that is left of the window."""

ROUNDING_SECONDS = 1.0
"""A window that is said to end at a whole second may end so much later."""

UNIX_TIME_FROM = 100_000_000.0
"""From here on `X-RateLimit-Reset` is Unix time; below, seconds from now (`rate-limit-reset`)."""

SAME_WINDOW_SECONDS = 1.0
"""Windows that end within this time of each other are one, told with rounding and delay."""


class Pace:
    """Limits the requests under way to `max_in_flight`, and starts them in the order they came.

    Two things hold a request back. A pause, which the service asks for with a 429, holds all
    requests until it is over. The announced rate limit holds them when little is left of it: below
    the reserve requests start at equal distances, and with nothing left they wait for the next
    window. Windows of more than `ceiling` seconds are ignored, since they are hints; only a 429 is
    an order.

    One request waits for its turn and the others wait for it, so one that is cancelled passes its
    place on. `sleep` and `clock` (seconds that only grow) are injected; `wall` is Unix time.
    """

    def __init__(
        self,
        *,
        max_in_flight: int,
        ceiling: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._slots = asyncio.Semaphore(max_in_flight)
        self._turn = asyncio.Lock()
        self._ceiling = ceiling
        self._sleep = sleep
        self._clock = clock
        self._wall = wall
        self._in_flight = 0
        self._paused_until = 0.0
        self._next_start = 0.0
        self._left: float | None = None
        """Requests left in the window that ends at `_window_end`; None when no limit is known."""
        self._reserve = 0.0
        self._window_end = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until a request may start; inside the context it counts as under way.

        Raises `RateLimited` when a pause lasts longer than `ceiling` from now.
        """
        async with self._slots:
            async with self._turn:
                while (wait := self._seconds_to_wait()) > 0.0:
                    if self._paused_until - self._clock() > self._ceiling:
                        raise self._refusal_of_request(wait)
                    await self._sleep(wait)
                self._count()
            self._in_flight += 1
            try:
                yield
            finally:
                self._in_flight -= 1

    def pause(self, seconds: float) -> None:
        """Start no request for so many seconds; a longer pause that is under way stays."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Note what a reply says of the rate limit, if it can be read.

        The names of `headers` are in lower case.
        """
        left = parse_seconds(headers.get("x-ratelimit-remaining", ""))
        resets_in = self._resets_in(headers)
        if left is None or resets_in is None or not 0.0 < resets_in <= self._ceiling:
            return
        limit = parse_seconds(headers.get("x-ratelimit-limit", ""))
        now = self._clock()
        end = now + resets_in
        known = self._left if now < self._window_end else None
        if known is not None and end - self._window_end <= SAME_WINDOW_SECONDS:
            # Replies overtake each other, and one does not count the requests still under way.
            self._left = min(known, left)
        else:
            self._left = max(0.0, left - max(0, self._in_flight - 1))
            self._window_end = end
        self._reserve = (left if limit is None else limit) / RESERVE

    def _resets_in(self, headers: Mapping[str, str]) -> float | None:
        text = headers.get("x-ratelimit-reset", "")
        value = parse_seconds(text)
        if value is None or value == 0.0:
            return None
        if value >= UNIX_TIME_FROM:
            # Both ends by the service's clock, when the reply has its time: ours may be wrong.
            now = parse_date(headers.get("date", ""))
            value -= self._wall() if now is None else now
        return value if "." in text else value + ROUNDING_SECONDS

    def _seconds_to_wait(self) -> float:
        """Seconds until the next request may start; 0 or less for now."""
        now = self._clock()
        start = max(self._paused_until, self._next_start)
        if self._left is not None and now >= self._window_end:
            self._left = None
        if self._left is not None and self._left < 1.0:
            start = max(start, self._window_end)
        return start - now

    def _count(self) -> None:
        """Take one request from what the window has left, and set when the next may start."""
        if self._left is None:
            return
        now = self._clock()
        if self._left <= self._reserve:
            self._next_start = now + (self._window_end - now) / self._left
        self._left -= 1.0

    def _refusal_of_request(self, wait: float) -> RateLimited:
        return RateLimited(
            f"nothing is sent: the service asked for a pause, of which {wait:.0f} seconds are left",
            retry_after=wait,
        )
