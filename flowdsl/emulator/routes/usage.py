"""`/v1/usage`: totals over runs."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from flowdsl.emulator.records.llm_costs import find_costs
from flowdsl.emulator.records.usage import usage_between
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    PaginatedResponseRunLlmCostTotalResponse,
    UsageAggregateResponse,
    UsageMode,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/usage", tags=["Usage"], route_class=StoreRoute)


@router.get("/aggregate")
async def get_usage_aggregate(
    transaction: Current,
    from_date: datetime,
    to_date: datetime,
    mode: UsageMode = UsageMode.SIMULATED,
) -> UsageAggregateResponse:
    """The steps of the runs from `from_date` up to and without `to_date`."""
    return usage_between(transaction, from_date, to_date, mode)


@router.get("/llm-costs")
async def list_llm_costs(
    transaction: Current,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseRunLlmCostTotalResponse:
    """What the runs cost that were made from `from_date` up to and without `to_date`."""
    items, total = find_costs(transaction, from_date, to_date, skip=skip, limit=limit)
    return PaginatedResponseRunLlmCostTotalResponse(
        items=items, total=total, skip=skip, limit=limit
    )
