"""What the models of runs cost: calls and tokens by role, and no price.

No model is asked, so that a price would be invented; every row says that its model has none
(assumption `unpriced-models`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.resources.filters import listed
from flowdsl.emulator.resources.model_configurations import find_model
from flowdsl.emulator.resources.provider_credentials import source_for
from flowdsl.emulator.resources.workflows import workflow_row
from flowdsl.emulator.runs.rows import run_row
from flowdsl.emulator.runs.views import LIVE, state_of, status_of
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.system_models import SYSTEM_MODELS
from flowdsl.emulator.tables import runs
from flowdsl.emulator.wire.models import RunLlmCostRow, RunLlmCostsResponse, RunLlmCostTotalResponse

MAIN_AGENT, CACHE_DETECTION = "main_agent", "cache_detection"

_ROLES = (
    (MAIN_AGENT, "total_agentic_steps", "main_agent_model_id", SYSTEM_MODELS[0][0]),
    (CACHE_DETECTION, "total_cached_steps", "cache_detection_model_id", SYSTEM_MODELS[2][0]),
)
"""Of each role the count of its calls in the usage, the key of its model, and the default model."""

_READ_UNCACHED, _READ_CACHED, _WRITTEN = 1_500, 6_000, 150
"""Tokens of one call."""


def costs_of_run(transaction: Transaction, run_id: UUID) -> RunLlmCostsResponse:
    """The rows of one run; none before its end, when its steps are counted."""
    run = run_row(transaction, run_id)
    usage = {} if status_of(run, transaction.now) in LIVE else run.usage_metadata
    chosen = workflow_row(transaction, run.workflow_id).model_metadata or {}
    chosen = {
        **chosen,
        **{key: value for key, value in (run.model_metadata or {}).items() if value},
    }
    rows = []
    for role, counted, key, default in _ROLES:
        calls = int((usage or {}).get(counted) or 0)
        if calls:
            # A model that has been deleted is asked no more.
            model = find_model(transaction, chosen.get(key) or default)
            model = model or find_model(transaction, default)
            assert model is not None
            rows.append(_row(transaction, role, calls, model.provider, model.model))
    return RunLlmCostsResponse(
        run_id=run.id, has_unpriced=bool(rows), rows=rows, total_cost_usd=None if rows else 0.0
    )


def find_costs(
    transaction: Transaction,
    start: datetime | None,
    end: datetime | None,
    *,
    skip: int,
    limit: int,
) -> tuple[list[RunLlmCostTotalResponse], int]:
    """One page of the costs of ended runs, newest first, and the number of all.

    The runs were made at `start` or later and before `end`, and called their models.
    """
    columns = runs.c
    conditions: list[ColumnElement[bool]] = [
        columns.organization_id == transaction.organization_id,
        state_of(transaction.now).not_in([status.value for status in LIVE]),
        *listed(transaction, columns.created_at),
    ]
    if start is not None:
        conditions.append(columns.created_at >= format_time(start))
    if end is not None:
        conditions.append(columns.created_at < format_time(end))
    rows = transaction.connection.execute(
        select(columns.id, columns.workflow_id, columns.created_at, columns.usage_metadata)
        .where(*conditions)
        .order_by(columns.created_at.desc(), columns.position.desc(), columns.id)
    )
    found = [row for row in rows if _is_used(row.usage_metadata or {})]
    page = [
        RunLlmCostTotalResponse(
            run_id=row.id,
            workflow_id=row.workflow_id,
            created_at=row.created_at,
            has_unpriced=True,
            total_cost_usd=None,
        )
        for row in found[skip : skip + limit]
    ]
    return page, len(found)


def _is_used(usage: Mapping[str, Any]) -> bool:
    return any(usage.get(counted) for _, counted, _, _ in _ROLES)


def _row(
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
