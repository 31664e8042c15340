from __future__ import annotations

from typing import Any

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import Desk

PATH = "/v1/model-configurations"
CANARY = "sk-canary-4711"


def make(desk: Desk, **values: Any) -> Any:
    body = {"name": "Ledger model", "provider": "anthropic", "model": "m-1", **values}
    return desk.ok("POST", PATH, 201, json=body)


def test_a_fresh_store_has_named_defaults_with_one_for_computer_use(desk: Desk) -> None:
    defaults = desk.ok("GET", PATH)
    assert all(row["is_system_default"] and row["name"] for row in defaults)
    assert sum(row["is_computer_use_model"] for row in defaults) == 1
    assert {row["organization_id"] for row in defaults} == {None}


def test_default_ids_are_the_same_in_every_store(desk: Desk) -> None:
    with Store.open(None) as store, Desk(create_app(store)) as other:
        assert [row["id"] for row in other.ok("GET", PATH)] == [
            row["id"] for row in desk.ok("GET", PATH)
        ]


def test_defaults_are_read_only(desk: Desk) -> None:
    default = desk.ok("GET", PATH)[0]
    desk.ok("PATCH", f"{PATH}/{default['id']}", 400, json={"name": "Mine"})
    desk.ok("DELETE", f"{PATH}/{default['id']}", 400)
    assert desk.ok("GET", f"{PATH}/{default['id']}") == default


def test_own_models_are_made_changed_and_deleted(desk: Desk) -> None:
    made = make(desk, temperature=0.5, additional_params={"top_p": [1, None]})
    assert made["organization_id"] == "org_local"
    assert made["is_system_default"] is False
    assert desk.ok("GET", PATH)[-1] == made
    changes = {"temperature": None, "name": "Renamed", "is_archived": None}
    changed = desk.ok("PATCH", f"{PATH}/{made['id']}", json=changes)
    moved = {"temperature": None, "name": "Renamed", "updated_at": changed["updated_at"]}
    assert changed == {**made, **moved}
    assert desk.ok("PATCH", f"{PATH}/{made['id']}", json={"is_archived": True})["is_archived"]
    desk.ok("DELETE", f"{PATH}/{made['id']}", 204)
    desk.ok("GET", f"{PATH}/{made['id']}", 404)


def test_only_clear_api_key_drops_the_alias(desk: Desk) -> None:
    made = make(desk, api_key=CANARY)
    path = f"{PATH}/{made['id']}"
    assert made["api_key_alias"]
    kept = desk.ok("PATCH", path, json={"api_key": None})
    assert kept["api_key_alias"] == made["api_key_alias"]
    renewed = desk.ok("PATCH", path, json={"api_key": CANARY})
    assert renewed["api_key_alias"] not in (None, made["api_key_alias"])
    assert desk.ok("PATCH", path, json={"clear_api_key": True})["api_key_alias"] is None
    assert make(desk)["api_key_alias"] is None


def test_an_api_key_is_in_no_reply_and_nowhere_on_disk(tmp_path: Any) -> None:
    path = tmp_path / "desk.sqlite"
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        body = {"name": "n", "provider": "p", "model": "m", "api_key": CANARY}
        headers = {"Idempotency-Key": "one"}
        replies = [
            desk.send("POST", PATH, json=body, headers=headers),
            desk.send("POST", PATH, json={"api_key": CANARY}),
            desk.send("POST", PATH, json={**body, "api_key": [CANARY]}),
            desk.send("POST", PATH, json={**body, "api_key": 17}),
        ]
        assert [reply.status_code for reply in replies] == [201, 422, 422, 422]
        for reply in replies:
            assert CANARY not in reply.text
            assert "17" not in reply.text.replace(replies[0].text, "")
        for file in tmp_path.iterdir():
            assert CANARY.encode() not in file.read_bytes()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_json_cannot_carry_are_refused(desk: Desk, number: str) -> None:
    for field in (f'"temperature": {number}', f'"additional_params": {{"deep": [{number}]}}'):
        content = f'{{"name": "n", "provider": "p", "model": "m", {field}}}'
        reply = desk.send(
            "POST", PATH, content=content, headers={"Content-Type": "application/json"}
        )
        assert reply.status_code == 422


def test_numbers_of_any_size_survive(desk: Desk) -> None:
    assert make(desk, max_tokens=10**30)["max_tokens"] == 10**30
