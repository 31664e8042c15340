"""Bodies of machines, pools and the membership of one in the other."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from flowdsl.emulator.wire.pages import IncludedResource
from flowdsl.emulator.wire.values import (
    OpenObject,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)

Secrets = dict[str, str]
"""By name: the secrets themselves in a request, their aliases in a reply."""


class MachineStatus(StrEnum):
    """Whether the desktop's agent is in touch with the service."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


class PoolCreate(RequestModel):
    """A new pool."""

    name: str
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: Secrets | None = None


class PoolUpdate(RequestModel):
    """Absent keys stay; `{}` clears parameters."""

    name: str | None = None
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: Secrets | None = None


class PoolResponse(ReplyModel):
    """One pool with the number of its machines."""

    name: str
    id: ReplyId
    organization_id: str
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: Secrets | None = None
    machine_count: int | None = 0


class MachineCreate(RequestModel):
    """A new machine, as its agent announces itself."""

    fingerprint: str
    unkey_key_id: str
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: Secrets | None = None


class MachineUpdate(RequestModel):
    """Absent keys stay; `{}` clears parameters, null `reserved_session_id` frees the machine."""

    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    status: MachineStatus | None = None
    is_available: bool | None = None
    alerts_enabled: bool | None = None
    last_seen: datetime | None = None
    reserved_session_id: UUID | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: Secrets | None = None


class MachineResponse(ReplyModel):
    """One machine with its pools."""

    id: ReplyId
    unkey_key_id: str
    status: MachineStatus
    is_available: bool
    alerts_enabled: bool
    created_at: ReplyTime
    last_seen: ReplyTime
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: Secrets | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None
    reserved_session_id: ReplyId | None = None
    linked_keepalive_machine_id: ReplyId | None = None
    physical_server_id: str | None = None
    pools: list[PoolResponse] | None = None


class MachineResponseWithIncludes(MachineResponse):
    """One machine read by id."""

    included: list[IncludedResource] | None = None


class PoolWithMachines(PoolResponse):
    """One pool after machines joined it."""

    machines: list[MachineResponse] = Field(default_factory=list)


class PoolResponseWithIncludes(PoolResponse):
    """One pool read by id; `machines` is filled for the deprecated `include_machines` only."""

    machines: list[MachineResponse] | None = None
    included: list[IncludedResource] | None = None


class MachinePoolUpdate(RequestModel):
    """The whole set of pools of one machine."""

    pool_ids: list[UUID]


class MachinePoolAssignment(RequestModel):
    """Machines that join or leave one pool."""

    machine_ids: list[UUID]


class MachineHealthCheckError(ReplyModel):
    """A machine that did not answer."""

    machine_id: str
    error: str
    organization_id: str | None = None
    machine_name: str | None = None
    status_code: int | None = None


class MachinesHealthCheckResponse(ReplyModel):
    """How the machines of the organisation are."""

    status: Literal["ok", "error"]
    scope: Literal["organization", "all_organizations"]
    checked_machines: int
    healthy_machines: int
    errored_machines: list[MachineHealthCheckError]
    message: str
