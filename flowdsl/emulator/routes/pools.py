"""`/v1/pools`: groups of machines with parameters of their own."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.resources.included import included_machines
from flowdsl.emulator.resources.pool_membership import (
    add_machines,
    machines_of_pools,
    remove_machines,
)
from flowdsl.emulator.resources.pools import (
    create_pool,
    delete_pool,
    get_pool,
    list_pools,
    update_pool,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.upkeep import replan
from flowdsl.emulator.wire.models import (
    MachinePoolAssignment,
    PaginatedResponseWithIncludesPoolResponse,
    PoolCreate,
    PoolResponse,
    PoolResponseWithIncludes,
    PoolUpdate,
    PoolWithMachines,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/pools", tags=["Pools"], route_class=StoreRoute)


@router.get("", name="list_pools")
async def list_all(
    transaction: Current, include: str | None = None, skip: Skip = 0, limit: Limit = 100
) -> PaginatedResponseWithIncludesPoolResponse:
    """One page, oldest first."""
    items, total = list_pools(transaction, skip=skip, limit=limit)
    related = included_machines(transaction, items, include)
    return PaginatedResponseWithIncludesPoolResponse(
        items=items, total=total, skip=skip, limit=limit, included=related
    )


@router.post("", status_code=201, name="create_pool")
async def create(transaction: Current, body: PoolCreate) -> PoolResponse:
    """Makes a pool."""
    return create_pool(transaction, body)


@router.get("/{pool_id}", name="get_pool")
async def get(
    transaction: Current,
    pool_id: UUID,
    include_machines: bool = False,
    include: str | None = None,
) -> PoolResponseWithIncludes:
    """One pool; its machines in `machines` or in `included`, as asked."""
    pool = get_pool(transaction, pool_id)
    return PoolResponseWithIncludes(
        **dict(pool),
        machines=machines_of_pools(transaction, [pool.id]) if include_machines else None,
        included=included_machines(transaction, [pool], include),
    )


@router.patch("/{pool_id}", name="update_pool")
async def update(transaction: Current, pool_id: UUID, body: PoolUpdate) -> PoolResponse:
    """Changes the keys sent."""
    return update_pool(transaction, pool_id, body)


@router.delete("/{pool_id}", status_code=204, name="delete_pool")
async def delete(transaction: Current, pool_id: UUID) -> None:
    """Deletes a pool; its machines stay."""
    delete_pool(transaction, pool_id)


@router.post("/{pool_id}/machines")
async def add_machines_to_pool(
    transaction: Current, pool_id: UUID, body: MachinePoolAssignment
) -> PoolWithMachines:
    """Puts machines into the pool."""
    filled = add_machines(transaction, pool_id, body.machine_ids)
    replan(transaction)
    return filled


@router.delete("/{pool_id}/machines", status_code=204)
async def remove_machines_from_pool(
    transaction: Current, pool_id: UUID, body: MachinePoolAssignment
) -> None:
    """Takes machines out of the pool."""
    remove_machines(transaction, pool_id, body.machine_ids)
