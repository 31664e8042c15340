"""Which machines are in which pool: joining, leaving, and the machines of a pool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select

from flowdsl.emulator.resources.machines import (
    OLDEST_FIRST,
    get_machine,
    machine_replies,
    machine_row,
)
from flowdsl.emulator.resources.pools import get_pool, pool_row
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines, pool_machines
from flowdsl.emulator.wire.models import MachineResponse, PoolWithMachines


def machines_of_pools(transaction: Transaction, pool_ids: Sequence[str]) -> list[MachineResponse]:
    """Every machine that is in one of the pools, once, oldest first."""
    members = select(pool_machines.c.machine_id).where(pool_machines.c.pool_id.in_(pool_ids))
    rows = transaction.connection.execute(
        select(machines).where(machines.c.id.in_(members)).order_by(*OLDEST_FIRST)
    ).all()
    return machine_replies(transaction, rows)


def set_pools(
    transaction: Transaction, machine_id: UUID, pool_ids: Iterable[UUID]
) -> MachineResponse:
    """The machine in exactly these pools; 404 for an unknown one."""
    machine = machine_row(transaction, machine_id)
    transaction.connection.execute(
        delete(pool_machines).where(pool_machines.c.machine_id == machine.id)
    )
    for pool_id in dict.fromkeys(pool_ids):
        pool = pool_row(transaction, pool_id)
        transaction.connection.execute(
            insert(pool_machines).values(pool_id=pool.id, machine_id=machine.id)
        )
    return get_machine(transaction, machine_id)


def add_machines(
    transaction: Transaction, pool_id: UUID | str, machine_ids: Iterable[UUID | str]
) -> PoolWithMachines:
    """The pool with these machines in it too; 404 for an unknown one.

    The pool's own row stays as it is (assumption `membership-keeps-updated-at`).
    """
    for machine_id in dict.fromkeys(machine_ids):
        _remove(transaction, pool_id, machine_id)
        transaction.connection.execute(
            insert(pool_machines).values(pool_id=str(pool_id), machine_id=str(machine_id))
        )
    pool = get_pool(transaction, pool_id)
    return PoolWithMachines(**dict(pool), machines=machines_of_pools(transaction, [pool.id]))


def remove_machines(transaction: Transaction, pool_id: UUID, machine_ids: Iterable[UUID]) -> None:
    """Takes the machines out of the pool (assumption `absent-member-ignored`)."""
    pool_row(transaction, pool_id)
    for machine_id in machine_ids:
        _remove(transaction, pool_id, machine_id)


def _remove(transaction: Transaction, pool_id: UUID | str, machine_id: UUID | str) -> None:
    pool = pool_row(transaction, pool_id)
    machine = machine_row(transaction, machine_id)
    transaction.connection.execute(
        delete(pool_machines).where(
            pool_machines.c.pool_id == pool.id, pool_machines.c.machine_id == machine.id
        )
    )
