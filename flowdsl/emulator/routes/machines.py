"""`/v1/machines`, `/v1/pools`, `/v1/connections`: desktops, their pools, health and connections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import delete

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources import machines as resources
from flowdsl.emulator.resources.included import machines_to_include, pools_to_include
from flowdsl.emulator.resources.machines import (
    MACHINES,
    POOLS,
    get_machine,
    get_pool,
    join_pools,
    leave_pools,
    machine_replies,
    machines_of_pools,
    pool_replies,
)
from flowdsl.emulator.resources.rows import Resource, conditions_for_needle, conditions_of
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.changes import cancel_runs_of_machine
from flowdsl.emulator.runs.schedule import replan_waiting_runs
from flowdsl.emulator.tables import connections, machines, pool_machines
from flowdsl.emulator.wire.models import (
    ConnectionCreate,
    ConnectionResponse,
    ConnectionStatus,
    ConnectionUpdate,
    MachineCreate,
    MachineHealthCheckError,
    MachinePoolAssignment,
    MachinePoolUpdate,
    MachineResponse,
    MachineResponseWithIncludes,
    MachinesHealthCheckResponse,
    MachineStatus,
    MachineUpdate,
    PaginatedResponse,
    PaginatedResponseConnectionResponse,
    PaginatedResponseWithIncludesMachineResponse,
    PaginatedResponseWithIncludesPoolResponse,
    PoolCreate,
    PoolResponse,
    PoolResponseWithIncludes,
    PoolUpdate,
    PoolWithMachines,
    RequestLogResponse,
)
from flowdsl.emulator.wire.values import Paging

router = APIRouter(prefix="/v1/machines", tags=["Machines"], route_class=StoreRoute)
pool_router = APIRouter(prefix="/v1/pools", tags=["Pools"], route_class=StoreRoute)
connection_router = APIRouter(
    prefix="/v1/connections", tags=["Connections"], route_class=StoreRoute
)
log_router = APIRouter(prefix="/v1/request-logs", tags=["request_logs"], route_class=StoreRoute)
health_router = APIRouter(tags=["Health"], route_class=StoreRoute)

CONNECTIONS = Resource(
    kind="connection",
    table=connections,
    reply=ConnectionResponse,
    order=(connections.c.connected_at.desc(), connections.c.id),
    kept_on_null=("status", "last_ping"),
)


class ConnectionFilter(Paging):
    """The conditions on the connections of a list."""

    machine_id: UUID | None = None
    status: ConnectionStatus | None = None


class MachineFilter(Paging):
    """The conditions on the machines of a list; `name` must match exactly, including case."""

    search: str | None = None
    name: str | None = None
    status: MachineStatus | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    include: str | None = None


class PoolFilter(Paging):
    """What to include in a list of pools."""

    include: str | None = None


class RequestLogFilter(Paging):
    """The conditions on the request logs of a list."""

    machine_id: UUID | None = None
    method: str | None = None
    status_code: int | None = None


@health_router.get("/v1/health/machines", responses={503: {"model": MachinesHealthCheckResponse}})
async def health_machines(transaction: Current, response: Response) -> MachinesHealthCheckResponse:
    """The state of all connected machines (assumption `health-by-status`); 503 when one failed."""
    connected = machines.c.status != MachineStatus.DISCONNECTED.value
    rows = MACHINES.rows(transaction, connected)
    errored = [
        MachineHealthCheckError(
            machine_id=row.id,
            error="the machine's status is `error`",
            organization_id=row.organization_id,
            machine_name=row.name,
        )
        for row in rows
        if row.status == MachineStatus.ERROR.value
    ]
    if errored:
        response.status_code = 503
    healthy = len(rows) - len(errored)
    return MachinesHealthCheckResponse(
        status="error" if errored else "ok",
        scope="organization",
        checked_machines=len(rows),
        healthy_machines=healthy,
        errored_machines=errored,
        message=f"{healthy} of {len(rows)} connected machines answered",
    )


@router.get("")
async def list_machines(
    transaction: Current, wanted: Annotated[MachineFilter, Query()]
) -> PaginatedResponseWithIncludesMachineResponse:
    """One page, oldest first."""
    searched = conditions_for_needle(
        wanted.search, machines.c.id, machines.c.name, machines.c.hostname
    )
    rows, total = MACHINES.page(transaction, wanted, *conditions_of(machines, wanted), *searched)
    items = machine_replies(transaction, rows)
    included = pools_to_include(items, wanted.include)
    return PaginatedResponseWithIncludesMachineResponse.of(wanted, items, total, included=included)


@router.post("", status_code=201)
async def create_machine(transaction: Current, body: MachineCreate) -> MachineResponse:
    """Makes a machine."""
    machine = resources.create_machine(transaction, body)
    replan_waiting_runs(transaction)
    return machine


@router.get("/{machine_id}", name="get_machine")
async def get(
    transaction: Current, machine_id: UUID, include: str | None = None
) -> MachineResponseWithIncludes:
    """One machine."""
    reply = get_machine(transaction, machine_id)
    return MachineResponseWithIncludes(**dict(reply), included=pools_to_include([reply], include))


@router.patch("/{machine_id}")
async def update_machine(
    transaction: Current, machine_id: UUID, body: MachineUpdate
) -> MachineResponse:
    """Changes the keys sent.

    Null for `reserved_session_id` makes the machine available, and cancels the runs of its session.
    """
    row = MACHINES.row(transaction, machine_id)
    if "reserved_session_id" in body.model_fields_set:
        if body.reserved_session_id is None:
            cancel_runs_of_machine(transaction, row.id)
            MACHINES.change(transaction, row.id, is_available=True)
        MACHINES.change(transaction, row.id, reserved_until=None)
    MACHINES.update(transaction, row.id, body)
    replan_waiting_runs(transaction, row.id)
    return get_machine(transaction, machine_id)


@router.delete("/{machine_id}", status_code=204)
async def delete_machine(transaction: Current, machine_id: UUID) -> None:
    """Deletes a machine with its connections; its runs stay without a machine."""
    MACHINES.delete(transaction, machine_id)


@router.get("/{machine_id}/pools")
async def get_machine_pools(transaction: Current, machine_id: UUID) -> list[PoolResponse]:
    """The pools the machine is in, oldest first."""
    return get_machine(transaction, machine_id).pools or []


@router.put("/{machine_id}/pools")
async def update_machine_pools(
    transaction: Current, machine_id: UUID, body: MachinePoolUpdate
) -> MachineResponse:
    """Puts the machine into exactly these pools."""
    machine = MACHINES.row(transaction, machine_id)
    transaction.connection.execute(
        delete(pool_machines).where(pool_machines.c.machine_id == machine.id)
    )
    join_pools(transaction, [machine.id], body.pool_ids)
    changed = get_machine(transaction, machine_id)
    replan_waiting_runs(transaction)
    return changed


@pool_router.get("")
async def list_pools(
    transaction: Current, wanted: Annotated[PoolFilter, Query()]
) -> PaginatedResponseWithIncludesPoolResponse:
    """One page, oldest first."""
    rows, total = POOLS.page(transaction, wanted)
    items = pool_replies(transaction, rows)
    included = machines_to_include(transaction, items, wanted.include)
    return PaginatedResponseWithIncludesPoolResponse.of(wanted, items, total, included=included)


@pool_router.post("", status_code=201)
async def create_pool(transaction: Current, body: PoolCreate) -> PoolResponse:
    """Makes a pool."""
    return resources.create_pool(transaction, body)


@pool_router.get("/{pool_id}", name="get_pool")
async def get_one_pool(
    transaction: Current,
    pool_id: UUID,
    include_machines: bool = False,
    include: str | None = None,
) -> PoolResponseWithIncludes:
    """One pool; its machines in `machines` or in `included`, as asked."""
    pool = get_pool(transaction, pool_id)
    return PoolResponseWithIncludes(
        **dict(pool),
        machines=machines_of_pools(transaction, [pool.id]) if include_machines else None,
        included=machines_to_include(transaction, [pool], include),
    )


@pool_router.patch("/{pool_id}")
async def update_pool(transaction: Current, pool_id: UUID, body: PoolUpdate) -> PoolResponse:
    """Changes the keys sent."""
    POOLS.update(transaction, pool_id, body)
    return get_pool(transaction, pool_id)


@pool_router.delete("/{pool_id}", status_code=204)
async def delete_pool(transaction: Current, pool_id: UUID) -> None:
    """Deletes a pool; its machines stay."""
    POOLS.delete(transaction, pool_id)


@pool_router.post("/{pool_id}/machines")
async def add_machines_to_pool(
    transaction: Current, pool_id: UUID, body: MachinePoolAssignment
) -> PoolWithMachines:
    """Puts machines into the pool."""
    join_pools(transaction, body.machine_ids, [pool_id])
    pool = get_pool(transaction, pool_id)
    filled = PoolWithMachines(**dict(pool), machines=machines_of_pools(transaction, [pool.id]))
    replan_waiting_runs(transaction)
    return filled


@pool_router.delete("/{pool_id}/machines", status_code=204)
async def remove_machines_from_pool(
    transaction: Current, pool_id: UUID, body: MachinePoolAssignment
) -> None:
    """Takes machines out of the pool."""
    leave_pools(transaction, body.machine_ids, [pool_id])


@log_router.get("")
async def list_request_logs(
    _transaction: Current, wanted: Annotated[RequestLogFilter, Query()]
) -> PaginatedResponse:
    """An empty page: there are no desktops, so that nothing is asked of one."""
    return PaginatedResponse.of(wanted, [], 0)


@log_router.get("/{log_id}")
async def get_request_log(_transaction: Current, log_id: UUID) -> RequestLogResponse:
    """404: there is none."""
    raise not_found("request log", log_id)


@connection_router.get("")
async def list_connections(
    transaction: Current, wanted: Annotated[ConnectionFilter, Query()]
) -> PaginatedResponseConnectionResponse:
    """One page, newest first."""
    rows, total = CONNECTIONS.page(transaction, wanted, *conditions_of(connections, wanted))
    items = [CONNECTIONS.show(row) for row in rows]
    return PaginatedResponseConnectionResponse.of(wanted, items, total)


@connection_router.post("", status_code=201)
async def create_connection(transaction: Current, body: ConnectionCreate) -> ConnectionResponse:
    """A new open connection; 404 for an unknown machine, which stays as it is.

    The machine's own status is another value (assumption `connections-apart`).
    """
    MACHINES.row(transaction, body.machine_id)
    identifier = CONNECTIONS.insert(
        transaction,
        connected_at=transaction.now,
        last_ping=transaction.now,
        status=ConnectionStatus.CONNECTED.value,
        **body.model_dump(mode="json"),
    )
    return CONNECTIONS.get(transaction, identifier)


@connection_router.get("/{connection_id}")
async def get_connection(transaction: Current, connection_id: UUID) -> ConnectionResponse:
    """One connection."""
    return CONNECTIONS.get(transaction, connection_id)


@connection_router.patch("/{connection_id}")
async def update_connection(
    transaction: Current, connection_id: UUID, body: ConnectionUpdate
) -> ConnectionResponse:
    """The connection with the keys sent changed, and no other (assumption `null-never-null`)."""
    CONNECTIONS.change(transaction, connection_id, **CONNECTIONS.changes(transaction, body))
    return CONNECTIONS.get(transaction, connection_id)


@connection_router.delete("/{connection_id}", status_code=204)
async def delete_connection(transaction: Current, connection_id: UUID) -> None:
    """Removes the connection; the machine stays."""
    CONNECTIONS.delete(transaction, connection_id)
