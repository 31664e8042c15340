"""`flowdsl machines`: the desktops of an organisation, and whether flows can run on them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Machine
from flowdsl.runs.names import find_machine, find_pool

from ...runtime.console import Console
from .listing import Filter, Resource, Row, add_action, fields_of, names_in, times
from .listing import configure as configure_resource
from .listing import run as run_resource
from .membership import pools_of
from .session import Session
from .table import Column, id_column

STATUSES = ("connected", "disconnected", "error")


async def _row(client: CyberdeskClient, machine: Machine) -> Row:
    pools = await pools_of(client, machine)
    return {
        **fields_of(
            machine,
            "id",
            "name",
            "hostname",
            "status",
            "is_available",
            "reserved_session_id",
            "os_info",
            "version",
            "alerts_enabled",
            "machine_parameters",
        ),
        "machine_sensitive_parameters": names_in(machine.machine_sensitive_parameters),
        "pools": [{"id": pool.id, "name": pool.name} for pool in pools],
        **fields_of(machine, "last_seen", "created_at"),
    }


async def _read(session: Session, *, pool: str | None = None, **filters: str) -> Sequence[Row]:
    client = session.client
    rows = [
        await _row(client, each)
        for each in await client.machines.list_all(include=("pools",), **filters)
    ]
    if pool is not None:
        rows = [row for row in rows if any(each["id"] == pool for each in row["pools"])]
    return sorted(rows, key=lambda row: (row["name"] or "", row["id"]))


async def _find(session: Session, word: str) -> Row:
    return await _row(session.client, await find_machine(session.client, word))


async def _pool_id(session: Session, word: str) -> str:
    return (await find_pool(session.client, word)).id


MACHINES = Resource(
    word="machines",
    kind="machine",
    subject="MACHINE",
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("STATUS", "status"),
        Column("FREE", "is_available"),
        Column("HOST", "hostname", width=24),
        Column("POOLS", "pools"),
        Column("PARAMETERS", "machine_parameters"),
        Column("LAST SEEN", "last_seen"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter("--search", "search", "a part of the id, the name or the host name", "TEXT"),
        Filter("--name", "name", "the whole name, with case", "NAME"),
        Filter("--status", "status", "its connection", "STATUS", choices=STATUSES),
        Filter("--pool", "pool", "those of a pool", "POOL", meaning=_pool_id),
        *times("created"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    subjects = configure_resource(MACHINES, parser)
    check = add_action(
        subjects, "check", "compare parameters with what deployed flows take from a machine"
    )
    check.add_argument(
        "machines", nargs="*", metavar="MACHINE", help="an id or a name; default: all of them"
    )
    check.add_argument(
        "--pool",
        action="append",
        default=[],
        metavar="POOL",
        help="the machines of a pool, in runs that select it; may be repeated",
    )
    check.add_argument(
        "--workflow",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="what this workflow takes; may be repeated; default: all that are deployed",
    )
    check.add_argument("--all", action="store_true", help="also list what is there")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    if arguments.subject == "check":
        from .machines_check import check

        return check(arguments, console)
    return run_resource(MACHINES, arguments, console)
