"""The death of a deploy at a chosen call, and what every call did.

In front of the service, and in front of the state.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.deploy.resources.mark import mark_in
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import StoreUnusable
from flowdsl.state.stores import StateStore, Versioned
from tests.deploy.deploy_world import Crash

Where = Literal["api", "write", "store"]
When = Literal["before", "after", "late"]

LATE_SECONDS = 12.0
"""How long after the death a request of kind `late` arrives.

Within the time that recovery waits for it.
"""

_ENTRY = "tests.attempt"


@dataclass(frozen=True, slots=True)
class Point:
    """A call to die at, counted from 1.

    `before` its work, `after` it, or with the request still on its way (`late`).

    Of the requests (`api`) those that may change something are also counted by themselves
    (`write`).
    """

    where: Where
    number: int
    when: When

    def __str__(self) -> str:
        return f"{self.where}-{self.number}-{self.when}"


@dataclass(slots=True)
class Attempt:
    """One request.

    `done` is the status the service gave, None where it never arrived; `delivered` what the client
    saw.

    `reply` is the service's, whether or not it was delivered; `intact` tells whether its body came
    through.
    """

    method: str
    path: str
    body: Mapping[str, Any]
    done: int | None = None
    delivered: int | None = None
    reply: Mapping[str, Any] = field(default_factory=dict)
    intact: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def took_effect(self) -> bool:
        """Whether it has changed something."""
        return self.writes and self.done is not None and 200 <= self.done < 300

    @property
    def answered(self) -> bool:
        """Whether the client saw the reply to what was done."""
        return self.done is not None and self.delivered == self.done and self.intact

    def address(self, addresses: Mapping[str, str]) -> str | None:
        """Which workflow it is about.

        By the mark that it carries, or by `addresses`, which maps ids.
        """
        parts = self.path.strip("/").split("/")
        if parts[:2] != ["v1", "workflows"]:
            return None
        if len(parts) == 2:
            mark = mark_in(self.body.get("input_schema"))
            return None if mark is None else mark.address
        return addresses.get(parts[2])


@dataclass(slots=True)
class KillSwitch:
    """Ends the deploy at `point`.

    Nothing that it sends later arrives, and it learns nothing more.
    """

    point: Point | None = None
    dead: bool = False
    counts: dict[Where, int] = field(default_factory=lambda: {"api": 0, "write": 0, "store": 0})

    def next(self, *kinds: Where) -> When | None:
        """Count a call of these kinds; what is to happen at it."""
        if self.dead:
            raise Crash
        for where in kinds:
            self.counts[where] += 1
        point = self.point
        if point is None or point.where not in kinds or point.number != self.counts[point.where]:
            return None
        return point.when

    def die(self) -> None:
        """The process is gone."""
        self.dead = True
        raise Crash

    def check(self) -> None:
        """Raise `Crash` in a process that is gone."""
        if self.dead:
            raise Crash


class Client:
    """Outermost: notes each request as the client sees it, in `attempts`."""

    def __init__(self, app: ASGIApp, attempts: list[Attempt]) -> None:
        self._app, self._attempts = app, attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await request_body(receive)
        attempt = Attempt(scope["method"], scope["path"], _object(body))
        self._attempts.append(attempt)
        started: list[int] = []
        received = bytearray()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message["status"])
            else:
                received.extend(message.get("body", b""))
            await send(message)

        await self._app({**scope, _ENTRY: attempt}, replay(body), sending)
        attempt.delivered = started[0]
        attempt.intact = _object(bytes(received)) == attempt.reply


class Wire:
    """Between the client and the service: takes its time, and dies where it is told to.

    `late` is given what is to be sent once the process is gone.
    """

    def __init__(
        self,
        app: ASGIApp,
        switch: KillSwitch,
        seconds: float,
        late: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._app, self._switch, self._seconds, self._late = app, switch, seconds, late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kinds: tuple[Where, ...] = ("api",) if scope["method"] == "GET" else ("api", "write")
        due = self._switch.next(*kinds)
        if due == "before":
            self._switch.die()
        if due == "late":
            body = await request_body(receive)
            self._late(lambda: self._app(scope, replay(body), nowhere))
            self._switch.die()
        await asyncio.sleep(self._seconds)
        self._switch.check()
        await self._app(scope, receive, send)
        if due == "after":
            self._switch.die()
        self._switch.check()


class GivesUp:
    """A proxy that answers 504 to the n-th request of a method, which arrives later anyway."""

    def __init__(
        self,
        app: ASGIApp,
        method: str,
        nth: int,
        late: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._app, self._method, self._left, self._late = app, method, nth, late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == self._method and scope["path"].startswith("/v1/workflows"):
            self._left -= 1
            if self._left == 0:
                body = await request_body(receive)
                self._late(lambda: self._app(scope, replay(body), nowhere))
                await Response("<html>504</html>", 504)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Service:
    """Innermost: notes what became of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        attempt: Attempt | None = scope.get(_ENTRY)
        reply = bytearray()
        status: list[int] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            else:
                reply.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, noting)
        if attempt is not None:
            attempt.done, attempt.reply = status[0], _object(bytes(reply))


StoreFault = Literal["before", "after"]
"""Nothing is done, and that is known; or it is done, and that is not known."""


@dataclass(slots=True)
class StoreLog:
    """What the stores of one world have done.

    How many writes are in force, and the names of what was kept.
    """

    writes: int = 0


class WatchedStore:
    """A store that dies where it is told to, fails where it is told to, and counts."""

    def __init__(
        self,
        store: StateStore,
        switch: KillSwitch,
        log: StoreLog,
        faults: Mapping[int, StoreFault] | None = None,
    ) -> None:
        self._store, self._switch, self._log = store, switch, log
        self._faults = dict(faults or {})
        self.url, self.shared, self.excludes = store.url, store.shared, store.excludes

    def load(self) -> Versioned | None:
        return self._call(self._store.load)

    def write(self, document: StateDocument, expected: str | None) -> str:
        def work() -> str:
            version = self._store.write(document, expected)
            self._log.writes += 1
            return version

        return self._call(work)

    def put(self, objects: Mapping[str, bytes]) -> None:
        for one in objects.items():
            self._call(partial(self._store.put, dict([one])))

    def get(self, name: str) -> bytes | None:
        return self._store.get(name)

    def probe(self) -> None:
        self._store.probe()

    def hold(self) -> AbstractContextManager[None]:
        self._switch.check()
        return self._store.hold()

    def _call(self, work: Callable[[], Any]) -> Any:
        due = self._switch.next("store")
        if due == "before":
            self._switch.die()
        fault = self._faults.get(self._switch.counts["store"])
        if fault == "before":
            raise StoreUnusable("the store is out of order")
        result = work()
        if due is not None:
            self._switch.die()
        if fault == "after":
            raise StoreUnusable("whether the state was written is not known")
        return result


async def request_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def replay(body: bytes) -> Receive:
    """A request that has been read, to be read again."""
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # nobody hangs up
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def nowhere(_message: Message) -> None:
    """Where a reply goes that nobody waits for."""


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
