"""`/v1/connections`: when machines were in touch, which changes nothing about the machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.changes import sent_changes
from flowdsl.emulator.resources.filters import find_page
from flowdsl.emulator.resources.machines import machine_row
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import connections
from flowdsl.emulator.wire.models import (
    ConnectionCreate,
    ConnectionResponse,
    ConnectionStatus,
    ConnectionUpdate,
    PaginatedResponseConnectionResponse,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/connections", tags=["Connections"], route_class=StoreRoute)


@router.get("")
async def list_connections(
    transaction: Current,
    machine_id: UUID | None = None,
    status: ConnectionStatus | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseConnectionResponse:
    """One page, newest first."""
    conditions: list[ColumnElement[bool]] = []
    if machine_id is not None:
        conditions.append(connections.c.machine_id == str(machine_id))
    if status is not None:
        conditions.append(connections.c.status == status.value)
    order = (connections.c.connected_at.desc(), connections.c.id)
    rows, total = find_page(transaction, connections, conditions, order, skip=skip, limit=limit)
    items = [_connection_reply(row) for row in rows]
    return PaginatedResponseConnectionResponse(items=items, total=total, skip=skip, limit=limit)


@router.post("", status_code=201)
async def create_connection(transaction: Current, body: ConnectionCreate) -> ConnectionResponse:
    """A new open connection; 404 for an unknown machine, which stays as it is.

    The machine's own status is another value (assumption `connections-apart`).
    """
    machine = machine_row(transaction, body.machine_id)
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(connections).values(
            id=identifier,
            organization_id=transaction.organization_id,
            machine_id=machine.id,
            websocket_id=body.websocket_id,
            connected_at=transaction.now,
            last_ping=transaction.now,
            status=ConnectionStatus.CONNECTED.value,
            ip_address=body.ip_address,
            user_agent=body.user_agent,
        )
    )
    return _connection_reply(_connection_row(transaction, identifier))


@router.get("/{connection_id}")
async def get_connection(transaction: Current, connection_id: UUID) -> ConnectionResponse:
    """One connection; 404 where the organisation has none of this id."""
    return _connection_reply(_connection_row(transaction, connection_id))


@router.patch("/{connection_id}")
async def update_connection(
    transaction: Current, connection_id: UUID, body: ConnectionUpdate
) -> ConnectionResponse:
    """The connection with the keys sent changed, and no other (assumption `null-never-null`)."""
    row = _connection_row(transaction, connection_id)
    changes = sent_changes(body, keep_on_null=("status", "last_ping"))
    for name, moment in (("last_ping", body.last_ping), ("disconnected_at", body.disconnected_at)):
        if moment is not None:
            changes[name] = format_time(moment)
    if changes:
        transaction.connection.execute(
            update(connections).where(connections.c.id == row.id).values(**changes)
        )
    return _connection_reply(_connection_row(transaction, connection_id))


@router.delete("/{connection_id}", status_code=204)
async def delete_connection(transaction: Current, connection_id: UUID) -> None:
    """Removes the connection; the machine stays."""
    row = _connection_row(transaction, connection_id)
    transaction.connection.execute(delete(connections).where(connections.c.id == row.id))


def _connection_row(transaction: Transaction, connection_id: UUID | str) -> Row[Any]:
    row = transaction.connection.execute(
        select(connections).where(
            connections.c.id == str(connection_id),
            connections.c.organization_id == transaction.organization_id,
        )
    ).one_or_none()
    if row is None:
        raise not_found("connection", connection_id)
    return row


def _connection_reply(row: Row[Any]) -> ConnectionResponse:
    return ConnectionResponse(
        id=row.id,
        machine_id=row.machine_id,
        websocket_id=row.websocket_id,
        connected_at=row.connected_at,
        disconnected_at=row.disconnected_at,
        last_ping=row.last_ping,
        status=row.status,
        ip_address=row.ip_address,
        user_agent=row.user_agent,
    )
