from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from email.utils import formatdate
from typing import Any
from weakref import ReferenceType, ref

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.compiler.collector import collector_paused
from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.cyberdesk.retrying import parse_retry_after
from flowdsl.cyberdesk.transport import asgi_transport
from tests.support.rows import in_rows

NOW = 1_700_000_000.0
WORKFLOW = {"id": "w1", "main_prompt": "p", "updated_at": "2026-01-01T00:00:00Z"}
OK = httpx.Response(200, json=WORKFLOW)
CREATED = httpx.Response(201, json=WORKFLOW)
IN_PROGRESS = httpx.Response(409, headers={"Idempotency-Status": "In_Progress"}, json={})
LOST = [
    httpx.ReadTimeout(""),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("cut"),
    ssl.SSLError(1, "[SSL] record layer failure"),
]
NEVER_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]

Rigs = Callable[..., Any]


async def no_sleep(seconds: float) -> None:
    pass


def create(client: CyberdeskClient) -> Coroutine[Any, Any, Any]:
    body = WorkflowCreate(main_prompt="p")
    return client.workflows.create(body, idempotency_key="key-1", once=False)


def send(client: CyberdeskClient, method: str, key: str | None) -> Coroutine[Any, Any, Any]:
    sender: Any = client._sender
    write: Coroutine[Any, Any, Any] = sender.write(method, "/v1/workflows", key, {})
    return write


def test_exactly_these_statuses_are_tried_again(options: ClientOptions) -> None:
    sent: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(int(request.url.path.rpartition("/")[2]))
        again = sent.count(sent[-1]) > 1
        return httpx.Response(200, json=WORKFLOW) if again else httpx.Response(sent[-1], json={})

    async def inside() -> None:
        transport = httpx.MockTransport(answer)
        async with CyberdeskClient(options, transport=transport, sleep=no_sleep) as client:
            for status in range(300, 600):
                with suppress(errors.CyberdeskError):
                    await client.workflows.get(str(status))

    asyncio.run(inside())
    assert {status for status in sent if sent.count(status) == 2} == {408, 429, 500, 502, 503, 504}
    assert len(sent) == 300 + 6


def test_a_conflict_is_tried_again_only_while_the_first_attempt_runs(rig: Rigs) -> None:
    built = rig(IN_PROGRESS, CREATED)
    asyncio.run(create(built.client))
    assert len(built.wire.requests) == 2
    for headers in ({}, {"Idempotency-Status": "done"}):
        built = rig(httpx.Response(409, headers=headers, json={}), CREATED)
        with pytest.raises(errors.RequestConflict):
            asyncio.run(create(built.client))
        assert len(built.wire.requests) == 1


@pytest.mark.parametrize("failure", LOST + NEVER_SENT, ids=lambda failure: type(failure).__name__)
def test_lost_connections_are_tried_again(rig: Rigs, failure: Exception) -> None:
    built = rig(failure, CREATED)
    asyncio.run(create(built.client))
    assert len(built.wire.requests) == 2


def test_a_write_repeats_its_bytes_and_its_key(rig: Rigs) -> None:
    built = rig(httpx.ReadTimeout(""), httpx.Response(503), CREATED)
    asyncio.run(create(built.client))
    sent = {(r.headers["Idempotency-Key"], r.content) for r in built.wire.requests}
    assert len(sent) == 1
    assert [r.headers["Idempotency-Key"] for r in built.wire.requests] == ["key-1"] * 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ConnectError(""), IN_PROGRESS])
def test_a_write_without_a_key_is_sent_once(rig: Rigs, method: str, answer: Any) -> None:
    built = rig(answer, OK)
    with pytest.raises(errors.CyberdeskError):
        asyncio.run(send(built.client, method, None))
    assert len(built.wire.requests) == 1
    assert built.wire.sleeps == []


def test_retries_are_counted_and_the_last_error_is_raised(rig: Rigs) -> None:
    for retries in (0, 1, 5):
        built = rig(httpx.ReadTimeout(""), httpx.Response(503, json={}), max_retries=retries)
        with pytest.raises(errors.CyberdeskError) as caught:
            asyncio.run(built.client.workflows.get("w1"))
        assert len(built.wire.requests) == retries + 1
        expected = errors.ServiceFailure if retries else errors.ServiceUnreachable
        assert type(caught.value) is expected


def test_full_jitter_doubles_up_to_its_ceiling(rig: Rigs) -> None:
    built = rig(httpx.Response(503), dice=0.5, max_retries=7)
    with pytest.raises(errors.CyberdeskError):
        asyncio.run(built.client.workflows.get("w1"))
    assert built.wire.sleeps == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


@in_rows(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("3", 3.0),
        ("1.5", 1.5),
        (" 90 ", 90.0),
        (formatdate(NOW + 42, usegmt=True), 42.0),
        (formatdate(NOW + 42), 42.0),
        (formatdate(NOW - 42, usegmt=True), 0.0),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("\u0663", None),
        ("soon", None),
        ("Mon, 99 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text() | st.text(alphabet="0123456789:., GMTJanMonSep+-", max_size=40))
def test_any_retry_after_is_none_or_a_finite_wait(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0.0 <= seconds < float("inf")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_in_full_with_jitter_on_top(rig: Rigs, status: int) -> None:
    built = rig(httpx.Response(status, headers={"Retry-After": "100"}), OK, dice=0.5)
    asyncio.run(built.client.workflows.get("w1"))
    assert built.wire.sleeps == [100.125]


def test_a_date_to_wait_for_is_by_the_clock_of_the_service(rig: Rigs) -> None:
    for ahead in (-3600, 3600):
        there = NOW + ahead
        answer = httpx.Response(
            503, headers={"Date": formatdate(there), "Retry-After": formatdate(there + 42)}
        )
        built = rig(answer, OK, dice=0.0)
        asyncio.run(built.client.workflows.get("w1"))
        assert built.wire.sleeps == [42.0]


def test_beyond_the_ceiling_nothing_is_sent_too_early(rig: Rigs) -> None:
    answer = httpx.Response(429, headers={"Retry-After": "3600"}, json={"detail": "slow down"})
    built = rig(answer, OK, retry_after_ceiling=60)
    with pytest.raises(errors.RateLimited) as caught:
        asyncio.run(built.client.workflows.get("w1"))
    assert (caught.value.retry_after, built.wire.sleeps, len(built.wire.requests)) == (3600, [], 1)


@pytest.mark.parametrize(
    ("answers", "unknown"),
    [
        *[([failure], True) for failure in LOST],
        *[([failure], False) for failure in NEVER_SENT],
        ([httpx.Response(500)], True),
        ([httpx.Response(408)], True),
        ([httpx.Response(307)], True),
        ([IN_PROGRESS], True),
        ([httpx.Response(429)], False),
        ([httpx.Response(422, json={"detail": []})], False),
        ([httpx.Response(401)], False),
        ([httpx.ReadTimeout(""), httpx.ConnectError("")], True),
        ([httpx.Response(503), httpx.Response(401)], True),
        ([httpx.ConnectError(""), httpx.Response(422, json={})], False),
    ],
)
def test_whether_a_failed_write_may_have_been_carried_out(
    rig: Rigs, answers: list[Any], unknown: bool
) -> None:
    built = rig(*answers)
    with pytest.raises(errors.CyberdeskError) as caught:
        asyncio.run(create(built.client))
    assert caught.value.outcome_unknown is unknown


def test_a_failed_read_changes_nothing(rig: Rigs) -> None:
    for answer in (*LOST, httpx.Response(500), httpx.Response(408)):
        with pytest.raises(errors.CyberdeskError) as caught:
            asyncio.run(rig(answer).client.workflows.get("w1"))
        assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(OK.content)[:-9]),
        ("br", OK.content),
        ("gzip, gzip", gzip.compress(gzip.compress(OK.content))),
    ],
    ids=["no gzip", "half", "br", "twice"],
)
def test_a_damaged_compression_is_an_unreadable_reply(
    options: Any, packing: str, body: bytes
) -> None:
    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield body

    def damaged(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, headers={"Content-Encoding": packing}, stream=Body())

    client = CyberdeskClient(options, transport=httpx.MockTransport(damaged))
    with pytest.raises(errors.UnreadableReply, match="its compression is") as caught:
        asyncio.run(create(client))
    assert caught.value.outcome_unknown


def test_redirects_are_not_followed(rig: Rigs) -> None:
    answer = httpx.Response(307, headers={"Location": "https://evil.test/v1/workflows/w1"})
    built = rig(answer, OK)
    with pytest.raises(errors.UnreadableReply, match="307"):
        asyncio.run(built.client.workflows.get("w1"))
    assert [request.url.host for request in built.wire.requests] == ["api.cyberdesk.io"]


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "\u00e4", "w\n"]
)
def test_an_id_cannot_leave_its_place_in_the_path(rig: Rigs, bad: str) -> None:
    built = rig(OK)
    with pytest.raises(errors.ValidationRefused) as caught:
        asyncio.run(built.client.workflows.delete(bad, idempotency_key="k"))
    assert built.wire.requests == []
    assert not caught.value.outcome_unknown


class Crash(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (ConnectionResetError(), errors.ServiceUnreachable),
        (TimeoutError(), errors.ServiceUnreachable),
        (Crash(), Crash),
    ],
)
def test_an_application_can_lose_a_reply_but_not_hide_a_bug(
    options: Any, raised: Exception, seen: type[Exception]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise raised

    client = CyberdeskClient(options, transport=asgi_transport(app), sleep=no_sleep)
    with pytest.raises(seen) as caught:
        asyncio.run(create(client))
    assert getattr(caught.value, "outcome_unknown", True)


def test_the_body_of_a_reply_goes_with_the_reply(options: ClientOptions) -> None:
    streams: list[ReferenceType[httpx.ByteStream]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(json.dumps({**WORKFLOW, "main_prompt": "p" * 1000}).encode())
        streams.append(ref(stream))
        return httpx.Response(200, stream=stream)

    async def inside() -> None:
        transport = httpx.MockTransport(answer)
        async with CyberdeskClient(options, transport=transport, sleep=no_sleep) as client:
            found = await client.workflows.get("w1")
            assert len(found.main_prompt) == 1000
            assert [each() for each in streams] == [None]

    with collector_paused():
        asyncio.run(inside())


HEALTH = {"status": "error", "errored_machines": [{"machine_id": "m1", "error": "offline"}]}


def test_a_503_that_tells_of_machines_is_an_answer(rig: Rigs) -> None:
    built = rig(httpx.Response(503, json=HEALTH))
    health = asyncio.run(built.client.health_machines())
    assert [machine.error for machine in health.errored_machines] == ["offline"]
    assert len(built.wire.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, json={"detail": "down"}),
        httpx.Response(503, text="<html>"),
        httpx.Response(502, json=HEALTH),
    ],
)
def test_any_other_failure_of_the_health_of_machines_is_tried_again(
    rig: Rigs, answer: httpx.Response
) -> None:
    built = rig(answer)
    with pytest.raises(errors.ServiceFailure):
        asyncio.run(built.client.health_machines())
    assert len(built.wire.requests) == 4
