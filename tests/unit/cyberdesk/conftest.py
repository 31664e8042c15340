"""Clients whose network is a function, whose sleep is a list and whose dice show a fixed number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.log import RequestAttempt

CANARY = "canary-key-7f3a9c"
NOW = 1_700_000_000.0


@dataclass
class Wire:
    """The recorded requests and sleeps of one client, and what it is answered.

    Responses or exceptions, the last repeated.

    Time goes on by sleeping alone.
    """

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    attempts: list[RequestAttempt] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)

    def clock(self) -> float:
        return NOW + sum(self.sleeps)

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)


@dataclass
class Rig:
    client: CyberdeskClient
    wire: Wire


@pytest.fixture
def canary() -> str:
    return CANARY


@pytest.fixture
def options() -> ClientOptions:
    return ClientOptions(base_url="https://api.cyberdesk.io", api_key=CANARY)


@pytest.fixture
def rig(options: ClientOptions) -> Callable[..., Rig]:
    """`rig(answer, ..., dice=0.0, **options)` is a client that is answered so."""

    def build(*answers: httpx.Response | Exception, dice: float = 0.0, **changed: Any) -> Rig:
        wire = Wire(list(answers))
        settings = {"base_url": options.base_url, "api_key": options.api_key, **changed}
        client = CyberdeskClient(
            ClientOptions(**settings),
            transport=httpx.MockTransport(wire),
            sleep=wire.sleep,
            random=lambda: dice,
            clock=wire.clock,
            monotonic=wire.clock,
            listener=wire.attempts.append,
        )
        return Rig(client, wire)

    return build
