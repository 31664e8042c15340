"""`/v1/usage`: steps used and costs, summed over the runs of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.llm_costs import find_costs
from flowdsl.emulator.runs.rows import ended_runs
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.wire.models import (
    PaginatedResponseRunLlmCostTotalResponse,
    UsageAggregateResponse,
    UsageMode,
)
from flowdsl.emulator.wire.values import Limit, Skip

router = APIRouter(prefix="/v1/usage", tags=["Usage"], route_class=StoreRoute)

INFRASTRUCTURE_FAILURE = "infra_failure"
"""The `billing_outcome` of a run that costs nothing."""


@router.get("/aggregate")
async def get_usage_aggregate(
    transaction: Current,
    from_date: datetime,
    to_date: datetime,
    mode: UsageMode = UsageMode.SIMULATED,
) -> UsageAggregateResponse:
    """The totals of the runs that ended at `from_date` or later and before `to_date`.

    A period that ends before it begins holds no run (assumption `usage-by-end`).
    """
    period_start, period_end = format_time(from_date), format_time(to_date)
    counted = [
        usage
        for usage in _ended_usage(transaction, from_date, to_date)
        if mode is UsageMode.BILLED or usage.get("billing_outcome") != INFRASTRUCTURE_FAILURE
    ]
    suffix = "_billed" if mode is UsageMode.BILLED else ""
    return UsageAggregateResponse(
        total_agentic_steps=_total(counted, f"total_agentic_steps{suffix}"),
        total_cached_steps=_total(counted, f"total_cached_steps{suffix}"),
        period_start=period_start,
        period_end=period_end,
        mode=mode,
        runs_counted=len(counted),
    )


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


def _ended_usage(
    transaction: Transaction, start: datetime, end: datetime
) -> list[Mapping[str, Any]]:
    """The usage of the runs that ended at `start` or later and before `end`."""
    rows = ended_runs(transaction, since=_before(start), until=_before(end))
    return [row.usage_metadata or {} for row in rows]


def _before(moment: datetime) -> str:
    """The last time the store can tell from `moment` that is earlier."""
    try:
        return format_time(moment - timedelta(microseconds=1))
    except OverflowError:
        return ""


def _total(usages: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(int(usage.get(name) or 0) for usage in usages)
