"""`/v1/request-logs`: requests to desktops, of which the emulator makes none."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import PaginatedResponse, RequestLogResponse
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/request-logs", tags=["request_logs"], route_class=StoreRoute)


@router.get("")
async def list_request_logs(
    _transaction: Current,
    machine_id: UUID | None = None,
    method: str | None = None,
    status_code: int | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponse:
    """An empty page: there are no desktops, so that nothing is asked of one."""
    return PaginatedResponse(items=[], total=0, skip=skip, limit=limit)


@router.get("/{log_id}")
async def get_request_log(_transaction: Current, log_id: UUID) -> RequestLogResponse:
    """404: there is none."""
    raise not_found("request log", log_id)
