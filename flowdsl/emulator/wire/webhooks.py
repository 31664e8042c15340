"""The body of a webhook."""

from __future__ import annotations

from flowdsl.emulator.wire.runs import RunResponse
from flowdsl.emulator.wire.values import ReplyId, ReplyModel, ReplyTime

RUN_COMPLETE = "run_complete"


class RunCompletedEvent(ReplyModel):
    """A run has come to its end."""

    event_id: ReplyId
    event_type: str = RUN_COMPLETE
    occurred_at: ReplyTime
    run: RunResponse
