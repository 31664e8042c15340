"""`flowdsl pools`: the sets of machines that runs may select."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from flowdsl.runs.names import find_machine, find_pool

from ...runtime.console import Console
from .listing import Filter, Resource, Row, fields_of, names_in
from .listing import configure as configure_resource
from .listing import run as run_resource
from .membership import pools_of
from .session import Session
from .table import Column, id_column


def _row(pool: Any) -> Row:
    return {
        **fields_of(pool, "id", "name", "description", "machine_count", "pool_parameters"),
        "pool_sensitive_parameters": names_in(pool.pool_sensitive_parameters),
        **fields_of(pool, "created_at", "updated_at"),
    }


async def _read(session: Session, *, machine: str | None = None) -> Sequence[Row]:
    client = session.client
    pools: Sequence[Any] = (
        await client.pools.list_all()
        if machine is None
        else await pools_of(client, await client.machines.get(machine, include=("pools",)))
    )
    return sorted(map(_row, pools), key=lambda row: (row["name"], row["id"]))


async def _find(session: Session, word: str) -> Row:
    client = session.client
    pool = await find_pool(client, word)
    machines = [
        {"id": each.id, "name": each.name, "status": each.status}
        for each in await client.machines.list_all(include=("pools",))
        if any(one.id == pool.id for one in await pools_of(client, each))
    ]
    names = sorted(machines, key=lambda each: (each["name"] or "", each["id"] or ""))
    return {**_row(pool), "machines": names}


async def _machine_id(session: Session, word: str) -> str:
    return (await find_machine(session.client, word)).id


POOLS = Resource(
    word="pools",
    kind="pool",
    subject="POOL",
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("MACHINES", "machine_count"),
        Column("PARAMETERS", "pool_parameters"),
        Column("SENSITIVE", "pool_sensitive_parameters"),
        Column("DESCRIPTION", "description"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter("--machine", "machine", "those a machine is in", "MACHINE", meaning=_machine_id),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_resource(POOLS, parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    return run_resource(POOLS, arguments, console)
