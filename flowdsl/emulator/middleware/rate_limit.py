"""The rate limit: how many requests a key may send, and what the replies say of it."""

from __future__ import annotations

from math import ceil
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.emulator.clock import Clock
from flowdsl.source.durations import parse_duration

_EXEMPT = frozenset({"/v1/health", "/v1/health/db"})


class RateLimit(NamedTuple):
    """A number of requests in a number of seconds."""

    requests: int
    seconds: float


def _rate_limit(value: object) -> object:
    if isinstance(value, str):
        requests, _, duration = value.partition("/")
        seconds = parse_duration(duration)
        if requests.isdecimal() and int(requests) > 0 and seconds:
            return RateLimit(int(requests), seconds)
    if isinstance(value, RateLimit):
        return value
    raise ValueError("a rate limit is requests in a time, as in `100/1m`")


RateLimitText = Annotated[RateLimit, BeforeValidator(_rate_limit)]
"""A rate limit as in `100/1m`."""


class RateLimiter:
    """ASGI middleware: counts the requests of each key and refuses those over the limit with 429.

    Windows are fixed, and `X-RateLimit-Reset` is the seconds left of one (assumption
    `rate-limit-window`).
    """

    def __init__(self, app: ASGIApp, limit: RateLimit, clock: Clock) -> None:
        self._app = app
        self._limit = limit
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        """The end of a key's window and the requests sent in it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_limited(scope["path"]):
            await self._app(scope, receive, send)
            return
        sent, reset = self._count(Headers(scope=scope).get("authorization", ""))
        left = self._limit.requests - sent

        async def send_with_limit(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(self._limit.requests)
                headers["X-RateLimit-Remaining"] = str(max(left, 0))
                headers["X-RateLimit-Reset"] = str(reset)
            await send(message)

        if left < 0:
            refusal = JSONResponse(
                {"detail": "too many requests"}, 429, {"Retry-After": str(reset)}
            )
            await refusal(scope, receive, send_with_limit)
        else:
            await self._app(scope, receive, send_with_limit)

    def _count(self, key: str) -> tuple[int, int]:
        """The requests of the key's window, this one included, and the seconds left of it."""
        now = self._clock().timestamp()
        end, sent = self._windows.get(key, (now, 0))
        if end <= now:
            self._windows = {
                other: window for other, window in self._windows.items() if window[0] > now
            }
            end, sent = now + self._limit.seconds, 0
        self._windows[key] = (end, sent + 1)
        return sent + 1, max(ceil(end - now), 1)


def _is_limited(path: str) -> bool:
    return path.startswith("/v1/") and path not in _EXEMPT
