from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import (
    ConnectionLostError,
    Fault,
    FaultInjector,
    FaultKind,
    RecordedRequest,
)
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import Desk

CREATE = "POST /v1/workflows"
BODY = {"main_prompt": "Open the ledger."}


@contextmanager
def broken(*faults: Fault) -> Iterator[tuple[Desk, list[RecordedRequest]]]:
    requests: list[RecordedRequest] = []
    with (
        Store.open(None) as store,
        Desk(FaultInjector(create_app(store), faults, requests)) as desk,
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


def test_a_lost_reply_is_recovered_with_the_same_key() -> None:
    with broken(Fault(CREATE, 1, "after")) as (desk, _):
        key = {"Idempotency-Key": "intent-1"}
        with pytest.raises(ConnectionLostError):
            desk.send("POST", "/v1/workflows", json=BODY, headers=key)
        again = desk.ok("POST", "/v1/workflows", 201, json=BODY, headers=key)
        assert desk.ids() == [again["id"]]


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
