"""Faults on the way to the emulator and back, for tests of clients.

`FaultInjector` stands in front of an application and breaks chosen requests the way networks and
proxies do. What it breaks never depends on the application.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal["before", "after", "status", "html_502", "truncated"]


class ConnectionLostError(ConnectionResetError):
    """Raised instead of finishing a reply. A server closes the connection on it; an in-process
    transport lets it through to its caller."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Breaks the `nth` request (from 1; None: every one) to `route`, as in
    `PATCH /v1/workflows/{id}`, where `{...}` stands for one part of the path and `*` for a method.

    Kinds: `before` loses the connection with nothing done; `after` lets the work be done and loses
    the reply; `status` answers `status` with `Retry-After` and does nothing; `html_502` is a
    proxy's error page; `truncated` does the work and cuts the reply's body in half.
    """

    route: str
    nth: int | None
    kind: FaultKind
    status: int = 503
    retry_after: str = "0"

    def matches(self, method: str, path: str) -> bool:
        """Whether the request is one of this route's."""
        wanted_method, _, template = self.route.partition(" ")
        parts = re.split(r"\{[^{}]*\}", template)
        pattern = "[^/]+".join(re.escape(part) for part in parts)
        return wanted_method in ("*", method) and re.fullmatch(pattern, path) is not None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as a client would count it; `status` is None where the reply was lost."""

    method: str
    path: str
    status: int | None


class FaultInjector:
    """An ASGI application around another; `requests` grows by one entry a request."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Sequence[Fault] = (),
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        self._app = app
        self._faults = tuple(faults)
        self._counts = [0] * len(self._faults)
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        status: int | None = None

        async def send_recorded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(self._due(method, path), scope, receive, send_recorded)
        except ConnectionLostError:
            status = None
            raise
        finally:
            if self._requests is not None:
                self._requests.append(RecordedRequest(method, path, status))

    def _due(self, method: str, path: str) -> Fault | None:
        """Counts the request for every fault and returns the first whose turn it is."""
        due = None
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path):
                self._counts[index] += 1
                if due is None and fault.nth in (None, self._counts[index]):
                    due = fault
        return due

    async def _answer(
        self, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case "before":
                await _lose_connection(send)
            case "after":
                await _buffered_reply(self._app, scope, receive)
                await _lose_connection(send)
            case "status":
                await Request(scope, receive).body()
                phrase = HTTPStatus(fault.status).phrase
                headers = {"Retry-After": fault.retry_after}
                refusal = JSONResponse({"detail": phrase}, fault.status, headers)
                await refusal(scope, receive, send)
            case "html_502":
                await Request(scope, receive).body()
                page = HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
                await page(scope, receive, send)
            case "truncated":
                start, body = await _buffered_reply(self._app, scope, receive)
                cut = body[: len(body) // 2]
                length = str(len(cut)).encode()
                start["headers"] = [
                    (name, length if name.lower() == b"content-length" else value)
                    for name, value in start["headers"]
                ]
                await send(start)
                await send({"type": "http.response.body", "body": cut})


async def _buffered_reply(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return start, bytes(body)


async def _lose_connection(send: Send) -> None:
    # A server closes the connection instead of inventing a 500 only once a reply has begun.
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise ConnectionLostError("the connection was lost before the reply")
