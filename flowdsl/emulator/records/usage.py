"""Steps used, summed over the runs of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.records.runs import ended_runs
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.wire.models import UsageAggregateResponse, UsageMode

INFRASTRUCTURE_FAILURE = "infra_failure"
"""The `billing_outcome` of a run that costs nothing."""


def usage_between(
    transaction: Transaction, start: datetime, end: datetime, mode: UsageMode
) -> UsageAggregateResponse:
    """The totals of the runs that ended at `start` or later and before `end`.

    A period that ends before it begins holds no run (assumption `usage-by-end`).
    """
    period_start, period_end = format_time(start), format_time(end)
    counted = [
        usage
        for usage in _ended_usage(transaction, start, end)
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
