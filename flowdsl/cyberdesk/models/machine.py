"""Machines, the pools that group them, and their connections and request logs.

Fields: SDK 2.2.69.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel, UuidText, WriteModel

Secrets = dict[str, str]
"""Secrets by name. Only requests contain them; replies contain aliases instead."""

MACHINE_READ_ONLY = frozenset(
    {
        "id",
        "user_id",
        "organization_id",
        "created_at",
        "linked_keepalive_machine_id",
        "physical_server_id",
        "pools",
        "included",
    }
)
POOL_READ_ONLY = frozenset(
    {"id", "organization_id", "created_at", "updated_at", "machine_count", "machines", "included"}
)


class MachineCreate(WriteModel):
    """The body of `POST /v1/machines`, which a machine's own agent sends when it joins."""

    never_sent: ClassVar[frozenset[str]] = MACHINE_READ_ONLY

    fingerprint: str
    unkey_key_id: str
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: dict[str, Any] | None = None
    machine_sensitive_parameters: Secrets | None = Field(default=None, repr=False)


class MachinePatch(WriteModel):
    """The body of `PATCH /v1/machines/{id}`: an absent field is unchanged, null clears.

    A null `reserved_session_id` frees the machine and **cancels the runs of its session**.
    Parameters are replaced as a whole, and `{}` clears them. A field does not accept null if its
    meaning is not documented. Only the machine's agent writes `status` and `last_seen`.
    """

    never_sent: ClassVar[frozenset[str]] = MACHINE_READ_ONLY | {"status", "last_seen"}

    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    is_available: bool = False
    alerts_enabled: bool = False
    reserved_session_id: UuidText | None = None
    machine_parameters: dict[str, Any] = Field(default_factory=dict)
    machine_sensitive_parameters: Secrets = Field(default_factory=dict, repr=False)


class PoolCreate(WriteModel):
    """The body of `POST /v1/pools`."""

    never_sent: ClassVar[frozenset[str]] = POOL_READ_ONLY

    name: str
    description: str | None = None
    pool_parameters: dict[str, Any] | None = None
    pool_sensitive_parameters: Secrets | None = Field(default=None, repr=False)


class PoolPatch(WriteModel):
    """The body of `PATCH /v1/pools/{id}`: an absent field is unchanged, null clears.

    Parameters are replaced as a whole, and `{}` clears them.
    """

    never_sent: ClassVar[frozenset[str]] = POOL_READ_ONLY

    name: str = ""
    description: str | None = None
    pool_parameters: dict[str, Any] = Field(default_factory=dict)
    pool_sensitive_parameters: Secrets = Field(default_factory=dict, repr=False)


class PoolRow(ReadModel):
    id: str
    name: str
    description: str | None = None
    organization_id: str | None = None
    machine_count: int | None = None
    pool_parameters: dict[str, Any] | None = None
    pool_sensitive_parameters: dict[str, Any] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    included: Items[dict[str, Any]] | None = None


class Machine(ReadModel):
    """A machine in a reply; names are not unique. Null `pools` means "not requested"."""

    id: str
    status: str | None = None
    name: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    version: str | None = None
    is_available: bool | None = None
    alerts_enabled: bool | None = None
    reserved_session_id: str | None = None
    machine_parameters: dict[str, Any] | None = None
    machine_sensitive_parameters: dict[str, Any] | None = None
    pools: Items[PoolRow] | None = None
    organization_id: str | None = None
    user_id: str | None = None
    unkey_key_id: str | None = None
    linked_keepalive_machine_id: str | None = None
    physical_server_id: str | None = None
    last_seen: str | None = None
    created_at: str | None = None
    included: Items[dict[str, Any]] | None = None


class Pool(PoolRow):
    """A set of machines. Null `machines` means "not requested"."""

    machines: Items[Machine] | None = None


class MachineFailure(ReadModel):
    """A machine that failed its health check."""

    machine_id: str
    error: str
    machine_name: str | None = None
    organization_id: str | None = None
    status_code: int | None = None


class MachinesHealth(ReadModel):
    """The health of the machines; `status` is `ok` or `error`."""

    status: str
    errored_machines: Items[MachineFailure]
    message: str | None = None
    scope: str | None = None
    checked_machines: int | None = None
    healthy_machines: int | None = None


class Connection(ReadModel):
    """One connection of a machine; `disconnected_at` is null while it lasts."""

    id: str
    machine_id: str | None = None
    status: str | None = None
    websocket_id: str | None = None
    connected_at: str | None = None
    disconnected_at: str | None = None
    last_ping: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


class RequestLog(ReadModel):
    """One request to a machine; `completed_at` is null until it is answered."""

    id: str
    machine_id: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None
    status_code: int | None = None
    duration_ms: int | None = None
    request_size_bytes: int | None = None
    response_size_bytes: int | None = None
    error_message: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    completed_at: str | None = None
