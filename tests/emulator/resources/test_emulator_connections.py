from __future__ import annotations

from typing import Any

from tests.emulator.emulator_desk import UNKNOWN_ID, Desk


def connect(desk: Desk, machine: Any, status: int = 201, **values: Any) -> Any:
    body = {"websocket_id": "ws-1", "machine_id": machine["id"], **values}
    return desk.ok("POST", "/v1/connections", status, json=body)


def listed(desk: Desk, query: str = "") -> list[str]:
    items = desk.ok("GET", f"/v1/connections{query}")["items"]
    return [row["websocket_id"] for row in items]


def test_a_connection_is_made_read_changed_and_deleted(desk: Desk) -> None:
    machine = desk.machine()
    made = connect(desk, machine, ip_address="127.0.0.1", user_agent="agent/1")
    path = f"/v1/connections/{made['id']}"
    assert desk.ok("GET", path) == made
    assert (made["status"], made["disconnected_at"]) == ("connected", None)
    assert made["connected_at"] == made["last_ping"]
    closed = {"status": "disconnected", "disconnected_at": "2026-02-01T09:00:00Z"}
    changed = desk.ok("PATCH", path, json=closed)
    assert changed == {**made, **closed, "disconnected_at": "2026-02-01T09:00:00.000000Z"}
    ping = {"last_ping": "2026-02-01T09:00:00.5+01:00"}
    pinged = desk.ok("PATCH", path, json=ping)
    assert pinged == {**changed, "last_ping": "2026-02-01T08:00:00.500000Z"}
    assert desk.ok("PATCH", path, json={"disconnected_at": None}) == {
        **pinged,
        "disconnected_at": None,
    }
    assert desk.send("DELETE", path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        desk.ok(method, path, 404, json={})
    desk.ok("GET", f"/v1/machines/{machine['id']}")


def test_a_connection_needs_a_known_machine(desk: Desk) -> None:
    assert "machine" in connect(desk, {"id": UNKNOWN_ID}, 404)["detail"]


def test_connections_are_filtered_and_paged_newest_first(desk: Desk) -> None:
    first, second = desk.machine(), desk.machine()
    made = [
        connect(desk, machine, websocket_id=name)
        for machine, name in ((first, "a"), (second, "b"), (first, "c"))
    ]
    desk.ok("PATCH", f"/v1/connections/{made[0]['id']}", json={"status": "error"})
    assert listed(desk) == ["c", "b", "a"]
    assert listed(desk, f"?machine_id={first['id']}") == ["c", "a"]
    assert listed(desk, "?status=error") == ["a"]
    assert listed(desk, f"?status=connected&machine_id={first['id']}") == ["c"]
    assert listed(desk, f"?machine_id={UNKNOWN_ID}") == []
    page = desk.ok("GET", "/v1/connections?skip=1&limit=1")
    assert [row["websocket_id"] for row in page.pop("items")] == ["b"]
    assert page == {"total": 3, "skip": 1, "limit": 1}
    for query in ("status=asleep", "machine_id=1", "limit=1001", "skip=-1"):
        desk.ok("GET", f"/v1/connections?{query}", 422)


def test_deleting_a_machine_drops_its_connections(desk: Desk) -> None:
    gone, stays = desk.machine(), desk.machine()
    connect(desk, gone, websocket_id="gone")
    connect(desk, stays, websocket_id="stays")
    desk.ok("DELETE", f"/v1/machines/{gone['id']}", 204)
    assert listed(desk) == ["stays"]
