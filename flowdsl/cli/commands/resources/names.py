"""The machine and the pool that a word of the command line means."""

from __future__ import annotations

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Machine, Pool
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.semantics.declarations.wire import is_uuid

from .lookup import by_id, by_name


async def find_machine(client: CyberdeskClient, word: str) -> Machine:
    """The machine of an id or a name; raises `NoSuchName`."""
    if is_uuid(word):
        return await by_id(client.machines.get, word, "machine")
    rows = await client.machines.list_all(name=word) or await client.machines.list_all()
    return by_name(rows, word, "machine", lambda each: each.name, _about_machine)


async def find_pool(client: CyberdeskClient, word: str) -> Pool:
    """The pool of an id or a name; raises `NoSuchName`."""
    if is_uuid(word):
        return await by_id(client.pools.get, word, "pool")
    rows = await client.pools.list_all()
    return by_name(rows, word, "pool", lambda each: each.name, _about_pool)


def _about_machine(machine: Machine) -> str:
    told = (machine.id, machine.hostname or "no host name", machine.status or "no status")
    return printable("  ".join(told))


def _about_pool(pool: Pool) -> str:
    return printable(f"{pool.id}  {counted(pool.machine_count or 0, 'machine')}")
