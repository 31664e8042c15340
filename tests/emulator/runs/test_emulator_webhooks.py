"""`run_complete`: who hears of which end, how often, and whether a receiver can prove it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from openapi_client.cyberdesk_cloud_client.models import RunCompletedEvent
from pydantic import ValidationError

from flowdsl.emulator.app import create_app
from flowdsl.emulator.embedded import open_embedded
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from flowdsl.emulator.webhooks import (
    RETRY_AFTER_MS,
    Courier,
    WebhookSettings,
    new_secret,
    post_event,
)
from tests.emulator.emulator_desk import STANDSTILL, Desk
from tests.support.rows import in_rows

URL = "http://127.0.0.1:9/hook"
LONG_ENOUGH = timedelta(seconds=5)
ORGANIZATION = "org_local"


class Clock:
    """A clock that moves when told to."""

    def __init__(self, start: datetime = STANDSTILL) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def move(self, by: timedelta = LONG_ENOUGH) -> None:
        self.time += by


class Receiver:
    """What came to the address; `answers` are given in turn, then True for ever."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.posts: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        self.posts.append((url, dict(headers), body))
        return self.answers.pop(0) if self.answers else True

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.posts]


class Office:
    """A store, somebody at work in it, and the courier that watches it."""

    def __init__(self, store: Store, clock: Clock, desk: Desk, receiver: Receiver) -> None:
        self.store, self.clock, self.desk, self.receiver = store, clock, desk, receiver
        self.settings = WebhookSettings(url=URL)
        self.courier = self.new_courier()
        self.courier.poll()

    def new_courier(self) -> Courier:
        return Courier(self.store, [ORGANIZATION], self.settings, self.receiver)

    def run(self, **workflow: Any) -> Any:
        made = self.desk.workflow(**workflow)
        return self.desk.ok("POST", "/v1/runs", 201, json={"workflow_id": made["id"]})

    def poll_later(self, by: timedelta = LONG_ENOUGH) -> None:
        self.clock.move(by)
        self.courier.poll()


@contextmanager
def office_over(path: Path | None, *answers: bool) -> Iterator[Office]:
    clock = Clock()
    with Store.open(path, clock=clock) as store, Desk(create_app(store)) as desk:
        yield Office(store, clock, desk, Receiver(*answers))


@pytest.fixture
def office() -> Iterator[Office]:
    with office_over(None) as opened:
        yield opened


def test_the_end_of_a_run_is_posted_once_with_the_run_as_it_is_read(office: Office) -> None:
    run = office.run(is_webhooks_enabled=True)
    office.courier.poll()
    assert office.receiver.posts == []
    office.poll_later()
    office.poll_later()
    (event,) = office.receiver.events
    assert event["event_type"] == "run_complete"
    read = office.desk.ok("GET", f"/v1/runs/{run['id']}")
    assert event["run"] == {name: value for name, value in read.items() if name != "included"}
    assert event["run"]["id"] == run["id"]
    assert event["run"]["status"] == "success"
    assert event["occurred_at"] == event["run"]["ended_at"]
    assert office.receiver.posts[0][0] == URL
    assert RunCompletedEvent.from_dict(event).run.status == "success"


def test_enabling_webhooks_does_not_dig_up_earlier_ends(office: Office) -> None:
    run = office.run(is_webhooks_enabled=False)
    office.poll_later()
    office.desk.patch({"id": run["workflow_id"]}, is_webhooks_enabled=True)
    office.poll_later()
    office.new_courier().poll()
    assert office.receiver.posts == []


def test_the_receiver_proves_what_it_got_with_the_official_package() -> None:
    from svix.webhooks import Webhook, WebhookVerificationError

    # The package compares with the machine's clock.
    clock = Clock(datetime.now(UTC))
    with Store.open(None, clock=clock) as store, Desk(create_app(store)) as desk:
        office = Office(store, clock, desk, Receiver())
        office.run(is_webhooks_enabled=True)
        office.poll_later()
        ((_, headers, body),) = office.receiver.posts
        verified = Webhook(office.settings.secret).verify(body, headers)
        assert verified == json.loads(body)
        assert headers["svix-id"] == f"msg_{verified['event_id']}"
        for secret, content in ((office.settings.secret, body + b" "), (new_secret(), body)):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(content, headers)


def test_refused_events_come_again_with_their_id_and_are_given_up() -> None:
    with office_over(None, *[False] * 9) as office:
        office.run(is_webhooks_enabled=True)
        office.poll_later()
        assert len(office.receiver.posts) == 1
        office.courier.poll()
        assert len(office.receiver.posts) == 1
        for attempt, wait in enumerate(RETRY_AFTER_MS, 2):
            office.poll_later(timedelta(milliseconds=wait - 1))
            assert len(office.receiver.posts) == attempt - 1
            office.poll_later(timedelta(milliseconds=2))
            assert len(office.receiver.posts) == attempt
        office.poll_later(timedelta(days=1))
        assert len(office.receiver.posts) == len(RETRY_AFTER_MS) + 1
        assert len({headers["svix-id"] for _, headers, _ in office.receiver.posts}) == 1
        assert len({headers["svix-timestamp"] for _, headers, _ in office.receiver.posts}) > 1
        assert len({body for _, _, body in office.receiver.posts}) == 1


def test_what_ends_while_nobody_delivers_is_delivered_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    with office_over(path, False) as office:
        first = office.run(is_webhooks_enabled=True)
        office.poll_later()
        second = office.run(is_webhooks_enabled=True)
        refused = office.receiver.events
        later = office.clock.time + LONG_ENOUGH
    clock, receiver = Clock(later), Receiver()
    with Store.open(path, clock=clock) as store:
        Courier(store, [ORGANIZATION], WebhookSettings(url=URL), receiver).poll()
        Courier(store, [ORGANIZATION], WebhookSettings(url=URL), receiver).poll()
    assert [event["run"]["id"] for event in receiver.events] == [first["id"], second["id"]]
    assert receiver.events[0] == refused[0]


def test_each_organisation_has_its_own_events() -> None:
    clock, receiver = Clock(), Receiver()
    with Store.open(None, clock=clock) as store:
        app = create_app(store, keys={"a": "org_a", "b": "org_b"})
        courier = Courier(store, ["org_a", "org_b"], WebhookSettings(url=URL), receiver)
        courier.poll()
        with Desk(app, "a") as one, Desk(app, "b") as two:
            for desk in (one, two):
                made = desk.workflow(is_webhooks_enabled=True)
                desk.ok("POST", "/v1/runs", 201, json={"workflow_id": made["id"]})
        clock.move()
        courier.poll()
    owners = [event["run"]["organization_id"] for event in receiver.events]
    assert sorted(owners) == ["org_a", "org_b"]


def test_a_locked_store_is_left_for_the_next_poll(tmp_path: Path) -> None:
    with office_over(tmp_path / "desk.sqlite") as office:
        office.run(is_webhooks_enabled=True)
        office.clock.move()
        with office.store.write("org_other"):
            office.courier.poll()
            assert office.receiver.posts == []
        office.courier.poll()
        assert len(office.receiver.posts) == 1


@in_rows(
    "url",
    [
        "http://hooks.example.test/x",
        "http://192.168.1.5:80/",
        "https://127.0.0.1/x",
        "http://127.0.0.1.evil.test/",
        "http://localhost@evil.test/",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "file:///etc/hosts",
        "127.0.0.1:8000",
        "",
    ],
)
def test_events_never_leave_this_machine(url: str) -> None:
    with pytest.raises(ValidationError, match="this machine alone"):
        WebhookSettings(url=url)


@in_rows("url", ["http://localhost/x", "http://[::1]:8/", "http://127.8.9.1"])
def test_any_loopback_address_will_do(url: str) -> None:
    assert WebhookSettings(url=url).url == url


@in_rows("secret", ["", "whsec_", "whsec_%%%", "c2VjcmV0" * 4, "whsec_c2VjcmV0"])
def test_an_unusable_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings(url=URL, secret=secret)
    assert "24 to 64 bytes" in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_secret_is_not_in_the_settings_as_text() -> None:
    settings = WebhookSettings(url=URL)
    assert settings.secret not in repr(Scenario(webhooks=settings))
    assert settings.secret != WebhookSettings(url=URL).secret


@contextmanager
def listening(status: int, location: str | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A receiver on loopback that answers everything with `status`."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            arrived.set()

        def log_message(self, *_: object) -> None:
            pass

    arrived = threading.Event()
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?a=1", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_posting_takes_2xx_alone_for_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    for status, taken in ((200, True), (204, True), (302, False), (404, False), (500, False)):
        with listening(status, "http://127.0.0.1:1/") as (url, bodies):
            assert post_event(url, {"A": "b"}, b"{}") is taken
            assert bodies == [b"{}"]
    assert post_event(url, {}, b"{}") is False


def until(condition: Callable[[], bool]) -> bool:
    """Whether `condition` comes true within ten seconds of looking often."""
    waiting = threading.Event()
    return any(condition() or waiting.wait(0.01) for _ in range(1_000))


def test_the_embedded_emulator_delivers_from_a_thread(tmp_path: Path) -> None:
    with listening(200) as (url, bodies):
        scenario = Scenario(webhooks=WebhookSettings(url=url))
        app, close = open_embedded(tmp_path / "desk.sqlite", scenario=scenario)
        with Desk(app) as desk:
            desk.ok("GET", "/v1/health")
            made = desk.workflow(is_webhooks_enabled=True)
            run = desk.ok("POST", "/v1/runs", 201, json={"workflow_id": made["id"]})

            def is_over() -> bool:
                return bool(desk.ok("GET", f"/v1/runs/{run['id']}")["status"] == "success")

            assert until(is_over)
        close()  # waits for what is due
        assert json.loads(bodies[0])["run"]["id"] == run["id"]
        assert len(bodies) == 1
