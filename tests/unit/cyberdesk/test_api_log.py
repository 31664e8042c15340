from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.log import RequestAttempt
from flowdsl.cyberdesk.models.workflow import WorkflowCreate

WORKFLOW = {"id": "w1", "main_prompt": "p", "updated_at": "t"}
Rigs = Callable[..., Any]


def test_every_attempt_is_one_line_with_the_reason_of_the_next(rig: Rigs) -> None:
    built = rig(
        httpx.ReadTimeout("after a body of secrets"),
        httpx.Response(429, headers={"Retry-After": "2", "X-Request-Id": "req-7"}, json={}),
        httpx.Response(201, headers={"X-Request-Id": "req-8"}, json=WORKFLOW),
        dice=0.5,
    )
    body = WorkflowCreate(main_prompt="Open the app.")
    asyncio.run(built.client.workflows.create(body, idempotency_key="key-1", once=False))
    assert [attempt.line() for attempt in built.wire.attempts] == [
        "POST /v1/workflows ReadTimeout in 0 ms; again in 0.1 s",
        "POST /v1/workflows 429 in 0 ms, attempt 2, request req-7; again in 2.1 s",
        "POST /v1/workflows 201 in 0 ms, attempt 3, request req-8",
    ]


def test_neither_query_nor_body_is_told(rig: Rigs) -> None:
    built = rig(httpx.Response(200, json={"items": [], "total": 0}))
    asyncio.run(built.client.workflows.list(search="Ada Lovelace"))
    (attempt,) = built.wire.attempts
    assert attempt == RequestAttempt("GET", "/v1/workflows", 1, 0.0, status=200)


def test_the_last_attempt_says_that_it_was_the_last(rig: Rigs) -> None:
    built = rig(httpx.Response(503, json={}), max_retries=1)
    with pytest.raises(errors.ServiceFailure):
        asyncio.run(built.client.health())
    assert [attempt.repeats_in for attempt in built.wire.attempts] == [0.0, None]


def test_the_time_of_an_attempt_is_that_of_its_reply_without_the_pauses() -> None:
    clock = 100.0
    told: list[RequestAttempt] = []

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal clock
        clock += 1.5
        return httpx.Response(200 if told else 503, json={})

    async def sleep(seconds: float) -> None:
        nonlocal clock
        clock += 50.0

    client = CyberdeskClient(
        ClientOptions(base_url="https://api.cyberdesk.io", api_key="key"),
        transport=httpx.MockTransport(answer),
        sleep=sleep,
        monotonic=lambda: clock,
        listener=told.append,
    )
    asyncio.run(client.health())
    assert [attempt.seconds for attempt in told] == [1.5, 1.5]


def test_workers_tell_the_same_listener(rig: Rigs) -> None:
    built = rig(httpx.Response(200, json={}))
    asyncio.run(built.client.make_worker().health())
    assert len(built.wire.attempts) == 1


def test_a_line_cannot_drive_a_terminal_or_forge_another_line() -> None:
    line = RequestAttempt(
        "GET", "/v1/x", 1, 0.0, status=200, request_id="a\x1b[2J\n::error::b"
    ).line()
    assert line.isprintable()
    assert "\x1b" not in line
