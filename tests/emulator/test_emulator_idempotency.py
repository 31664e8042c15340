from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import PNG, Desk

KEY = {"Idempotency-Key": "plan-1/step-1"}
BODY = {"main_prompt": "Open the ledger."}


def test_the_first_reply_comes_again_byte_for_byte(desk: Desk) -> None:
    first = desk.send("POST", "/v1/workflows", json=BODY, headers=KEY)
    desk.patch(first.json(), name="Changed since")
    again = desk.send("POST", "/v1/workflows", json=BODY, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(desk.ids()) == 1
    desk.ok("POST", "/v1/workflows", 201, json=BODY, headers={"Idempotency-Key": "other"})
    desk.ok("POST", "/v1/workflows", 201, json=BODY, headers={"Idempotency-Key": ""})
    desk.ok("POST", "/v1/workflows", 201, json=BODY, headers={"Idempotency-Key": ""})
    assert len(desk.ids()) == 4


def test_a_replayed_delete_answers_as_the_first_did(desk: Desk) -> None:
    made = desk.workflow()
    replies = [desk.send("DELETE", f"/v1/workflows/{made['id']}", headers=KEY) for _ in range(2)]
    assert [(reply.status_code, reply.content) for reply in replies] == [(204, b"")] * 2
    assert desk.send("DELETE", f"/v1/workflows/{made['id']}").status_code == 404


def test_uploads_are_made_once_too(desk: Desk) -> None:
    files = {"file": ("a.png", PNG)}
    replies = [
        desk.ok("POST", "/v1/workflows/prompt-image", 201, files=files, headers=KEY)
        for _ in range(2)
    ]
    assert replies[0] == replies[1]
    assert len(desk.ok("GET", "/v1/workflows/prompt-images")) == 1


def test_a_key_belongs_to_one_organisation() -> None:
    with Store.open(None) as store:
        app = create_app(store, keys={"a": "org_a", "b": "org_b"})
        with Desk(app, "a") as first, Desk(app, "b") as second:
            ids = {
                desk.ok("POST", "/v1/workflows", 201, json=BODY, headers=KEY)["id"]
                for desk in (first, second)
            }
            assert len(ids) == 2


def test_a_second_request_meets_the_first_under_way() -> None:
    async def overlap() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        started, finish = asyncio.Event(), asyncio.Event()

        async def slow_body() -> AsyncIterator[bytes]:
            started.set()
            await finish.wait()
            yield b'{"main_prompt": "Open the ledger."}'

        headers = {**KEY, "Authorization": "Bearer k", "Content-Type": "application/json"}
        with Store.open(None) as store:
            transport = httpx.ASGITransport(create_app(store))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as client:
                first = asyncio.create_task(client.post("/v1/workflows", content=slow_body()))
                await started.wait()
                second = await client.post("/v1/workflows", json=BODY)
                finish.set()
                return await first, second, await client.post("/v1/workflows", json=BODY)

    first, second, third = asyncio.run(overlap())
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.headers["Idempotency-Status"] == "in_progress"
    assert (third.status_code, third.content) == (201, first.content)


@pytest.mark.parametrize("failing", ["idempotent_replies", "post_run_checks"])
def test_write_and_reply_are_kept_together_or_not_at_all(tmp_path: Path, failing: str) -> None:
    path = tmp_path / "desk.sqlite"
    body = {**BODY, "post_run_checks": [{"name": "c", "type": "run_attachment_exists"}]}
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        other = sqlite3.connect(path)
        other.execute(
            f"CREATE TRIGGER broken BEFORE INSERT ON {failing} "
            "BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
        other.commit()
        with pytest.raises(Exception, match="disk trouble"):
            desk.send("POST", "/v1/workflows", json=body, headers=KEY)
        other.execute("DROP TRIGGER broken")
        other.commit()
        other.close()
        assert desk.ids() == []
        made = desk.ok("POST", "/v1/workflows", 201, json=body, headers=KEY)
        assert desk.ids() == [made["id"]]
