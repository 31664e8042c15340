"""Machines and pools: their rows and replies, and the parameters they contribute to runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Row, delete, func, insert, select

from flowdsl.emulator.resources.rows import Resource
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines, pool_machines, pools
from flowdsl.emulator.wire.models import (
    MachineCreate,
    MachineResponse,
    MachineStatus,
    PoolCreate,
    PoolResponse,
)

MACHINES = Resource(
    kind="machine",
    table=machines,
    reply=MachineResponse,
    order=(machines.c.created_at, machines.c.id),
    kept_on_null=(
        "status",
        "is_available",
        "alerts_enabled",
        "last_seen",
        "machine_parameters",
        "machine_sensitive_parameters",
    ),
    secrets="machine_sensitive_parameters",
)
"""Machines, listed oldest first like pools (assumption `machines-oldest-first`).

Null leaves the status, the two booleans and `last_seen` unchanged (assumptions `null-boolean`,
`null-never-null`), also the parameters (`null-parameters`), which `{}` clears.
"""

POOLS = Resource(
    kind="pool",
    table=pools,
    reply=PoolResponse,
    order=(pools.c.created_at, pools.c.id),
    required=("name",),
    kept_on_null=("pool_parameters", "pool_sensitive_parameters"),
    secrets="pool_sensitive_parameters",
)
"""Parameters are replaced as a whole (assumptions `parameters-replace`, `null-parameters`)."""

_FIRST_MACHINE_NAME = "Emulated desktop"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The values that a machine and the selected pools add to a run's inputs, by name."""

    values: Mapping[str, JsonValue]
    sensitive_aliases: Mapping[str, str]


def machine_replies(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[MachineResponse]:
    """Return the replies for `rows`, in order, each with its pools.

    An expired reservation is not shown (assumptions `reserved-unavailable`,
    `machine-pools-filled`).
    """
    joined = _pools_of_machines(transaction, [row.id for row in rows])
    return [
        MACHINES.show(
            row,
            is_available=row.is_available and reservation_of(transaction, row) is None,
            reserved_session_id=reservation_of(transaction, row),
            pools=joined[row.id],
        )
        for row in rows
    ]


def get_machine(transaction: Transaction, machine_id: UUID | str) -> MachineResponse:
    """Return one machine; 404 if the organisation has none with this id."""
    return machine_replies(transaction, [MACHINES.row(transaction, machine_id)])[0]


def create_machine(transaction: Transaction, body: MachineCreate) -> MachineResponse:
    """Create a machine, connected and available (assumption `machine-starts-connected`)."""
    return get_machine(transaction, _insert_machine(transaction, **body.model_dump(mode="json")))


def pool_replies(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[PoolResponse]:
    """Return the replies for `rows`, in order, each with its `machine_count`."""
    counts = {
        row.pool_id: int(row.machine_count)
        for row in transaction.connection.execute(
            select(pool_machines.c.pool_id, func.count().label("machine_count"))
            .where(pool_machines.c.pool_id.in_([row.id for row in rows]))
            .group_by(pool_machines.c.pool_id)
        )
    }
    return [POOLS.show(row, machine_count=counts.get(row.id, 0)) for row in rows]


def get_pool(transaction: Transaction, pool_id: UUID | str) -> PoolResponse:
    """Return one pool; 404 if the organisation has none with this id."""
    return pool_replies(transaction, [POOLS.row(transaction, pool_id)])[0]


def create_pool(transaction: Transaction, body: PoolCreate) -> PoolResponse:
    """Create a pool without machines."""
    return get_pool(transaction, POOLS.insert(transaction, **body.model_dump(mode="json")))


def existing_pools(transaction: Transaction, pool_ids: Sequence[str]) -> list[str]:
    """Return those of the pools that have not been deleted, in the order given."""
    known = {row.id for row in POOLS.named(transaction, pool_ids)}
    return [each for each in pool_ids if each in known]


def machines_of_pools(transaction: Transaction, pool_ids: Sequence[str]) -> list[MachineResponse]:
    """Return every machine that is in one of the pools, once, oldest first."""
    members = select(pool_machines.c.machine_id).where(pool_machines.c.pool_id.in_(pool_ids))
    return machine_replies(transaction, MACHINES.rows(transaction, machines.c.id.in_(members)))


def join_pools(
    transaction: Transaction, machine_ids: Sequence[UUID | str], pool_ids: Sequence[UUID | str]
) -> None:
    """Add machines to pools they are not in yet; 404 for an unknown machine or pool.

    The rows of the pools do not change (assumption `membership-keeps-updated-at`).
    """
    leave_pools(transaction, machine_ids, pool_ids)
    for machine_id in dict.fromkeys(map(str, machine_ids)):
        for pool_id in dict.fromkeys(map(str, pool_ids)):
            transaction.connection.execute(
                insert(pool_machines).values(pool_id=pool_id, machine_id=machine_id)
            )


def leave_pools(
    transaction: Transaction, machine_ids: Sequence[UUID | str], pool_ids: Sequence[UUID | str]
) -> None:
    """Remove machines from pools (assumption `absent-member-ignored`); 404 for an unknown one."""
    columns = pool_machines.c
    for pool_id in pool_ids:
        pool = POOLS.row(transaction, pool_id)
        for machine_id in machine_ids:
            machine = MACHINES.row(transaction, machine_id)
            transaction.connection.execute(
                delete(pool_machines).where(
                    columns.pool_id == pool.id, columns.machine_id == machine.id
                )
            )


def machine_candidates(transaction: Transaction, pool_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the connected and available machines that are in all of the pools, oldest first.

    Reserved machines are included. 404 for an unknown pool.
    """
    for pool_id in pool_ids:
        POOLS.row(transaction, pool_id)
    members = [
        machines.c.id.in_(
            select(pool_machines.c.machine_id).where(pool_machines.c.pool_id == pool_id)
        )
        for pool_id in pool_ids
    ]
    connected = machines.c.status == MachineStatus.CONNECTED.value
    return MACHINES.rows(transaction, connected, machines.c.is_available, *members)


def free_machine(transaction: Transaction, pool_ids: Sequence[str]) -> Row[Any] | None:
    """Return the oldest free machine in all of the pools, or None; 404 for an unknown pool.

    A machine is free if it is connected, available and not reserved. For an organisation without
    any machine, the first one is created here (assumption `first-machine`).
    """
    for row in machine_candidates(transaction, pool_ids):
        if reservation_of(transaction, row) is None:
            return row
    if MACHINES.rows(transaction, columns=[machines.c.id]):
        return None
    return MACHINES.row(transaction, _make_first_machine(transaction, pool_ids))


def reserve_machine(
    transaction: Transaction, machine_id: str, session_id: str | None, *, until: str | None = None
) -> None:
    """Reserve the machine for a session, until `until` or for good; None ends the reservation."""
    MACHINES.change(transaction, machine_id, reserved_session_id=session_id, reserved_until=until)


def reservation_of(transaction: Transaction, row: Row[Any]) -> str | None:
    """Return the session that the machine is reserved for now, or None."""
    if row.reserved_until is not None and row.reserved_until <= transaction.now:
        return None
    session_id: str | None = row.reserved_session_id
    return session_id


def parameters_of(
    transaction: Transaction, machine_id: str | None, pool_ids: Sequence[str]
) -> Parameters:
    """Return the parameters of the machine merged over those of the pools; 404 for unknown ids.

    Among the pools the one named first wins (assumptions `pool-precedence`, `blank-parameters`).
    """
    sources = [
        (row.machine_parameters, row.machine_sensitive_parameters)
        for row in ([] if machine_id is None else [MACHINES.row(transaction, machine_id)])
    ]
    for pool_id in pool_ids:
        row = POOLS.row(transaction, pool_id)
        sources.append((row.pool_parameters, row.pool_sensitive_parameters))
    values: dict[str, JsonValue] = {}
    aliases: dict[str, str] = {}
    for plain, sensitive in sources:
        for name, value in (plain or {}).items():
            if value is not None and value != "":
                values.setdefault(name, value)
        for name, alias in (sensitive or {}).items():
            aliases.setdefault(name, alias)
    return Parameters(values, aliases)


def _pools_of_machines(
    transaction: Transaction, machine_ids: Sequence[str]
) -> dict[str, list[PoolResponse]]:
    """Return the pools of each machine, oldest first; an empty list for one in none."""
    memberships = transaction.connection.execute(
        select(pool_machines.c.machine_id, pools)
        .join_from(pool_machines, pools)
        .where(pool_machines.c.machine_id.in_(machine_ids))
        .order_by(*POOLS.order)
    ).all()
    result: dict[str, list[PoolResponse]] = {item: [] for item in machine_ids}
    for row, reply in zip(memberships, pool_replies(transaction, memberships), strict=True):
        result[row.machine_id].append(reply)
    return result


def _insert_machine(transaction: Transaction, **values: Any) -> str:
    return MACHINES.insert(
        transaction,
        last_seen=transaction.now,
        status=MachineStatus.CONNECTED.value,
        is_available=True,
        alerts_enabled=True,
        **values,
    )


def _make_first_machine(transaction: Transaction, pool_ids: Sequence[str]) -> str:
    identifier = _insert_machine(
        transaction,
        fingerprint="emulated",
        unkey_key_id="key_emulated",
        name=_FIRST_MACHINE_NAME,
        hostname="EMULATED-01",
        os_info="Windows 11",
    )
    join_pools(transaction, [identifier], pool_ids)
    return identifier
