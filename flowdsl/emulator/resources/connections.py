"""`/v1/connections`: when machines were connected, independent of the machines' own status."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from flowdsl.emulator.resources.machines import MACHINES
from flowdsl.emulator.resources.rows import Resource, conditions_of
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.tables import connections
from flowdsl.emulator.wire.models import (
    ConnectionCreate,
    ConnectionResponse,
    ConnectionStatus,
    ConnectionUpdate,
    PaginatedResponseConnectionResponse,
)
from flowdsl.emulator.wire.values import Paging

router = APIRouter(prefix="/v1/connections", tags=["Connections"], route_class=StoreRoute)

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


@router.get("")
async def list_connections(
    transaction: Current, wanted: Annotated[ConnectionFilter, Query()]
) -> PaginatedResponseConnectionResponse:
    """One page, newest first."""
    rows, total = CONNECTIONS.page(transaction, wanted, *conditions_of(connections, wanted))
    items = [CONNECTIONS.show(row) for row in rows]
    return PaginatedResponseConnectionResponse.of(wanted, items, total)


@router.post("", status_code=201)
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


@router.get("/{connection_id}")
async def get_connection(transaction: Current, connection_id: UUID) -> ConnectionResponse:
    """One connection."""
    return CONNECTIONS.get(transaction, connection_id)


@router.patch("/{connection_id}")
async def update_connection(
    transaction: Current, connection_id: UUID, body: ConnectionUpdate
) -> ConnectionResponse:
    """The connection with the keys sent changed, and no other (assumption `null-never-null`)."""
    CONNECTIONS.change(transaction, connection_id, **CONNECTIONS.changes(transaction, body))
    return CONNECTIONS.get(transaction, connection_id)


@router.delete("/{connection_id}", status_code=204)
async def delete_connection(transaction: Current, connection_id: UUID) -> None:
    """Removes the connection; the machine stays."""
    CONNECTIONS.delete(transaction, connection_id)
