"""`/v1/connections`: when machines were in touch with the service."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.records.connections import (
    create_connection,
    delete_connection,
    get_connection,
    list_connections,
    update_connection,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    ConnectionCreate,
    ConnectionResponse,
    ConnectionStatus,
    ConnectionUpdate,
    PaginatedResponseConnectionResponse,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/connections", tags=["Connections"], route_class=StoreRoute)


@router.get("", name="list_connections")
async def list_all(
    transaction: Current,
    machine_id: UUID | None = None,
    status: ConnectionStatus | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseConnectionResponse:
    """One page, newest first."""
    items, total = list_connections(
        transaction, machine_id=machine_id, status=status, skip=skip, limit=limit
    )
    return PaginatedResponseConnectionResponse(items=items, total=total, skip=skip, limit=limit)


@router.post("", status_code=201, name="create_connection")
async def create(transaction: Current, body: ConnectionCreate) -> ConnectionResponse:
    """Makes a connection of a machine."""
    return create_connection(transaction, body)


@router.get("/{connection_id}", name="get_connection")
async def get(transaction: Current, connection_id: UUID) -> ConnectionResponse:
    """One connection."""
    return get_connection(transaction, connection_id)


@router.patch("/{connection_id}", name="update_connection")
async def update(
    transaction: Current, connection_id: UUID, body: ConnectionUpdate
) -> ConnectionResponse:
    """Changes the keys sent."""
    return update_connection(transaction, connection_id, body)


@router.delete("/{connection_id}", status_code=204, name="delete_connection")
async def delete(transaction: Current, connection_id: UUID) -> None:
    """Deletes a connection."""
    delete_connection(transaction, connection_id)
