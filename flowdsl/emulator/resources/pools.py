"""Pool rows, and which pools a machine is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.changes import new_aliases, sent_changes
from flowdsl.emulator.resources.filters import find_page
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import pool_machines, pools
from flowdsl.emulator.wire.models import PoolCreate, PoolResponse, PoolUpdate

OLDEST_FIRST = (pools.c.created_at, pools.c.id)


def pool_row(transaction: Transaction, pool_id: UUID | str) -> Row[Any]:
    """One row; 404 where the organisation has none of this id."""
    row = transaction.connection.execute(
        select(pools).where(
            pools.c.id == str(pool_id), pools.c.organization_id == transaction.organization_id
        )
    ).one_or_none()
    if row is None:
        raise not_found("pool", pool_id)
    return row


def pool_replies(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[PoolResponse]:
    """The replies of `rows`, in their order, each with its `machine_count`."""
    counts = {
        row.pool_id: int(row.machine_count)
        for row in transaction.connection.execute(
            select(pool_machines.c.pool_id, func.count().label("machine_count"))
            .where(pool_machines.c.pool_id.in_([row.id for row in rows]))
            .group_by(pool_machines.c.pool_id)
        )
    }
    return [
        PoolResponse(
            id=row.id,
            organization_id=row.organization_id,
            name=row.name,
            description=row.description,
            pool_parameters=row.pool_parameters,
            pool_sensitive_parameters=row.pool_sensitive_parameters,
            machine_count=counts.get(row.id, 0),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def list_pools(
    transaction: Transaction, *, skip: int, limit: int
) -> tuple[list[PoolResponse], int]:
    """One page (assumption `machines-oldest-first`) and the number of all pools."""
    rows, total = find_page(transaction, pools, (), OLDEST_FIRST, skip=skip, limit=limit)
    return pool_replies(transaction, rows), total


def get_pool(transaction: Transaction, pool_id: UUID | str) -> PoolResponse:
    """One pool; 404 where the organisation has none of this id."""
    return pool_replies(transaction, [pool_row(transaction, pool_id)])[0]


def create_pool(transaction: Transaction, body: PoolCreate) -> PoolResponse:
    """A new pool without machines. Of its secrets only aliases are kept."""
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(pools).values(
            id=identifier,
            organization_id=transaction.organization_id,
            created_at=transaction.now,
            updated_at=transaction.now,
            name=body.name,
            description=body.description,
            pool_parameters=body.pool_parameters,
            pool_sensitive_parameters=new_aliases(transaction, body.pool_sensitive_parameters),
        )
    )
    return get_pool(transaction, identifier)


def update_pool(transaction: Transaction, pool_id: UUID, body: PoolUpdate) -> PoolResponse:
    """The pool with the keys sent changed (assumptions `parameters-replace`, `null-parameters`)."""
    row = pool_row(transaction, pool_id)
    changes = sent_changes(
        body,
        required=("name",),
        keep_on_null=("pool_parameters", "pool_sensitive_parameters"),
    )
    if "pool_sensitive_parameters" in changes:
        secrets = changes["pool_sensitive_parameters"]
        changes["pool_sensitive_parameters"] = new_aliases(transaction, secrets)
    transaction.connection.execute(
        update(pools).where(pools.c.id == row.id).values(updated_at=transaction.now, **changes)
    )
    return get_pool(transaction, pool_id)


def delete_pool(transaction: Transaction, pool_id: UUID) -> None:
    """Removes the pool; its machines stay."""
    row = pool_row(transaction, pool_id)
    transaction.connection.execute(delete(pools).where(pools.c.id == row.id))


def pools_of_machines(
    transaction: Transaction, machine_ids: Sequence[str]
) -> dict[str, list[PoolResponse]]:
    """The pools of each machine, oldest first; an empty list for one in none."""
    memberships = transaction.connection.execute(
        select(pool_machines.c.machine_id, pools)
        .join_from(pool_machines, pools)
        .where(pool_machines.c.machine_id.in_(machine_ids))
        .order_by(*OLDEST_FIRST)
    ).all()
    result: dict[str, list[PoolResponse]] = {item: [] for item in machine_ids}
    for row, reply in zip(memberships, pool_replies(transaction, memberships), strict=True):
        result[row.machine_id].append(reply)
    return result
