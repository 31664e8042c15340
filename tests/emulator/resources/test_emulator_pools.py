from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.emulator_desk import UNKNOWN_ID, Desk


def ids_of(rows: list[Any]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_pool_is_made_read_changed_and_deleted(desk: Desk) -> None:
    made = desk.pool("claims", description="Second floor", pool_parameters={"site": "north"})
    path = f"/v1/pools/{made['id']}"
    assert desk.ok("GET", path) == {**made, "machines": None, "included": None}
    changed = desk.ok("PATCH", path, json={"description": None})
    assert changed == {**made, "description": None, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > made["updated_at"]
    desk.ok("PATCH", path, 422, json={"name": None})
    assert desk.send("DELETE", path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        desk.ok(method, path, 404, json={})
    desk.ok("POST", "/v1/pools", 422, json={})


def test_secrets_of_a_pool_come_back_as_aliases(desk: Desk) -> None:
    made = desk.pool(pool_sensitive_parameters={"pin": "canary"})
    path = f"/v1/pools/{made['id']}"
    assert set(made["pool_sensitive_parameters"]) == {"pin"}
    assert b"canary" not in desk.send("GET", path).content
    changed = desk.ok("PATCH", path, json={"pool_sensitive_parameters": {"pin": "canary"}})
    assert changed["pool_sensitive_parameters"] != made["pool_sensitive_parameters"]
    cleared = desk.ok("PATCH", path, json={"pool_sensitive_parameters": {}})
    assert cleared["pool_sensitive_parameters"] == {}
    bad = desk.send("POST", "/v1/pools", json={"name": "p", "pool_sensitive_parameters": "canary"})
    assert (bad.status_code, b"canary" in bad.content) == (422, False)


def test_machines_join_and_leave_by_lists_of_ids(desk: Desk) -> None:
    machines = [desk.machine() for _ in range(3)]
    pool = desk.pool()
    path = f"/v1/pools/{pool['id']}/machines"
    body = {"machine_ids": [*ids_of(machines[:2]), machines[0]["id"]]}
    joined = desk.ok("POST", path, json=body)
    assert (set(ids_of(joined["machines"])), joined["machine_count"]) == (
        set(ids_of(machines[:2])),
        2,
    )
    assert desk.ok("POST", path, json={"machine_ids": ids_of(machines)})["machine_count"] == 3
    reply = desk.send("DELETE", path, json={"machine_ids": ids_of(machines[1:])})
    assert (reply.status_code, reply.content) == (204, b"")
    left = desk.ok("GET", f"/v1/pools/{pool['id']}?include_machines=true")
    assert (ids_of(left["machines"]), left["machine_count"]) == ([machines[0]["id"]], 1)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_unknown_machine_refuses_the_whole_list(desk: Desk, method: str) -> None:
    member, other = desk.machine(), desk.machine()
    pool = desk.pool("p", member)
    chosen = member if method == "DELETE" else other
    path = f"/v1/pools/{pool['id']}/machines"
    desk.ok(method, path, 404, json={"machine_ids": [chosen["id"], UNKNOWN_ID]})
    shown = desk.ok("GET", f"/v1/pools/{pool['id']}?include_machines=true")
    assert ids_of(shown["machines"]) == [member["id"]]
    desk.ok(method, path, 422)
    desk.ok(method, f"/v1/pools/{UNKNOWN_ID}/machines", 404, json={"machine_ids": []})


def test_included_machines_stand_once_beside_the_pools(desk: Desk) -> None:
    machines = [desk.machine(name=name) for name in "ab"]
    front, _ = desk.pool("front", *machines), desk.pool("back", machines[1])
    page = desk.ok("GET", "/v1/pools?include=machines")
    assert [row["name"] for row in page["items"]] == ["front", "back"]
    assert [row["machine_count"] for row in page["items"]] == [2, 1]
    assert {row["type"] for row in page["included"]} == {"machine"}
    assert sorted(row["name"] for row in page["included"]) == ["a", "b"]
    single = desk.ok("GET", f"/v1/pools/{front['id']}?include=machines")
    assert (single["machines"], len(single["included"])) == (None, 2)
    assert desk.ok("GET", "/v1/pools")["included"] is None
    assert desk.ok("GET", "/v1/pools?skip=1&limit=1")["total"] == 2


def test_deleting_one_side_ends_the_membership_and_leaves_the_other(desk: Desk) -> None:
    machine, other = desk.machine(), desk.machine()
    pool, gone = desk.pool("p", machine, other), desk.pool("q", machine)
    desk.ok("DELETE", f"/v1/pools/{gone['id']}", 204)
    left = desk.ok("GET", f"/v1/machines/{machine['id']}")["pools"]
    assert ids_of(left) == [pool["id"]]
    desk.ok("DELETE", f"/v1/machines/{machine['id']}", 204)
    assert desk.ok("GET", f"/v1/pools/{pool['id']}")["machine_count"] == 1
