"""Which pools a machine is in."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Machine, _Pool


async def pools_of(client: CyberdeskClient, machine: Machine) -> Sequence[_Pool]:
    """The pools of a machine, sorted by name; asked for where the reply left them out."""
    pools: Sequence[_Pool] | None = machine.pools
    if pools is None:
        pools = await client.machines.pools(machine.id)
    return sorted(pools, key=lambda pool: (pool.name, pool.id))
