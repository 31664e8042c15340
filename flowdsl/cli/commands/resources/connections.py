"""`flowdsl connections`: when the agents of machines were in touch with the service."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from flowdsl.cyberdesk.models.machine import Connection
from flowdsl.runs.resources.machines import STATUSES, list_connections, one_connection

from ...runtime.console import Console
from ...views.table import Column, id_column
from .frame.items import Row, fields_of
from .frame.listing import Filter, Resource
from .frame.listing import configure as configure_resource
from .frame.listing import run as run_resource
from .frame.session import Session


def _row(connection: Connection, machines: Mapping[str, str | None]) -> Row:
    return {
        **fields_of(connection, "id", "machine_id"),
        "machine": machines.get(connection.machine_id or ""),
        **fields_of(
            connection,
            "status",
            "connected_at",
            "disconnected_at",
            "last_ping",
            "ip_address",
            "user_agent",
        ),
    }


async def _machines(session: Session) -> Mapping[str, str | None]:
    return {each.id: each.name for each in await session.client.machines.list_all()}


async def _read(session: Session, **filters: str) -> Sequence[Row]:
    found = await list_connections(session.client, **filters)
    machines = await _machines(session) if found else {}
    return [_row(each, machines) for each in found]


async def _find(session: Session, word: str) -> Row:
    found = await one_connection(session.client, word)
    return _row(found, await _machines(session))


CONNECTIONS = Resource(
    word="connections",
    kind="connection",
    subject="CONNECTION",
    columns=(
        id_column(),
        Column("MACHINE", "machine"),
        Column("STATUS", "status"),
        Column("CONNECTED", "connected_at"),
        Column("DISCONNECTED", "disconnected_at"),
        Column("LAST PING", "last_ping"),
        Column("ADDRESS", "ip_address"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter("--machine", "machine", "those of one machine", "MACHINE"),
        Filter("--status", "status", "how it is", "STATUS", choices=STATUSES),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_resource(CONNECTIONS, parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    return run_resource(CONNECTIONS, arguments, console)
