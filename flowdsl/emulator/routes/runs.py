"""`/v1/runs`: making, reading and changing runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from flowdsl.emulator.context import context_of
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.chains import create_chain
from flowdsl.emulator.runs.changes import delete_run, retry_run, update_run
from flowdsl.emulator.runs.requests import create_run, create_runs
from flowdsl.emulator.runs.rows import (
    RunFilter,
    find_runs,
    get_run_with_includes,
    included_of_runs,
)
from flowdsl.emulator.wire.models import (
    PaginatedResponseWithIncludesRunResponse,
    RunBulkCreate,
    RunBulkCreateResponse,
    RunCreate,
    RunField,
    RunListSortMode,
    RunResponse,
    RunResponseWithIncludes,
    RunRetry,
    RunStatus,
    RunUpdate,
    WorkflowChainCreate,
    WorkflowChainResponse,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=StoreRoute)


@router.get("")
async def list_runs(
    transaction: Current,
    workflow_id: UUID | None = None,
    machine_id: UUID | None = None,
    session_id: UUID | None = None,
    status: RunStatus | None = None,
    created_at_from: datetime | None = None,
    created_at_to: datetime | None = None,
    sort_mode: RunListSortMode = RunListSortMode.ACTIVITY,
    search: str | None = None,
    deep_search: bool = False,
    fields: Annotated[list[RunField] | None, Query()] = None,
    include: str | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseWithIncludesRunResponse:
    """One page; `fields` may be repeated and leaves the others null."""
    wanted = RunFilter(
        workflow_id=workflow_id,
        machine_id=machine_id,
        session_id=session_id,
        status=status,
        search=search,
        deep_search=deep_search,
        created_at_from=created_at_from,
        created_at_to=created_at_to,
    )
    items, total = find_runs(
        transaction, wanted, sort_mode=sort_mode, fields=fields, skip=skip, limit=limit
    )
    related = included_of_runs(transaction, items, include)
    return PaginatedResponseWithIncludesRunResponse(
        items=items, total=total, skip=skip, limit=limit, included=related
    )


@router.post("", status_code=201, name="create_run")
async def create(transaction: Current, request: Request, body: RunCreate) -> RunResponse:
    """Makes a run, which waits for its machine."""
    return create_run(transaction, body, context_of(request).run_rules)


@router.post("/bulk", status_code=201)
async def bulk_create_runs(
    transaction: Current, request: Request, body: RunBulkCreate
) -> RunBulkCreateResponse:
    """Makes several runs of one workflow; what failed is in the reply, not in the status."""
    return create_runs(transaction, body, context_of(request).run_rules)


@router.post("/chain", status_code=201)
async def create_run_chain(
    transaction: Current, request: Request, body: WorkflowChainCreate
) -> WorkflowChainResponse:
    """Makes runs that follow each other in one session."""
    return create_chain(transaction, body, context_of(request).run_rules)


@router.get("/{run_id}")
async def get_run(
    transaction: Current, run_id: UUID, include: str | None = None
) -> RunResponseWithIncludes:
    """One run as it is now."""
    return get_run_with_includes(transaction, run_id, include)


@router.patch("/{run_id}", name="update_run")
async def update(transaction: Current, run_id: UUID, body: RunUpdate) -> RunResponse:
    """Changes the keys sent; `cancelled` as the status ends a run."""
    return update_run(transaction, run_id, body)


@router.delete("/{run_id}", status_code=204, name="delete_run")
async def delete(transaction: Current, run_id: UUID) -> None:
    """Deletes a run with its attachments."""
    delete_run(transaction, run_id)


@router.post("/{run_id}/retry", name="retry_run")
async def retry(
    transaction: Current, request: Request, run_id: UUID, body: RunRetry
) -> RunResponse:
    """Runs an ended run again under its id."""
    return retry_run(transaction, run_id, body, context_of(request).run_rules)
