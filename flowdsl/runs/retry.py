"""Beginning a run anew exactly once, whatever becomes of the reply."""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END, POLL_SECONDS
from flowdsl.runs.patience import Patience
from flowdsl.state.held import Runtime

ROUNDS = 3
"""How often a retry that has not come is sent again with its key."""


async def retried(
    client: CyberdeskClient,
    run: Run,
    body: RunRetry,
    runtime: Runtime,
    *,
    tell: Callable[[str], None],
    stopped: Callable[[], bool] = lambda: False,
) -> Run:
    """The run, which had ended, begun anew; raises `CyberdeskError`.

    When the reply is lost the run itself tells: it goes on again, or has other times than before. A
    second retry is sent only once no request can be under way any more. Where the run does not tell
    it, the error has `outcome_unknown`.
    """
    key = runtime.new_id()
    patience = Patience(runtime, tell)
    for turn in range(ROUNDS + 1):
        while True:
            try:
                return await client.runs.retry(run.id, body, idempotency_key=key, once=True)
            except CyberdeskError as error:
                if not error.outcome_unknown:
                    if not stopped() and await patience.wait(error):
                        continue
                    raise
                lost = error
                break
        tell(f"looking whether run {run.id} was begun anew: {lost}")
        begun = runtime.monotonic()
        while True:
            try:
                now = await patience.read(lambda: client.runs.get(run.id))
            except CyberdeskError as error:
                # That the run cannot be read does not tell whether it was begun anew.
                raise lost from error
            if now.is_live or (now.started_at, now.ended_at) != (run.started_at, run.ended_at):
                return now
            if stopped() or runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds():
                break
            await runtime.sleep(POLL_SECONDS)
        if stopped() or turn == ROUNDS:
            raise lost
    raise AssertionError("unreachable: the last turn returns or raises")
