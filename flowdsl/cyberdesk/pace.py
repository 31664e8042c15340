"""Limits how many requests a client and its workers send at once, and how fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from flowdsl.cyberdesk.errors import RateLimited
from flowdsl.cyberdesk.retrying import parse_date, parse_seconds

RESERVE = 0.2
"""The share of a window's requests, its last, that is spread over the time that remains in it."""

ROUNDING_SECONDS = 1.0
"""How much later than announced a window may end, since its end is rounded to whole seconds."""

UNIX_TIME_FROM = 100_000_000.0
"""`X-RateLimit-Reset` from here on is Unix time, below it seconds from now (`rate-limit-reset`)."""

SAME_WINDOW_SECONDS = 1.0
"""A window that ends at most this much later than the known one is that one, reported with rounding
and delay. So is one that ends earlier, and by more than this, the known end was wrong."""


class Pace:
    """Limits the requests in progress to `max_in_flight`, and starts them in order of arrival.

    Two things delay a request. A pause, which the service requests with a 429, delays all requests
    until it is over. The announced rate limit delays them when few requests are left: below the
    reserve they start at equal intervals, and with none left they wait for the next window. Windows
    of more than `ceiling` seconds are ignored, since they are hints; only a 429 must be obeyed.

    One request waits for its start while the others queue after it, so a cancelled one passes its
    turn on. `sleep` and the monotonic `clock` (seconds) are injected; `wall` is Unix time.
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
        """Wait until a request may start; inside the context it counts as in progress.

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
        """Start no request for `seconds`; a longer pause that is in effect remains."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Record the rate limit that a reply announces, if it can be parsed.

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
            # Replies may arrive out of order, and do not count the requests still in progress.
            self._left = min(known, left)
            if self._window_end - end > SAME_WINDOW_SECONDS:
                self._window_end = end
                self._next_start = min(self._next_start, end)
        else:
            self._left = max(0.0, left - max(0, self._in_flight - 1))
            self._window_end = end
        self._reserve = (left if limit is None else limit) * RESERVE

    def _resets_in(self, headers: Mapping[str, str]) -> float | None:
        text = headers.get("x-ratelimit-reset", "")
        value = parse_seconds(text)
        if value is None or value == 0.0:
            return None
        if value >= UNIX_TIME_FROM:
            # Both ends by the service's clock, if the reply has a date: the local clock may be
            # wrong.
            now = parse_date(headers.get("date", ""))
            value -= self._wall() if now is None else now
        return value if "." in text else value + ROUNDING_SECONDS

    def _seconds_to_wait(self) -> float:
        """Return the seconds until the next request may start; 0 or less for now."""
        now = self._clock()
        start = max(self._paused_until, self._next_start)
        if self._left is not None and now >= self._window_end:
            self._left = None
        if self._left is not None and self._left < 1.0:
            start = max(start, self._window_end)
        return start - now

    def _count(self) -> None:
        """Subtract one request from those left in the window, and set when the next may start."""
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
