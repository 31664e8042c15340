"""The official SDK on machines, pools and connections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from openapi_client.cyberdesk_cloud_client.api.connections import (
    delete_connection_v1_connections_connection_id_delete,
    get_connection_v1_connections_connection_id_get,
    update_connection_v1_connections_connection_id_patch,
)
from openapi_client.cyberdesk_cloud_client.models import (
    ConnectionCreate,
    ConnectionStatus,
    ConnectionUpdate,
    MachineCreate,
    MachineCreateMachineParametersType0,
    MachineCreateMachineSensitiveParametersType0,
    MachinePoolAssignment,
    MachinePoolUpdate,
    MachineStatus,
    MachineUpdate,
    MachineUpdateMachineParametersType0,
    PoolCreate,
    PoolUpdate,
)

from tests.sdk.conftest import Sdk


def new_machine(sdk: Sdk, name: str) -> MachineCreate:
    return MachineCreate(fingerprint=f"f-{name}", unkey_key_id="k-1", name=name)


def test_machines(sdk: Sdk) -> None:
    body = new_machine(sdk, "desk-1")
    body.machine_parameters = MachineCreateMachineParametersType0.from_dict({"site": "north"})
    body.machine_sensitive_parameters = MachineCreateMachineSensitiveParametersType0.from_dict(
        {"pin": "4711"}
    )
    made = sdk("machines", "create", body)
    assert made.machine_parameters.to_dict() == {"site": "north"}
    assert list(made.machine_sensitive_parameters.to_dict()) == ["pin"]
    assert "4711" not in str(made)
    other = sdk("machines", "create", new_machine(sdk, "Desk-1"))

    assert [item.id for item in sdk("machines", "list", name="desk-1").items] == [made.id]
    assert sdk("machines", "list", search="DESK", limit=1).total == 2
    assert sdk("machines", "list", status=MachineStatus.ERROR).items == []
    since = datetime.now(UTC) + timedelta(hours=1)
    assert sdk("machines", "list", created_at_from=since).total == 0

    parameters = MachineUpdateMachineParametersType0.from_dict({"floor": "2"})
    changes = MachineUpdate(hostname="ws-17", machine_parameters=parameters)
    changed = sdk("machines", "update", str(made.id), changes)
    assert changed.machine_parameters.to_dict() == {"floor": "2"}
    assert (changed.name, changed.hostname) == ("desk-1", "ws-17")
    assert list(changed.machine_sensitive_parameters.to_dict()) == ["pin"]
    assert sdk("machines", "clear_session", str(made.id)).reserved_session_id is None

    sdk("machines", "delete", str(other.id))
    assert sdk.reply("machines", "get", str(other.id)).error.status_code == 404
    assert sdk("machines", "get", str(made.id)).hostname == "ws-17"


def test_pools(sdk: Sdk) -> None:
    machines = [sdk("machines", "create", new_machine(sdk, name)) for name in ("a", "b")]
    ids = [machine.id for machine in machines]
    pool = sdk("pools", "create", PoolCreate(name="claims", description="Claims desks"))
    spare = sdk("pools", "create", PoolCreate(name="spare"))
    sdk("pools", "add_machines", str(pool.id), MachinePoolAssignment(machine_ids=ids))
    held = sdk("pools", "get", str(pool.id), include_machines=True)
    assert [machine.id for machine in held.machines] == ids
    related = sdk("pools", "get", str(pool.id), include=["machines"]).included
    assert [(item.type_, item.id) for item in related] == [("machine", one) for one in ids]
    listed = sdk("pools", "list", include=["machines"])
    assert [(item.name, item.machine_count) for item in listed.items] == [
        ("claims", 2),
        ("spare", 0),
    ]
    pools = sdk("machines", "get_pools", str(ids[0]))
    assert [item.name for item in pools] == ["claims"]
    moved = MachinePoolUpdate(pool_ids=[spare.id])
    assert sdk("machines", "update_pools", str(ids[0]), moved).pools[0].id == spare.id
    one = MachinePoolAssignment(machine_ids=[ids[1]])
    sdk("pools", "remove_machines", str(pool.id), one)
    assert sdk("pools", "get", str(pool.id), include_machines=True).machines == []
    page = sdk("machines", "list", include=["pools"])
    assert [item.to_dict()["name"] for item in page.included] == ["spare"]

    renamed = sdk("pools", "update", str(pool.id), PoolUpdate(name="intake", description=None))
    assert (renamed.name, renamed.description) == ("intake", None)
    sdk("pools", "delete", str(pool.id))
    assert sdk.reply("pools", "get", str(pool.id)).error.status_code == 404


def test_connections(sdk: Sdk) -> None:
    machine = sdk("machines", "create", new_machine(sdk, "a"))
    body = ConnectionCreate(websocket_id="w-1", machine_id=machine.id, ip_address="192.0.2.4")
    made = sdk("connections", "create", body)
    assert (made.machine_id, made.status) == (machine.id, ConnectionStatus.CONNECTED)
    page = sdk("connections", "list", machine_id=str(machine.id), status="connected")
    assert [item.id for item in page.items] == [made.id]
    one = {"connection_id": made.id}
    read = sdk.generated(get_connection_v1_connections_connection_id_get, **one).parsed
    assert read == made
    changed = sdk.generated(
        update_connection_v1_connections_connection_id_patch,
        body=ConnectionUpdate(status=ConnectionStatus.DISCONNECTED),
        **one,
    ).parsed
    assert changed.status == ConnectionStatus.DISCONNECTED
    sdk.generated(delete_connection_v1_connections_connection_id_delete, **one)
    assert sdk("connections", "list").total == 0
