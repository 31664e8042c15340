"""Probes of the assumptions about rate limits and webhooks, for `test_emulator_assumptions`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flowdsl.emulator.app import create_app
from flowdsl.emulator.context import LOCAL_ORGANIZATION
from flowdsl.emulator.scenario import load_scenario
from flowdsl.emulator.store import Store
from flowdsl.emulator.webhooks import RETRY_AFTER_MS, Courier, WebhookSettings
from tests.emulator.emulator_desk import STANDSTILL, Desk

Probe = Callable[[Desk], None]
REHEARSAL_PROBES: dict[str, Probe] = {}


def probe(key: str) -> Callable[[Probe], Probe]:
    def register(function: Probe) -> Probe:
        assert key not in REHEARSAL_PROBES
        REHEARSAL_PROBES[key] = function
        return function

    return register


@probe("rate-limit-window")
def _(_desk: Desk) -> None:
    times = [STANDSTILL]
    with Store.open(None, clock=lambda: times[-1]) as store:
        app = create_app(store, scenario=load_scenario('rate_limit = "2/10s"'))
        with Desk(app) as desk:
            for passed, expected, left in ((0, 200, 10), (4, 200, 6), (9.5, 429, 1), (10, 200, 10)):
                times.append(STANDSTILL + timedelta(seconds=passed))
                reply = desk.send("GET", "/v1/pools")
                assert reply.status_code == expected
                assert reply.headers["X-RateLimit-Reset"] == str(left)
            assert desk.send("GET", "/v1/health").headers.get("X-RateLimit-Reset") is None


def posted_events(*taken: bool) -> list[tuple[str, Any]]:
    """The ids and the bodies of what is posted about a run before and a run after the set-up."""
    times = [STANDSTILL]
    posts: list[tuple[str, Any]] = []

    def post(_url: str, headers: Mapping[str, str], body: bytes) -> bool:
        posts.append((headers["svix-id"], json.loads(body)))
        return len(posts) <= len(taken) and taken[len(posts) - 1]

    with Store.open(None, clock=lambda: times[-1]) as store, Desk(create_app(store)) as desk:
        settings = WebhookSettings(url="http://127.0.0.1:9/")
        courier = Courier(store, [LOCAL_ORGANIZATION], settings, post)
        for name in ("before", "after"):
            made = desk.workflow(name=name, is_webhooks_enabled=name == "before")
            run = desk.ok("POST", "/v1/runs", 201, json={"workflow_id": made["id"]})
            if name == "after":
                desk.patch(made, is_webhooks_enabled=True)
            for _ in range(9):
                times.append(times[-1] + timedelta(seconds=10))
                courier.poll()
        read = desk.ok("GET", f"/v1/runs/{run['id']}")
        del read["included"]
        assert all(event["run"] == read for _, event in posts)
    return posts


@probe("webhooks-from-now")
def _(_desk: Desk) -> None:
    # The first of the two runs had ended when the courier looked for the first time.
    assert len(posted_events(True)) == 1


@probe("webhook-payload")
def _(_desk: Desk) -> None:
    ((_, event),) = posted_events(True)
    assert event["occurred_at"] == event["run"]["ended_at"]


@probe("webhook-attempts")
def _(_desk: Desk) -> None:
    assert len(posted_events(False, True)) == 2
    posts = posted_events()
    assert len(posts) == len(RETRY_AFTER_MS) + 1 == 4
    assert len({identifier for identifier, _ in posts}) == 1
