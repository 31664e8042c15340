"""Machines with their pools, pools with their machines, and the connections of machines."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Connection, Machine, Pool, PoolRow
from flowdsl.runs.filters import normalise_moment, require_known_word
from flowdsl.runs.names import by_id, find_machine, find_pool

STATUSES = ("connected", "disconnected", "error")
"""The statuses of machines and connections."""


async def list_machines(
    client: CyberdeskClient,
    *,
    search: str | None = None,
    name: str | None = None,
    status: str | None = None,
    pool: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[Machine]:
    """Return the machines that match, with their pools, by name; raises `NoSuchName`.

    `search` is a part of the id, name or host name, `name` the whole name, and `pool` a name or an
    id. `since` and `until` bound the creation time, as ISO 8601.
    """
    status = _parse_optional_status(status, "machine")
    created_from, created_to = (
        None if each is None else normalise_moment(each) for each in (since, until)
    )
    wanted = None if pool is None else (await find_pool(client, pool)).id
    rows = await client.machines.list_all(
        search=search,
        name=name,
        status=status,
        created_at_from=created_from,
        created_at_to=created_to,
        include=("pools",),
    )
    machines = [await read_machine_pools(client, each) for each in rows]
    if wanted is not None:
        machines = [each for each in machines if _is_in(each, wanted)]
    return sorted(machines, key=lambda each: (each.name or "", each.id))


async def one_machine(client: CyberdeskClient, word: str) -> Machine:
    """Return the machine with an id or a name, with its pools; raises `NoSuchName`."""
    return await read_machine_pools(client, await find_machine(client, word))


async def read_machine_pools(client: CyberdeskClient, machine: Machine) -> Machine:
    """Return the machine with its pools, by name."""
    return machine.model_copy(update={"pools": await pools_of(client, machine)})


async def pools_of(client: CyberdeskClient, machine: Machine) -> list[PoolRow]:
    """Return the pools of a machine, by name; requested if the reply left them out."""
    pools: Sequence[PoolRow] | None = machine.pools
    if pools is None:
        pools = await client.machines.pools(machine.id)
    return sorted(pools, key=lambda pool: (pool.name, pool.id))


async def list_pools(client: CyberdeskClient, *, machine: str | None = None) -> list[Pool]:
    """Return all pools, or those of a machine, by name; raises `NoSuchName`."""
    found = None if machine is None else await one_machine(client, machine)
    rows: Sequence[Pool] = await client.pools.list_all()
    if found is not None:
        rows = [each for each in rows if _is_in(found, each.id)]
    return sorted(rows, key=lambda pool: (pool.name, pool.id))


async def one_pool(client: CyberdeskClient, word: str) -> Pool:
    """Return the pool with an id or a name, with its machines; raises `NoSuchName`."""
    (pool,) = await read_pool_machines(client, await find_pool(client, word))
    return pool


async def read_pool_machines(client: CyberdeskClient, *pools: Pool) -> tuple[Pool, ...]:
    """Return the pools with their machines, sorted by name.

    They are read from the machines: the machines included in a reply about a pool may have only
    their ids.
    """
    machines = await list_machines(client)
    return tuple(
        pool.model_copy(update={"machines": [each for each in machines if _is_in(each, pool.id)]})
        for pool in pools
    )


async def list_connections(
    client: CyberdeskClient, *, machine: str | None = None, status: str | None = None
) -> list[Connection]:
    """Return the connections that match, newest first; raises `NoSuchName`."""
    status = _parse_optional_status(status, "connection")
    machine_id = None if machine is None else (await find_machine(client, machine)).id
    rows = await client.connections.list_all(machine_id=machine_id, status=status)
    return sorted(rows, key=lambda each: (each.connected_at or "", each.id), reverse=True)


async def one_connection(client: CyberdeskClient, connection_id: str) -> Connection:
    """Return the connection with an id, which has no name; raises `NoSuchName`."""
    return await by_id(client.connections.get, connection_id, "connection")


def _is_in(machine: Machine, pool_id: str) -> bool:
    return any(pool.id == pool_id for pool in machine.pools or ())


def _parse_optional_status(status: str | None, kind: str) -> str | None:
    return None if status is None else require_known_word(status, STATUSES, f"status of a {kind}")
