"""Faults between client and emulator, for tests of clients and for rehearsals.

`FaultInjector` wraps an application and breaks chosen requests the way networks, proxies and dying
servers do. Which requests it breaks never depends on the application.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Awaitable, Callable, MutableSequence, Sequence
from dataclasses import field
from http import HTTPStatus
from typing import Annotated, Any, Literal

import anyio
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.emulator.clock import Seconds
from flowdsl.source.patterns import may_match

FaultKind = Literal[
    "before",
    "after",
    "hang",
    "slow",
    "drop",
    "status",
    "429",
    "in_progress",
    "html_502",
    "truncated",
    "broken_json",
    "kill_before",
    "kill_after",
]

STATUS_HEADER = "Idempotency-Status"
IN_PROGRESS = "in_progress"
"""The header of a 409 for a key whose first request is still running, and its value (contract)."""

CONTROL_PREFIX = "/_emulator/"
"""Requests below this prefix control the emulator; they are neither broken nor recorded."""

HANG_SECONDS = 3600.0
SLOW_SECONDS = 5.0

_WILDCARD = re.compile(r"(\{[^{}]*\}|\*)")


class ConnectionLostError(ConnectionResetError):
    """Raised instead of finishing a reply.

    A server closes the connection on it; an in-process transport lets it through to its caller.
    """


class NoReplyError(TimeoutError):
    """Raised at the end of a hang; propagates like `ConnectionLostError`."""


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", coerce_numbers_to_str=True))
class Fault:
    """A fault in requests to `route`, such as `PATCH /v1/workflows/{id}`.

    In the route, `{...}` matches one segment of the path, `*` in the path any text, and `*` in
    place of the method every method. Of the matching requests the fault breaks the `nth` (from 1),
    or each one whose number is a multiple of `every`, or a `share` chosen by a generator with
    `seed`; without any of the three, all of them.

    These kinds do not execute the request: `before` loses the connection, `hang` gives no reply for
    `seconds`, `status` answers `status` with `Retry-After`, `429` answers 429, `in_progress`
    answers as for a key whose first request is still running, `html_502` answers with a proxy's
    error page, and `kill_before` kills the process.

    These kinds execute the request and keep its result: `after` loses the reply, `slow` sends it
    `seconds` late, `drop` loses the connection in the middle of the body, `truncated` sends half
    the body as if it were complete, `broken_json` sends a body that is not JSON, and `kill_after`
    kills the process before it answers.
    """

    route: Annotated[str, Field(pattern=r"^(\*|[A-Z]+) /\S*$")]
    nth: Annotated[int, Field(ge=1)] | None
    kind: FaultKind
    status: Annotated[int, Field(ge=400, le=599)] = 503
    retry_after: str = "0"
    every: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: int = 0
    seconds: Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _all_requests_unless_said(cls, values: Any) -> Any:
        return {"nth": None, **values} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _one_choice(self) -> Fault:
        chosen = [name for name in ("nth", "every", "share") if getattr(self, name) is not None]
        if len(chosen) > 1:
            names = " and ".join(f"`{name}`" for name in chosen)
            raise ValueError(f"{names} exclude each other")
        return self

    def matches(self, method: str, path: str) -> bool:
        """Whether the route of this fault matches the request."""
        wanted_method, _, template = self.route.partition(" ")
        parts = _WILDCARD.split(template)
        for index in range(1, len(parts), 2):
            parts[index] = ".*" if parts[index] == "*" else "[^/]+"
        parts[::2] = map(re.escape, parts[::2])
        return wanted_method in ("*", method) and may_match(f"^{''.join(parts)}$", path)


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as a client would count it; `status` is None if the reply was lost."""

    method: str
    path: str
    status: int | None
    fault: FaultKind | None = field(default=None, compare=False)


class FaultTally:
    """The active faults, and how many requests each has counted."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.replace(faults)

    @property
    def faults(self) -> Sequence[Fault]:
        """The active faults, in order."""
        return self._faults

    def replace(self, faults: Sequence[Fault]) -> None:
        """Replace the active faults; the new ones count from the beginning."""
        self._faults = tuple(faults)
        self._counts = [0] * len(self._faults)
        self._draws = [random.Random(fault.seed) for fault in self._faults]

    def due(self, method: str, path: str) -> Fault | None:
        """Count the request for every fault; return the first fault that applies to it, or None."""
        found = None
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path):
                self._counts[index] += 1
                is_due = self._is_due(fault, self._counts[index], self._draws[index])
                if found is None and is_due:
                    found = fault
        return found

    def _is_due(self, fault: Fault, count: int, draws: random.Random) -> bool:
        if fault.share is not None:
            return draws.random() < fault.share
        if fault.every is not None:
            return count % fault.every == 0
        return fault.nth in (None, count)


def kill_this_process() -> None:
    """End the process at once, without flushing, closing or rolling back anything."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


class FaultInjector:
    """ASGI middleware that injects faults; `requests` grows by one entry per request.

    `hang` and `slow` wait by calling `sleep`.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Sequence[Fault] | FaultTally = (),
        requests: MutableSequence[RecordedRequest] | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._app = app
        self._tally = faults if isinstance(faults, FaultTally) else FaultTally(faults)
        self._requests = requests
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        fault = self._tally.due(method, path)
        status: int | None = None

        async def send_recorded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer_with_fault(fault, scope, receive, send_recorded)
        except (ConnectionLostError, NoReplyError):
            status = None
            raise
        finally:
            if self._requests is not None:
                kind = None if fault is None else fault.kind
                self._requests.append(RecordedRequest(method, path, status, kind))

    async def _answer_with_fault(
        self, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case "before" | "kill_before":
                if fault.kind == "kill_before":
                    kill_this_process()
                await _lose_connection(send)
            case "hang":
                await Request(scope, receive).body()
                await self._pause(fault.seconds, HANG_SECONDS, receive)
                await _begin_reply(send)
                raise NoReplyError("no reply came")
            case "status" | "429" | "in_progress":
                await Request(scope, receive).body()
                await _refusal_for_fault(fault)(scope, receive, send)
            case "html_502":
                await Request(scope, receive).body()
                page = HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
                await page(scope, receive, send)
            case "after" | "kill_after" | "slow" | "drop" | "truncated" | "broken_json":
                start, body = await _buffer_reply(self._app, scope, receive)
                await self._spoil_reply(fault, start, body, receive, send)

    async def _spoil_reply(
        self, fault: Fault, start: Message, body: bytes, receive: Receive, send: Send
    ) -> None:
        """Send the broken reply to a request that has been executed."""
        if fault.kind == "kill_after":
            kill_this_process()
        if fault.kind == "drop" and body:
            await send(start)
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            raise ConnectionLostError("the connection was lost in the middle of the reply")
        if fault.kind in ("after", "drop", "kill_after"):
            await _lose_connection(send)
        if fault.kind == "slow":
            await self._pause(fault.seconds, SLOW_SECONDS, receive)
        elif fault.kind == "truncated":
            body = body[: len(body) // 2]
        elif fault.kind == "broken_json" and body:
            body += b"}"
        await send(_replace_content_length(start, len(body)))
        await send({"type": "http.response.body", "body": body})

    async def _pause(self, seconds: float | None, default: float, receive: Receive) -> None:
        """Wait until the time is over or the client has disconnected."""
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(watch)
            await self._sleep(default if seconds is None else seconds)
            group.cancel_scope.cancel()


def _refusal_for_fault(fault: Fault) -> JSONResponse:
    headers = {"Retry-After": fault.retry_after}
    status = fault.status
    if fault.kind == "429":
        status = 429
    elif fault.kind == "in_progress":
        status = 409
        headers[STATUS_HEADER] = IN_PROGRESS
    known = {item.value: item.phrase for item in HTTPStatus}
    return JSONResponse({"detail": known.get(status, f"status {status}")}, status, headers)


def _replace_content_length(start: Message, length: int) -> Message:
    headers = [
        (name, str(length).encode() if name.lower() == b"content-length" else value)
        for name, value in start["headers"]
    ]
    return {**start, "headers": headers}


async def _buffer_reply(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return start, bytes(body)


async def _begin_reply(send: Send) -> None:
    # A server closes the connection instead of inventing a 500 only once a reply has begun.
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _lose_connection(send: Send) -> None:
    await _begin_reply(send)
    raise ConnectionLostError("the connection was lost before the reply")
