"""Middleware for every request and reply: host check, rate limit and request ids.

`HostCheck` refuses requests whose `Host` is not this machine: a web page can point a name of its
own at 127.0.0.1 (DNS rebinding) and so reach a local server, but the `Host` header still carries
that name. `RateLimiter` limits the requests of each key, and `RequestId` gives each request an id.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from math import ceil
from typing import Annotated, NamedTuple
from uuid import uuid4

from pydantic import BeforeValidator
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.emulator.clock import Clock
from flowdsl.source.durations import parse_duration


class HostCheck:
    """ASGI middleware: 400 unless each `Host` is a loopback name or one of `allowed`."""

    def __init__(self, app: ASGIApp, allowed: Collection[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host") or [""]
            names = [_host_name(header) for header in hosts]
            refused = [each for each in names if not self._serves(each)]
            if refused:
                detail = f"host `{refused[0]}` is not served here"
                # `RequestId` stands further inside.
                reply = JSONResponse({"detail": detail}, 400, {REQUEST_ID_HEADER: str(uuid4())})
                await reply(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _serves(self, name: str) -> bool:
        return _is_loopback(name) or name in self._allowed


def _host_name(header: str) -> str:
    """Return the host without its port, an IPv6 address without its brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().rstrip(".")


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


REQUEST_ID_HEADER = "X-Request-Id"


class RequestId:
    """ASGI middleware that gives each request an id and stores it in `scope["state"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


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
"""A rate limit such as `100/1m`."""


class RateLimiter:
    """ASGI middleware that limits the requests of each key and answers 429 beyond the limit.

    Windows are fixed, and `X-RateLimit-Reset` is the seconds left in the current one (assumption
    `rate-limit-window`).
    """

    def __init__(self, app: ASGIApp, limit: RateLimit, clock: Clock) -> None:
        self._app = app
        self._limit = limit
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        """For each key, the end of its window and the number of requests in it."""

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
        """Count a request; return the count of the key's window and the seconds left in it."""
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
