"""Usage: the steps that runs took in a span of time, and what their models cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.cyberdesk.models.wire_model import Items, Page, ReadModel


class UsageAggregate(ReadModel):
    """Steps of the runs that count in a span of time.

    A model decided the agentic ones, and the cached ones were replayed.
    """

    total_agentic_steps: int
    total_cached_steps: int
    runs_counted: int | None = None
    mode: str | None = None
    period_start: str | None = None
    period_end: str | None = None


class RunCost(ReadModel):
    """What the models of one run cost, in US dollars.

    `has_unpriced` says that a model without a price was asked, so that the sum lacks something.
    """

    run_id: str
    workflow_id: str | None = None
    created_at: str | None = None
    has_unpriced: bool | None = None
    total_cost_usd: float | None = None

    @property
    def id(self) -> str:
        """What tells one row of the list from another."""
        return self.run_id


class RunCostRow(ReadModel):
    """The calls of one model in one role: how many, their tokens, and what they cost."""

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
    """What the models of one run cost, by role and model."""

    run_id: str
    has_unpriced: bool
    rows: Items[RunCostRow]
    total_cost_usd: float | None = None


class RunCostPage(Page[RunCost]):
    """One page of the costs of runs."""


def steps_of(usage_metadata: Mapping[str, Any] | None, mode: str) -> tuple[int, int] | None:
    """The agentic and the cached steps of one run; None where its usage does not tell them.

    `mode` is that of `Usage.aggregate`. The names are those of the aggregate, with the ending
    `_billed` for what is billed (`run-usage-names`).
    """
    ending = "_billed" if mode == "billed" else ""
    found = [
        (usage_metadata or {}).get(f"total_{kind}_steps{ending}") for kind in ("agentic", "cached")
    ]
    agentic, cached = (each if type(each) is int else None for each in found)
    return None if agentic is None and cached is None else (agentic or 0, cached or 0)
