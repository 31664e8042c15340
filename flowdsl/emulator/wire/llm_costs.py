"""Bodies of what the models of runs cost."""

from __future__ import annotations

from flowdsl.emulator.wire.values import ReplyId, ReplyModel, ReplyTime


class RunLlmCostRow(ReplyModel):
    """The calls of one role to one model; `cost_usd` is null for a model without a price."""

    role: str
    billing_platform: str
    model: str
    endpoint_type: str
    call_count: int
    input_tokens: int
    uncached_input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    source: str
    cost_usd: float | None = None


class RunLlmCostsResponse(ReplyModel):
    """What one run has cost, by role and model."""

    run_id: ReplyId
    has_unpriced: bool
    rows: list[RunLlmCostRow]
    total_cost_usd: float | None = None


class RunLlmCostTotalResponse(ReplyModel):
    """What one run has cost in all."""

    run_id: ReplyId
    workflow_id: ReplyId
    created_at: ReplyTime
    has_unpriced: bool
    total_cost_usd: float | None = None
