from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.emulator.app import create_app
from flowdsl.emulator.resources.machines import (
    MACHINES,
    create_machine,
    create_pool,
    free_machine,
    get_machine,
    join_pools,
    parameters_of,
    reserve_machine,
)
from flowdsl.emulator.store import Store, Transaction
from flowdsl.emulator.wire.models import MachineCreate, MachineStatus, MachineUpdate, PoolCreate
from tests.emulator.emulator_desk import STANDSTILL, UNKNOWN_ID, Desk
from tests.support.effort import examples

LATER = "2026-01-31T10:00:00.000000Z"

text = st.text(max_size=12).filter(lambda value: value.isprintable())
parameters = st.dictionaries(text, st.none() | st.integers() | text | st.lists(text), max_size=3)

CLEARABLE = {name: st.none() | text for name in ("name", "version", "hostname", "os_info")}
ALWAYS_SET = {
    "status": st.sampled_from(["connected", "disconnected", "error"]),
    "is_available": st.booleans(),
    "alerts_enabled": st.booleans(),
    "machine_parameters": parameters,
}


def names(desk: Desk, query: str) -> list[str]:
    return [row["name"] for row in desk.ok("GET", f"/v1/machines?{query}")["items"]]


def change(desk: Desk, machine: Any, **changes: Any) -> Any:
    return desk.ok("PATCH", f"/v1/machines/{machine['id']}", json=changes)


def pools_of(desk: Desk, machine: Any) -> list[str]:
    return [pool["name"] for pool in desk.ok("GET", f"/v1/machines/{machine['id']}/pools")]


def test_a_machine_is_made_read_changed_and_deleted(desk: Desk) -> None:
    made = desk.machine(name="front-1", hostname="WS-01", machine_parameters={"site": {"no": 7}})
    path = f"/v1/machines/{made['id']}"
    assert desk.ok("GET", path) == {**made, "included": None}
    assert (made["name"], made["machine_parameters"]) == ("front-1", {"site": {"no": 7}})
    assert made["created_at"] == made["last_seen"]
    assert made["machine_sensitive_parameters"] is None
    changed = change(desk, made, hostname=None, last_seen="2026-03-01T12:00:00+02:00")
    assert changed == {**made, "hostname": None, "last_seen": "2026-03-01T10:00:00.000000Z"}
    assert desk.send("DELETE", path).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        assert desk.send(method, path, json={}).status_code == 404
    desk.ok("GET", f"{path}/pools", 404)


@settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changes=st.lists(
        st.fixed_dictionaries({}, optional={**CLEARABLE, **ALWAYS_SET}), min_size=1, max_size=4
    )
)
def test_patches_change_what_they_name_and_nothing_else(
    shared_desk: Desk, changes: list[dict[str, Any]]
) -> None:
    state = shared_desk.machine()
    for sent in changes:
        changed = change(shared_desk, state, **sent)
        assert changed == {**state, **sent}
        state = changed


def test_the_name_filter_is_exact_and_the_search_is_not(desk: Desk) -> None:
    for name in ("front", "Front", "front-2", "back"):
        desk.machine(name=name, hostname="frontier" if name == "back" else None)
    assert names(desk, "name=front") == ["front"]
    assert names(desk, "name=fron") == []
    assert names(desk, "search=FRONT") == ["front", "Front", "front-2", "back"]
    made = desk.machine(name=None)
    assert names(desk, f"search={made['id'].upper()}") == [None]
    assert names(desk, "name=") == []
    desk.machine(name="front")
    assert names(desk, "name=front") == ["front", "front"]


def test_machines_are_filtered_and_paged(desk: Desk) -> None:
    made = [desk.machine(name=name) for name in "abcd"]
    change(desk, made[1], status="error")
    assert names(desk, "status=error") == ["b"]
    desk.ok("GET", "/v1/machines?status=asleep", 422)
    bounds = f"created_at_from={made[1]['created_at']}&created_at_to={made[2]['created_at']}"
    assert names(desk, bounds) == ["b", "c"]
    page = desk.ok("GET", "/v1/machines?skip=1&limit=2")
    assert [row["name"] for row in page["items"]] == ["b", "c"]
    assert (page["total"], page["skip"], page["limit"]) == (4, 1, 2)
    for query in ("limit=0", "limit=1001", "skip=-1", "created_at_from=yesterday"):
        desk.ok("GET", f"/v1/machines?{query}", 422)


def test_included_pools_stand_once_beside_the_machines(desk: Desk) -> None:
    machines = [desk.machine(name=name) for name in "ab"]
    front, back = desk.pool("front", *machines), desk.pool("back", machines[1])
    page = desk.ok("GET", "/v1/machines?include=pools")
    assert [(row["type"], row["name"]) for row in page["included"]] == [
        ("pool", "front"),
        ("pool", "back"),
    ]
    single = desk.ok("GET", f"/v1/machines/{machines[1]['id']}?include=pools")
    shown = {key: value for key, value in single["included"][1].items() if key != "type"}
    assert shown == desk.ok("GET", f"/v1/machines/{machines[1]['id']}/pools")[1]
    assert {row["id"] for row in single["included"]} == {front["id"], back["id"]}


def test_put_pools_replaces_the_whole_set_or_nothing(desk: Desk) -> None:
    machine = desk.machine()
    front, back = desk.pool("front", machine), desk.pool("back")
    path = f"/v1/machines/{machine['id']}/pools"
    desk.ok("PUT", path, 404, json={"pool_ids": [back["id"], UNKNOWN_ID]})
    assert pools_of(desk, machine) == ["front"]
    reply = desk.ok("PUT", path, json={"pool_ids": [back["id"], back["id"]]})
    assert [pool["name"] for pool in reply["pools"]] == pools_of(desk, machine) == ["back"]
    assert desk.ok("GET", f"/v1/pools/{front['id']}")["machine_count"] == 0
    desk.ok("PUT", path, json={"pool_ids": []})
    assert pools_of(desk, machine) == []
    desk.ok("PUT", path, 422, json={})


def test_secrets_come_back_as_aliases_and_are_kept_nowhere(tmp_path: Any) -> None:
    file = tmp_path / "emulator.sqlite"
    with (
        Store.open(file, clock=lambda: STANDSTILL) as store,
        Desk(create_app(store)) as desk,
    ):
        headers = {"Idempotency-Key": "first"}
        body = {
            "fingerprint": "f",
            "unkey_key_id": "k",
            "machine_sensitive_parameters": {"pin": "canary-1"},
        }
        made = desk.ok("POST", "/v1/machines", 201, json=body, headers=headers)
        alias = made["machine_sensitive_parameters"]["pin"]
        changed = change(desk, made, machine_sensitive_parameters={"pin": "canary-2", "k": ""})
        assert set(changed["machine_sensitive_parameters"]) == {"pin", "k"}
        assert changed["machine_sensitive_parameters"]["pin"] not in (alias, "canary-2")
        refused = desk.send(
            "PATCH",
            f"/v1/machines/{made['id']}",
            json={"machine_sensitive_parameters": "canary-3"},
        )
        assert (refused.status_code, b"canary" in refused.content) == (422, False)
        assert change(desk, made, machine_sensitive_parameters={}) == {
            **made,
            "machine_sensitive_parameters": {},
        }
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"canary" not in written
    assert alias.encode() in written


def test_clearing_a_reservation_makes_the_machine_available(desk: Desk) -> None:
    made = desk.machine()
    taken = change(desk, made, reserved_session_id=UNKNOWN_ID, is_available=False)
    assert (taken["reserved_session_id"], taken["is_available"]) == (UNKNOWN_ID, False)
    assert change(desk, made, name="x")["reserved_session_id"] == UNKNOWN_ID
    freed = change(desk, made, reserved_session_id=None)
    assert (freed["reserved_session_id"], freed["is_available"]) == (None, True)
    held = change(desk, made, reserved_session_id=None, is_available=False)
    assert held["is_available"] is False


def test_other_organisations_see_no_machine(store: Store) -> None:
    app = create_app(store, keys={"a": "org_a", "b": "org_b"})
    with Desk(app, "a") as own, Desk(app, "b") as other:
        machine, pool = own.machine(), own.pool("p")
        foreign = other.pool("q")
        assert other.ok("GET", "/v1/machines")["total"] == 0
        path = f"/v1/machines/{machine['id']}"
        for method in ("GET", "PATCH", "DELETE"):
            other.ok(method, path, 404, json={})
        own.ok("PUT", f"{path}/pools", 404, json={"pool_ids": [foreign["id"]]})
        members = {"machine_ids": [machine["id"]]}
        other.ok("POST", f"/v1/pools/{foreign['id']}/machines", 404, json=members)
        other.ok("POST", f"/v1/pools/{pool['id']}/machines", 404, json={"machine_ids": []})
        other.ok("DELETE", f"/v1/pools/{pool['id']}/machines", 404, json={"machine_ids": []})
        body = {"websocket_id": "w", "machine_id": machine["id"]}
        other.ok("POST", "/v1/connections", 404, json=body)
        own.ok("PATCH", path, json={"status": "error"})
        assert other.ok("GET", "/v1/health/machines")["checked_machines"] == 0


@pytest.fixture
def transaction() -> Iterator[Transaction]:
    with (
        Store.open(None, clock=lambda: STANDSTILL) as store,
        store.write("org_local") as opened,
    ):
        yield opened


def new_machine(transaction: Transaction, **values: Any) -> str:
    body = MachineCreate(fingerprint="f", unkey_key_id="k", **values)
    return create_machine(transaction, body).id


def new_pool(transaction: Transaction, *machine_ids: str, **values: Any) -> str:
    pool = create_pool(transaction, PoolCreate(**{"name": "p", **values}))
    join_pools(transaction, machine_ids, [pool.id])
    return pool.id


def free_id(transaction: Transaction, *pool_ids: str) -> str | None:
    row = free_machine(transaction, pool_ids)
    return None if row is None else row.id


def test_a_free_machine_is_connected_available_unreserved_and_in_all_pools(
    transaction: Transaction,
) -> None:
    ids = [new_machine(transaction) for _ in range(4)]
    front = new_pool(transaction, *ids[1:])
    back = new_pool(transaction, ids[0], ids[2], ids[3])
    assert free_id(transaction) in ids
    assert free_id(transaction, front, back) in ids[2:]
    first, second = sorted(ids[2:])
    MACHINES.update(transaction, first, MachineUpdate(status=MachineStatus.ERROR))
    assert free_id(transaction, front, back) == second
    MACHINES.update(transaction, second, MachineUpdate(is_available=False))
    assert free_id(transaction, front, back) is None
    MACHINES.update(transaction, second, MachineUpdate(is_available=True))
    reserve_machine(transaction, second, UNKNOWN_ID, until=LATER)
    assert free_id(transaction, front, back) is None
    reserve_machine(transaction, second, None)
    assert free_id(transaction, front, back) == second


def test_a_reservation_ends_with_its_time(transaction: Transaction) -> None:
    machine_id = new_machine(transaction)
    reserve_machine(transaction, machine_id, UNKNOWN_ID, until=LATER)
    assert get_machine(transaction, machine_id).reserved_session_id == UNKNOWN_ID
    reserve_machine(transaction, machine_id, UNKNOWN_ID, until=transaction.now)
    shown = get_machine(transaction, machine_id)
    assert (shown.reserved_session_id, shown.is_available) == (None, True)


def test_machine_parameters_win_over_those_of_selected_pools_only(
    transaction: Transaction,
) -> None:
    machine_id = new_machine(
        transaction,
        machine_parameters={"site": "machine"},
        machine_sensitive_parameters={"pin": "secret"},
    )
    pool_id = new_pool(
        transaction,
        machine_id,
        pool_parameters={"site": "pool", "unit": 4},
        pool_sensitive_parameters={"pin": "secret", "key": "secret"},
    )
    machine_alias = get_machine(transaction, machine_id).machine_sensitive_parameters
    assert machine_alias is not None
    alone = parameters_of(transaction, machine_id, [])
    assert (alone.values, alone.sensitive_aliases) == ({"site": "machine"}, machine_alias)
    merged = parameters_of(transaction, machine_id, [pool_id])
    assert merged.values == {"site": "machine", "unit": 4}
    assert set(merged.sensitive_aliases) == {"pin", "key"}
    assert merged.sensitive_aliases["pin"] == machine_alias["pin"]
    assert "secret" not in merged.sensitive_aliases.values()
    assert parameters_of(transaction, None, [pool_id]).values == {"site": "pool", "unit": 4}
