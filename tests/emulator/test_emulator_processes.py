"""Real server processes on loopback: killed while they write, and several on one file."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from flowdsl.emulator import serve as serving
from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import Desk
from tests.emulator.emulator_process import served
from tests.support.effort import rows

WRITERS = 4


def client(base_url: str) -> httpx.Client:
    return httpx.Client(
        base_url=base_url,
        headers={"Authorization": "Bearer k"},
        timeout=30,
        trust_env=False,
    )


@pytest.mark.parametrize("kill_after", rows([1, 7, 40], 1))
def test_every_acknowledged_write_survives_sigkill(tmp_path: Path, kill_after: int) -> None:
    path = tmp_path / "desk.sqlite"
    acknowledged: dict[str, str] = {}
    sent: set[str] = set()
    with served(path) as (process, base_url):

        def write_until_killed(writer: int) -> None:
            with client(base_url) as connection:
                for number in range(10_000):
                    key = f"{writer}/{number}"
                    sent.add(key)
                    try:
                        reply = connection.post(
                            "/v1/workflows",
                            json={"main_prompt": "p", "name": key},
                            headers={"Idempotency-Key": key},
                        )
                    except httpx.TransportError:
                        return
                    assert reply.status_code == 201, reply.text
                    acknowledged[key] = reply.json()["id"]
                    if len(acknowledged) >= kill_after:
                        process.kill()

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write_until_killed, range(WRITERS)))
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        found = {
            item["name"]: item["id"] for item in desk.ok("GET", "/v1/workflows?limit=1000")["items"]
        }
        assert len(acknowledged) >= kill_after
        assert acknowledged.items() <= found.items()
        assert found.keys() <= sent
        # Sending everything again makes what was lost, and nothing twice.
        for key in sorted(sent):
            body = {"main_prompt": "p", "name": key}
            again = desk.ok(
                "POST", "/v1/workflows", 201, json=body, headers={"Idempotency-Key": key}
            )
            assert again["id"] == found.get(key, again["id"])
        assert desk.ok("GET", "/v1/workflows")["total"] == len(sent)


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    with served(path) as (_, first), served(path) as (_, second):

        def write(number: int) -> str:
            with client((first, second)[number % 2]) as connection:
                body = {"main_prompt": "p", "name": str(number)}
                key = {"Idempotency-Key": str(number // 2)}
                reply = connection.post("/v1/workflows", json=body, headers=key)
                assert reply.status_code == 201, reply.text
                return str(reply.json()["id"])

        with ThreadPoolExecutor(WRITERS) as pool:
            ids = list(pool.map(write, range(40)))
        # Neighbours share a key across the two processes, so each pair is one workflow.
        assert ids[::2] == ids[1::2]
        with client(second) as connection:
            rows = connection.get("/v1/workflows").json()["items"]
        assert {row["id"] for row in rows} == set(ids)
        assert len({row["updated_at"] for row in rows}) == 20


@pytest.mark.parametrize(("kind", "made"), [("kill_before", 0), ("kill_after", 1)])
def test_a_kill_point_kills_the_process_before_or_after_the_commit(
    tmp_path: Path, kind: str, made: int
) -> None:
    path = tmp_path / "desk.sqlite"
    scenario = f"[[faults]]\nroute = 'POST /v1/workflows'\nkind = '{kind}'\nnth = 2"
    with served(path, scenario) as (process, base_url), client(base_url) as connection:
        body = {"main_prompt": "p"}
        assert connection.post("/v1/workflows", json=body).status_code == 201
        with pytest.raises(httpx.TransportError):
            connection.post("/v1/workflows", json=body, headers={"Idempotency-Key": "k"})
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        assert len(desk.ids()) == 1 + made
        desk.ok("POST", "/v1/workflows", 201, json=body, headers={"Idempotency-Key": "k"})
        assert len(desk.ids()) == 2


def test_one_key_sent_by_many_at_once_is_one_workflow(tmp_path: Path) -> None:
    """Whoever comes while the first is under way is told so, or waits for the lock and is answered
    as the first was; nobody makes a second one."""
    replies: list[httpx.Response] = []
    with served(tmp_path / "desk.sqlite") as (_, base_url), client(base_url) as watcher:

        def write(number: int) -> httpx.Response:
            with client(base_url) as connection:
                # A body long enough to come in several pieces.
                body = {"main_prompt": "p" * 300_000, "name": str(number)}
                key = {"Idempotency-Key": str(number // 8)}
                return connection.post("/v1/workflows", json=body, headers=key)

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(write, range(48)))
        total = watcher.get("/v1/workflows?limit=1").json()["total"]
    assert total == 6
    for first in range(0, 48, 8):
        group = replies[first : first + 8]
        made = [reply for reply in group if reply.status_code == 201]
        assert len({reply.content for reply in made}) == 1
        for reply in group:
            if reply.status_code != 201:
                assert reply.status_code == 409
                assert reply.headers["Idempotency-Status"] == "in_progress"


def test_sigterm_ends_a_server_cleanly(tmp_path: Path) -> None:
    with served(tmp_path / "desk.sqlite") as (process, base_url):
        with client(base_url) as connection:
            assert connection.get("/v1/health").json() == {"status": "ok"}
        process.terminate()
        process.join(30)
        assert process.exitcode == -signal.SIGTERM


def test_a_port_in_use_is_an_error_of_its_own() -> None:
    with Store.open(None) as store, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(serving.PortInUseError, match=f"port {port} .* in use"):
            serving.serve_app(create_app(store), "127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("203.0.113.7", 0), ("127.0.0.1", 70_000)])
def test_an_address_of_another_machine_is_refused(host: str, port: int) -> None:
    with Store.open(None) as store, pytest.raises(serving.AddressError, match=host):
        serving.serve_app(create_app(store), host, port)


def test_importing_the_package_costs_nothing() -> None:
    code = (
        "import sys, flowdsl.emulator;"
        "print([m for m in ('fastapi','sqlalchemy','pydantic','starlette') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


def test_the_server_is_imported_where_a_port_is_served_alone() -> None:
    code = (
        "import sys, flowdsl.emulator.app, flowdsl.emulator.embedded, flowdsl.emulator.serve;"
        "print('uvicorn' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "False"
