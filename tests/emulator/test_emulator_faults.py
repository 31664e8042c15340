from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import (
    ConnectionLostError,
    Fault,
    FaultInjector,
    FaultKind,
    FaultTally,
    NoReplyError,
    RecordedRequest,
)
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import Desk
from tests.support.rows import in_rows

CREATE = "POST /v1/workflows"
BODY = {"main_prompt": "Open the ledger."}


@contextmanager
def broken(*faults: Fault, **options: Any) -> Iterator[tuple[Desk, list[RecordedRequest]]]:
    requests: list[RecordedRequest] = []
    with (
        Store.open(None) as store,
        Desk(FaultInjector(create_app(store), faults, requests, **options)) as desk,
    ):
        yield desk, requests


@pytest.mark.parametrize(("kind", "made"), [("before", 0), ("after", 1)])
def test_lost_connections_before_and_after_the_work(kind: FaultKind, made: int) -> None:
    with broken(Fault(CREATE, 1, kind)) as (desk, requests):
        with pytest.raises(ConnectionLostError):
            desk.send("POST", "/v1/workflows", json=BODY)
        assert len(desk.ids()) == made
        assert requests[0] == RecordedRequest("POST", "/v1/workflows", None)
        assert requests[1].status == 200


@pytest.mark.parametrize("status", [429, 503])
def test_refusals_name_when_to_come_back_and_do_nothing(status: int) -> None:
    fault = Fault(CREATE, 2, "status", status=status, retry_after="7")
    with broken(fault) as (desk, requests):
        statuses = [desk.send("POST", "/v1/workflows", json=BODY) for _ in range(3)]
        assert [reply.status_code for reply in statuses] == [201, status, 201]
        assert statuses[1].headers["Retry-After"] == "7"
        assert [request.status for request in requests] == [201, status, 201]
        assert len(desk.ids()) == 2


def test_a_proxy_page_is_html_and_every_request_can_be_broken() -> None:
    with broken(Fault("* /v1/workflows", None, "html_502")) as (desk, requests):
        for method in ("GET", "POST", "GET"):
            reply = desk.send(method, "/v1/workflows", json=BODY)
            assert reply.status_code == 502
            assert reply.headers["content-type"].startswith("text/html")
        assert desk.send("GET", "/v1/workflow-tags").status_code == 200
        assert len(requests) == 4


def test_a_truncated_reply_has_its_status_and_half_its_body() -> None:
    with broken(Fault(CREATE, 1, "truncated")) as (desk, _):
        reply = desk.send("POST", "/v1/workflows", json=BODY)
        assert reply.status_code == 201
        assert int(reply.headers["content-length"]) == len(reply.content)
        with pytest.raises(ValueError, match=r"Unterminated|delimiter|Expecting"):
            reply.json()
        assert len(desk.ids()) == 1


def test_a_route_matches_whole_parts_of_the_path() -> None:
    fault = Fault("PATCH /v1/workflows/{id}", None, "before")
    assert fault.matches("PATCH", "/v1/workflows/abc")
    assert not fault.matches("GET", "/v1/workflows/abc")
    assert not fault.matches("PATCH", "/v1/workflows")
    assert not fault.matches("PATCH", "/v1/workflows/abc/tags")
    assert Fault("* /v1/a.b/{x}/c", None, "before").matches("PUT", "/v1/a.b/1/c")
    assert not Fault("* /v1/a.b/{x}/c", None, "before").matches("PUT", "/v1/aXb/1/c")


def test_faults_count_apart() -> None:
    faults = (Fault(CREATE, 1, "status"), Fault("* /v1/workflows", 2, "status", status=429))
    with broken(*faults) as (desk, requests):
        for _ in range(3):
            desk.send("POST", "/v1/workflows", json=BODY)
        assert [request.status for request in requests] == [503, 429, 201]


class Naps:
    """Counts the seconds slept instead of sleeping them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def test_a_hang_does_nothing_and_ends_without_a_reply() -> None:
    naps = Naps()
    with broken(Fault(CREATE, 1, "hang", seconds=90), sleep=naps) as (desk, requests):
        with pytest.raises(NoReplyError):
            desk.send("POST", "/v1/workflows", json=BODY)
        assert naps.seconds == [90]
        assert requests == [RecordedRequest("POST", "/v1/workflows", None)]
        assert requests[0].fault == "hang"
        assert desk.ids() == []


def test_a_hang_is_over_when_the_client_goes() -> None:
    async def leave() -> float:
        async def never(_seconds: float) -> None:
            await asyncio.Event().wait()

        messages = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(_message: Any) -> None:
            pass

        with Store.open(None) as store:
            app = FaultInjector(create_app(store), [Fault("GET /", None, "hang")], sleep=never)
            with pytest.raises(NoReplyError):
                await app(
                    {"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send
                )
        return len(messages)

    assert asyncio.run(leave()) == 0


def test_a_slow_reply_is_late_and_whole() -> None:
    naps = Naps()
    with broken(Fault(CREATE, 1, "slow", seconds=7), sleep=naps) as (desk, _):
        made = desk.ok("POST", "/v1/workflows", 201, json=BODY)
        assert naps.seconds == [7]
        assert desk.ids() == [made["id"]]


def test_a_dropped_reply_promises_more_than_comes() -> None:
    sent: list[Any] = []

    def listening(app: FaultInjector) -> Any:
        async def call(scope: Any, receive: Any, send: Any) -> None:
            async def keep(message: Any) -> None:
                sent.append(message)
                await send(message)

            await app(scope, receive, keep)

        return call

    with Store.open(None) as store:
        app = FaultInjector(create_app(store), [Fault(CREATE, 1, "drop")])
        with Desk(listening(app)) as desk:
            with pytest.raises(ConnectionLostError):
                desk.send("POST", "/v1/workflows", json=BODY)
            length = dict(sent[0]["headers"])[b"content-length"]
            assert 0 < len(sent[1]["body"]) < int(length)
            assert len(desk.ids()) == 1


@in_rows("kind", ["drop", "truncated", "broken_json"])
def test_replies_without_a_body_can_be_spoilt_too(kind: FaultKind) -> None:
    with broken(Fault("DELETE /v1/workflows/{id}", None, kind)) as (desk, _):
        made = desk.workflow()
        if kind == "drop":
            with pytest.raises(ConnectionLostError):
                desk.send("DELETE", f"/v1/workflows/{made['id']}")
        else:
            reply = desk.send("DELETE", f"/v1/workflows/{made['id']}")
            assert (reply.status_code, reply.content) == (204, b"")
        assert desk.ids() == []


@in_rows("path", ["/v1/workflows", "/v1/workflow-tags", "/v1/nowhere"])
def test_broken_json_has_the_right_length_and_status(path: str) -> None:
    with broken(Fault("GET /v1/{name}", None, "broken_json")) as (desk, requests):
        reply = desk.send("GET", path)
        assert reply.headers["content-type"] == "application/json"
        assert int(reply.headers["content-length"]) == len(reply.content)
        with pytest.raises(ValueError, match="Extra data"):
            reply.json()
        assert requests[0].status == reply.status_code


def test_a_key_under_way_is_answered_as_the_service_answers_it() -> None:
    with broken(Fault(CREATE, 1, "in_progress", retry_after="2")) as (desk, _):
        headers = {"Idempotency-Key": "one"}
        first, again = (
            desk.send("POST", "/v1/workflows", json=BODY, headers=headers) for _ in range(2)
        )
        assert (first.status_code, first.headers["Idempotency-Status"]) == (409, "in_progress")
        assert first.headers["Retry-After"] == "2"
        assert again.status_code == 201
        assert desk.ids() == [again.json()["id"]]


def test_every_so_many_and_a_share_of_them() -> None:
    every = Fault(CREATE, None, "429", every=3)
    with broken(every) as (desk, _):
        replies = [desk.send("POST", "/v1/workflows", json=BODY) for _ in range(7)]
        refused = [reply.status_code == 429 for reply in replies]
        assert refused == [False, False, True] * 2 + [False]
    expected = random.Random(11)
    tally = FaultTally([Fault("* /*", None, "before", share=0.1, seed=11)])
    drawn = [tally.due("GET", "/v1/runs") is not None for _ in range(1_000)]
    assert drawn == [expected.random() < 0.1 for _ in range(1_000)]
    assert 60 < sum(drawn) < 140


def test_a_star_in_a_path_is_any_text() -> None:
    fault = Fault("* /v1/*/tags", None, "before")
    assert fault.matches("POST", "/v1/workflows/1/tags")
    assert not fault.matches("POST", "/v1/workflows/1/tags/2")
    assert Fault("* /*", None, "before").matches("GET", "/")


@pytest.mark.parametrize(
    ("kind", "error"), [("before", httpx.ReadError), ("hang", httpx.ReadTimeout)]
)
def test_a_fault_of_a_scenario_is_lost_in_process_as_by_the_network(
    kind: FaultKind, error: type[Exception]
) -> None:
    """Such a fault breaks the request before any middleware has given it an id."""
    from flowdsl.cyberdesk.transport import asgi_transport

    scenario = Scenario(faults=(Fault("GET /v1/health", 1, kind, seconds=0.0),))

    async def call() -> None:
        with Store.open(None) as store:
            transport = asgi_transport(create_app(store, scenario=scenario))
            async with httpx.AsyncClient(transport=transport) as client:
                await client.get("http://localhost/v1/health")

    with pytest.raises(error):
        asyncio.run(call())
