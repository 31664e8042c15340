"""The usage of runs and the costs of their models: `/v1/usage`, and the costs of one run.

Costs are calls and tokens by role, without prices. No model is called, so a price would be
invented; every row reports that its model has no price (assumption `unpriced-models`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.resources.model_configurations import find_model
from flowdsl.emulator.resources.provider_credentials import source_for
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.rows import RUNS, find_ended_runs
from flowdsl.emulator.runs.views import LIVE, state_of, status_of
from flowdsl.emulator.simulation.plans import INFRASTRUCTURE_FAILURE
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.system_models import SYSTEM_MODELS
from flowdsl.emulator.tables import runs
from flowdsl.emulator.wire.models import (
    PaginatedResponseRunLlmCostTotalResponse,
    RunLlmCostRow,
    RunLlmCostsResponse,
    RunLlmCostTotalResponse,
    UsageAggregateResponse,
    UsageMode,
)
from flowdsl.emulator.wire.values import Paging

router = APIRouter(prefix="/v1/usage", tags=["Usage"], route_class=StoreRoute)
run_router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"], route_class=StoreRoute)

MAIN_AGENT, CACHE_DETECTION = "main_agent", "cache_detection"

_ROLES = (
    (MAIN_AGENT, "total_agentic_steps", "main_agent_model_id", SYSTEM_MODELS[0][0]),
    (CACHE_DETECTION, "total_cached_steps", "cache_detection_model_id", SYSTEM_MODELS[2][0]),
)
"""For each role: the count of its calls in the usage, the key of its model, the default model."""

_READ_UNCACHED, _READ_CACHED, _WRITTEN = 1_500, 6_000, 150
"""Tokens of one call."""


class CostFilter(Paging):
    """The runs whose costs are listed: created at `from_date` or later, and before `to_date`."""

    from_date: datetime | None = None
    to_date: datetime | None = None


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
    ended = find_ended_runs(transaction, since=_time_before(from_date), until=_time_before(to_date))
    counted = [
        usage
        for usage in (row.usage_metadata or {} for row in ended)
        if mode is UsageMode.BILLED or usage.get("billing_outcome") != INFRASTRUCTURE_FAILURE
    ]
    suffix = "_billed" if mode is UsageMode.BILLED else ""
    return UsageAggregateResponse(
        total_agentic_steps=_sum_usage(counted, f"total_agentic_steps{suffix}"),
        total_cached_steps=_sum_usage(counted, f"total_cached_steps{suffix}"),
        period_start=period_start,
        period_end=period_end,
        mode=mode,
        runs_counted=len(counted),
    )


@router.get("/llm-costs")
async def list_llm_costs(
    transaction: Current, wanted: Annotated[CostFilter, Query()]
) -> PaginatedResponseRunLlmCostTotalResponse:
    """One page of what ended runs cost that called their models, newest first."""
    columns = runs.c
    conditions: list[ColumnElement[bool]] = [
        state_of(transaction.now).not_in([status.value for status in LIVE])
    ]
    if wanted.from_date is not None:
        conditions.append(columns.created_at >= format_time(wanted.from_date))
    if wanted.to_date is not None:
        conditions.append(columns.created_at < format_time(wanted.to_date))
    shown = (columns.id, columns.workflow_id, columns.created_at, columns.usage_metadata)
    rows = RUNS.rows(transaction, *conditions, columns=shown, is_list=True)
    used = [row for row in rows if _is_used(row.usage_metadata or {})]
    items = [
        RunLlmCostTotalResponse(
            run_id=row.id,
            workflow_id=row.workflow_id,
            created_at=row.created_at,
            has_unpriced=True,
            total_cost_usd=None,
        )
        for row in used[wanted.skip : wanted.skip + wanted.limit]
    ]
    return PaginatedResponseRunLlmCostTotalResponse.of(wanted, items, len(used))


@run_router.get("/llm-costs")
async def get_run_llm_costs(transaction: Current, run_id: UUID) -> RunLlmCostsResponse:
    """The rows of one run; none before its end, when its steps are counted."""
    run = RUNS.row(transaction, run_id)
    usage = {} if status_of(run, transaction.now) in LIVE else run.usage_metadata
    chosen = WORKFLOWS.row(transaction, run.workflow_id).model_metadata or {}
    chosen = {
        **chosen,
        **{key: value for key, value in (run.model_metadata or {}).items() if value},
    }
    rows = []
    for role, counted, key, default in _ROLES:
        calls = int((usage or {}).get(counted) or 0)
        if calls:
            # A model that has been deleted is no longer called.
            model = find_model(transaction, chosen.get(key) or default)
            model = model or find_model(transaction, default)
            assert model is not None
            rows.append(_make_cost_row(transaction, role, calls, model.provider, model.model))
    return RunLlmCostsResponse(
        run_id=run.id, has_unpriced=bool(rows), rows=rows, total_cost_usd=None if rows else 0.0
    )


def _time_before(moment: datetime) -> str:
    """Return the latest time before `moment` that the store can represent."""
    try:
        return format_time(moment - timedelta(microseconds=1))
    except OverflowError:
        return ""


def _sum_usage(usages: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(int(usage.get(name) or 0) for usage in usages)


def _is_used(usage: Mapping[str, Any]) -> bool:
    return any(usage.get(counted) for _, counted, _, _ in _ROLES)


def _make_cost_row(
    transaction: Transaction, role: str, calls: int, provider: str, model: str
) -> RunLlmCostRow:
    return RunLlmCostRow(
        role=role,
        billing_platform=provider,
        model=model,
        endpoint_type="chat",
        call_count=calls,
        input_tokens=calls * (_READ_UNCACHED + _READ_CACHED),
        uncached_input_tokens=calls * _READ_UNCACHED,
        cache_read_tokens=calls * _READ_CACHED,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        output_tokens=calls * _WRITTEN,
        reasoning_tokens=0,
        source=source_for(transaction, provider).value,
    )
