"""The body of the usage totals."""

from __future__ import annotations

from enum import StrEnum

from flowdsl.emulator.wire.values import ReplyModel, ReplyTime


class UsageMode(StrEnum):
    """Which steps count: all but those of failed infrastructure, or those on the bill."""

    SIMULATED = "simulated"
    BILLED = "billed"


class UsageAggregateResponse(ReplyModel):
    """Totals over the runs of a period, `period_end` exclusive."""

    total_agentic_steps: int
    total_cached_steps: int
    period_start: ReplyTime
    period_end: ReplyTime
    mode: UsageMode
    runs_counted: int
