"""`X-RateLimit-*` on every reply, and 429 with `Retry-After` over the limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx

from flowdsl.emulator.app import create_app
from flowdsl.emulator.middleware import RateLimit
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import STANDSTILL, Desk
from tests.support.rows import in_rows

BODY = {"main_prompt": "Open the ledger."}


class Clock:
    def __init__(self) -> None:
        self.time = STANDSTILL

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@contextmanager
def limited(requests: int, seconds: float) -> Iterator[tuple[Desk, Desk, Clock]]:
    """Two keys of one emulator."""
    clock = Clock()
    with Store.open(None, clock=lambda: clock.time) as store:
        app = create_app(store, scenario=Scenario(rate_limit=RateLimit(requests, seconds)))
        with Desk(app, "one") as first, Desk(app, "two") as second:
            yield first, second, clock


def numbers(reply: httpx.Response) -> tuple[str, str, str]:
    names = ("Limit", "Remaining", "Reset")
    return tuple(reply.headers[f"X-RateLimit-{name}"] for name in names)  # type: ignore[return-value]


def test_replies_count_down_to_a_refusal_and_up_again_in_the_next_window() -> None:
    with limited(3, 60) as (desk, _, clock):
        assert numbers(desk.send("GET", "/v1/workflows")) == ("3", "2", "60")
        clock.move(10.5)
        assert numbers(desk.send("POST", "/v1/workflows", json={})) == ("3", "1", "50")
        assert numbers(desk.send("GET", "/v1/nowhere")) == ("3", "0", "50")
        refused = desk.send("POST", "/v1/workflows", json=BODY)
        assert (refused.status_code, numbers(refused)) == (429, ("3", "0", "50"))
        assert refused.headers["Retry-After"] == "50"
        assert isinstance(refused.json()["detail"], str)
        clock.move(float(refused.headers["Retry-After"]))
        assert numbers(desk.send("GET", "/v1/workflows")) == ("3", "2", "60")
        assert desk.ids() == []


def test_each_key_has_its_own_window() -> None:
    with limited(1, 60) as (first, second, _):
        assert first.send("GET", "/v1/workflows").status_code == 200
        assert first.send("GET", "/v1/workflows").status_code == 429
        assert second.send("GET", "/v1/workflows").status_code == 200


@in_rows("path", ["/", "/health", "/health/ready", "/v1/health", "/v1/health/db"])
def test_health_is_exempt(path: str) -> None:
    with limited(1, 60) as (desk, _, _clock):
        for _ in range(3):
            reply = desk.send("GET", path)
            assert reply.status_code == 200
            assert "X-RateLimit-Limit" not in reply.headers
        assert desk.send("GET", "/v1/health/machines").headers["X-RateLimit-Remaining"] == "0"


def test_a_refused_write_leaves_its_idempotency_key_free() -> None:
    key = {"Idempotency-Key": "k"}
    with limited(1, 1) as (desk, _, clock):
        desk.send("GET", "/v1/workflows")
        assert desk.send("POST", "/v1/workflows", json=BODY, headers=key).status_code == 429
        clock.move(1)
        desk.ok("POST", "/v1/workflows", 201, json=BODY, headers=key)


def test_without_a_limit_there_are_no_headers(desk: Desk) -> None:
    assert not [name for name in desk.send("GET", "/v1/workflows").headers if "ratelimit" in name]
