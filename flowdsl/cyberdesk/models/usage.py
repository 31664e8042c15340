"""Usage: the steps of the runs in a period, and the costs of their models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel


class UsageAggregate(ReadModel):
    """The steps of the runs in a period.

    Agentic steps were decided by a model, cached ones were replayed.
    """

    total_agentic_steps: int
    total_cached_steps: int
    runs_counted: int | None = None
    mode: str | None = None
    period_start: str | None = None
    period_end: str | None = None


class RunCost(ReadModel):
    """The cost of the models of one run, in US dollars.

    With `has_unpriced`, a model without a price was called, so the sum is incomplete.
    """

    run_id: str
    workflow_id: str | None = None
    created_at: str | None = None
    has_unpriced: bool | None = None
    total_cost_usd: float | None = None

    @property
    def id(self) -> str:
        """The id that distinguishes the rows of the list."""
        return self.run_id


class RunCostRow(ReadModel):
    """The calls of one model in one role: their number, tokens and cost."""

    role: str
    model: str
    billing_platform: str | None = None
    endpoint_type: str | None = None
    call_count: int | None = None
    input_tokens: int | None = None
    uncached_input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    source: str | None = None
    cost_usd: float | None = None


class RunCosts(ReadModel):
    """The costs of the models of one run, by role and model."""

    run_id: str
    has_unpriced: bool
    rows: Items[RunCostRow]
    total_cost_usd: float | None = None


def steps_of(usage_metadata: Mapping[str, Any] | None, mode: str) -> tuple[int, int] | None:
    """Return the agentic and the cached steps of one run; None if its usage does not report them.

    `mode` is that of `Usage.aggregate`. The names are those of the aggregate, with the suffix
    `_billed` for billed steps (`run-usage-names`).
    """
    ending = "_billed" if mode == "billed" else ""
    steps = [
        (usage_metadata or {}).get(f"total_{kind}_steps{ending}") for kind in ("agentic", "cached")
    ]
    agentic, cached = (each if type(each) is int else None for each in steps)
    return None if agentic is None and cached is None else (agentic or 0, cached or 0)
