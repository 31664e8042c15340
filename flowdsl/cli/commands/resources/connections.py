"""`flowdsl connections`: when the agents of machines were connected to the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from flowdsl.cyberdesk.models.machine import Connection
from flowdsl.runs.resources.machines import STATUSES, list_connections

from ...views.table import Column, id_column
from .frame.actions import Objects, Row
from .frame.resource import Filter, ResourceCommand, row_of
from .frame.session import ResourceSession


def _connection_row(connection: Connection, machines: Mapping[str, str | None]) -> Row:
    machine = machines.get(connection.machine_id or "")
    return {**row_of(connection, "websocket_id"), "machine": machine}


async def _machine_names_by_id(session: ResourceSession) -> Mapping[str, str | None]:
    return {each.id: each.name for each in await session.client.machines.list_all()}


async def _list_connections(session: ResourceSession, **filters: str) -> Sequence[Row]:
    connections = await list_connections(session.client, **filters)
    machines = await _machine_names_by_id(session) if connections else {}
    return [_connection_row(each, machines) for each in connections]


async def _connection_details(session: ResourceSession, connection: Connection) -> Row:
    return _connection_row(connection, await _machine_names_by_id(session))


CONNECTIONS = ResourceCommand(
    word="connections",
    objects=Objects(
        "connection",
        "CONNECTION",
        lambda client: client.connections,
        _connection_details,
        attrgetter("id"),
    ),
    columns=(
        id_column(),
        Column("MACHINE", "machine"),
        Column("STATUS", "status"),
        Column("CONNECTED", "connected_at"),
        Column("DISCONNECTED", "disconnected_at"),
        Column("LAST PING", "last_ping"),
        Column("ADDRESS", "ip_address"),
    ),
    read=_list_connections,
    filters=(
        Filter("--machine", "machine", "those of one machine", "MACHINE"),
        Filter("--status", "status", "how it is", "STATUS", choices=STATUSES),
    ),
)

configure, run = CONNECTIONS.configure, CONNECTIONS.run
