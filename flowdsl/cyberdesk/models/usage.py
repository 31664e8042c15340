"""Usage: the steps that runs took in a span of time."""

from __future__ import annotations

from flowdsl.cyberdesk.models.wire_model import ReadModel


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
