from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import Desk

CANARY = "canary-7f3a91c4"
ACCOUNT = {
    "type": "service_account",
    "project_id": "harbour-claims",
    "client_email": "robot@harbour.test",
    "private_key": CANARY,
}
BODIES: dict[str, dict[str, Any]] = {
    "anthropic": {"api_key": f"sk-{CANARY}-wxyz"},
    "openai": {"api_key": f"sk-{CANARY}-wxyz"},
    "google": {"service_account_json": json.dumps(ACCOUNT)},
    "aws_bedrock": {
        "bedrock_auth_mode": "iam",
        "aws_access_key_id": f"AKIA-{CANARY}-wxyz",
        "aws_secret_access_key": CANARY,
        "aws_region": "us-west-2",
    },
}
SHOWN = {
    "anthropic": {"key_last4": "wxyz"},
    "openai": {"key_last4": "wxyz"},
    "google": {"project_id": "harbour-claims", "client_email": "robot@harbour.test"},
    "aws_bedrock": {"access_key_id_last4": "wxyz", "aws_region": "us-west-2"},
}


def filled(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if value is not None}


def test_a_slot_goes_from_the_services_key_to_the_own_one_and_never_back(desk: Desk) -> None:
    before = desk.ok("GET", "/v1/provider-credentials")
    assert [item["slot"] for item in before] == list(BODIES)
    assert {(item["source"], item["status"]) for item in before} == {("cyberdesk", None)}
    for slot, body in BODIES.items():
        path = f"/v1/provider-credentials/{slot}"
        made = desk.ok("PUT", path, json=body)
        assert (made["source"], made["status"]) == ("organization", "active")
        assert filled(made["display_metadata"]) == SHOWN[slot]
        tried = desk.ok("POST", f"{path}/validate")
        assert (tried["ok"], tried["credential"]["last_validated_at"] is None) == (True, False)
        again = desk.ok("PUT", path, json=body)
        assert again["created_at"] == made["created_at"] < again["updated_at"]
        assert again["last_validated_at"] is None
        gone = desk.ok("DELETE", path)
        assert (gone["source"], gone["status"], gone["auth_type"]) == (
            "organization",
            "missing",
            None,
        )
        assert filled(gone["display_metadata"]) == {}
        assert gone in desk.ok("GET", "/v1/provider-credentials")
    desk.ok("GET", "/v1/provider-credentials/openai", 405)


def test_no_secret_is_stored_or_returned(tmp_path: Path) -> None:
    file = tmp_path / "desk.sqlite"
    replies = []
    with Store.open(file) as store, Desk(create_app(store)) as desk:
        for slot, body in BODIES.items():
            path = f"/v1/provider-credentials/{slot}"
            headers = {"Idempotency-Key": slot}
            replies += [desk.send("PUT", path, json=body, headers=headers) for _ in range(2)]
            replies.append(desk.send("POST", f"{path}/validate"))
        replies.append(desk.send("GET", "/v1/provider-credentials"))
        assert {reply.status_code for reply in replies} == {200}
        path = "/v1/provider-credentials/openai"
        refused: list[Any] = [
            {"apikey": CANARY},
            {"api_key": [CANARY]},
            {"aws_secret_access_key": {"value": CANARY}},
            {"bedrock_auth_mode": "api_key", "aws_access_key_id": CANARY},
            CANARY,
            [CANARY],
        ]
        for body in refused:
            replies.append(desk.send("PUT", path, json=body))
            assert replies[-1].status_code == 422
        for text in (CANARY, "[]", json.dumps({**ACCOUNT, "project_id": 4})):
            body = {"service_account_json": text}
            replies.append(desk.send("PUT", "/v1/provider-credentials/google", json=body))
            assert replies[-1].status_code == 422
        assert [reply.text for reply in replies if CANARY in reply.text] == []
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"robot@harbour.test" in written
    assert CANARY.encode() not in written


@pytest.mark.parametrize(("length", "shown"), [(4, None), (15, None), (16, "7890")])
def test_of_a_short_key_nothing_is_shown(desk: Desk, length: int, shown: str | None) -> None:
    body = {"api_key": "a" * 16 + "7890"}
    body["api_key"] = body["api_key"][-length:]
    made = desk.ok("PUT", "/v1/provider-credentials/openai", json=body)
    assert made["display_metadata"]["key_last4"] == shown


def test_slots_are_an_organisations_own(store: Store) -> None:
    app = create_app(store, keys={"a": "org_a", "b": "org_b"})
    with Desk(app, "a") as own, Desk(app, "b") as other:
        own.ok("PUT", "/v1/provider-credentials/openai", json={"api_key": "sk-1"})
        sources = {item["source"] for item in other.ok("GET", "/v1/provider-credentials")}
        assert sources == {"cyberdesk"}
        other.ok("DELETE", "/v1/provider-credentials/openai", 404)
