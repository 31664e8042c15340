"""`/v1/machines`: the organisation's desktops, their pools and their health."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from flowdsl.emulator.resources.included import included_pools
from flowdsl.emulator.resources.machines import (
    MachineFilter,
    check_machines,
    create_machine,
    delete_machine,
    find_machines,
    get_machine,
    machine_replies,
)
from flowdsl.emulator.resources.pool_membership import set_pools
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.reservations import change_machine
from flowdsl.emulator.runs.upkeep import replan
from flowdsl.emulator.wire.models import (
    MachineCreate,
    MachinePoolUpdate,
    MachineResponse,
    MachineResponseWithIncludes,
    MachinesHealthCheckResponse,
    MachineStatus,
    MachineUpdate,
    PaginatedResponseWithIncludesMachineResponse,
    PoolResponse,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/machines", tags=["Machines"], route_class=StoreRoute)

health_router = APIRouter(tags=["Health"], route_class=StoreRoute)


@health_router.get("/v1/health/machines", responses={503: {"model": MachinesHealthCheckResponse}})
async def health_machines(transaction: Current, response: Response) -> MachinesHealthCheckResponse:
    """The state of all connected machines; 503 when one has failed."""
    result = check_machines(transaction)
    if result.errored_machines:
        response.status_code = 503
    return result


@router.get("")
async def list_machines(
    transaction: Current,
    search: str | None = None,
    name: str | None = None,
    status: MachineStatus | None = None,
    created_at_from: datetime | None = None,
    created_at_to: datetime | None = None,
    include: str | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseWithIncludesMachineResponse:
    """One page, oldest first; `name` is the whole name."""
    wanted = MachineFilter(
        search=search,
        name=name,
        status=status,
        created_at_from=created_at_from,
        created_at_to=created_at_to,
    )
    rows, total = find_machines(transaction, wanted, skip=skip, limit=limit)
    items = machine_replies(transaction, rows)
    return PaginatedResponseWithIncludesMachineResponse(
        items=items, total=total, skip=skip, limit=limit, included=included_pools(items, include)
    )


@router.post("", status_code=201, name="create_machine")
async def create(transaction: Current, body: MachineCreate) -> MachineResponse:
    """Makes a machine."""
    made = create_machine(transaction, body)
    replan(transaction)
    return made


@router.get("/{machine_id}", name="get_machine")
async def get(
    transaction: Current, machine_id: UUID, include: str | None = None
) -> MachineResponseWithIncludes:
    """One machine."""
    reply = get_machine(transaction, machine_id)
    return MachineResponseWithIncludes(**dict(reply), included=included_pools([reply], include))


@router.patch("/{machine_id}", name="update_machine")
async def update(transaction: Current, machine_id: UUID, body: MachineUpdate) -> MachineResponse:
    """Changes the keys sent; a null reservation cancels the machine's runs."""
    return change_machine(transaction, machine_id, body)


@router.delete("/{machine_id}", status_code=204, name="delete_machine")
async def delete(transaction: Current, machine_id: UUID) -> None:
    """Deletes a machine; its runs stay."""
    delete_machine(transaction, machine_id)


@router.get("/{machine_id}/pools")
async def get_machine_pools(transaction: Current, machine_id: UUID) -> list[PoolResponse]:
    """The pools the machine is in, oldest first."""
    return get_machine(transaction, machine_id).pools or []


@router.put("/{machine_id}/pools")
async def update_machine_pools(
    transaction: Current, machine_id: UUID, body: MachinePoolUpdate
) -> MachineResponse:
    """Puts the machine into exactly these pools."""
    changed = set_pools(transaction, machine_id, body.pool_ids)
    replan(transaction)
    return changed
