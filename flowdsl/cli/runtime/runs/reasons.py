"""Words for the failures of runs that do not state the opposite.

The reason of a failed task may be the condition that was not met, such as "the download is
finished". Only the prompt of the run shows that this is not the case (`flowdsl.tracing.reasons`).
"""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run

from ...views.runs import quote_failure_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.tracing.reasons import Reasons


class FailureWords:
    """Describes the failures of runs; the reason is quoted for runs not passed to `learn`."""

    def __init__(self) -> None:
        self._reasons: dict[str, Reasons] = {}

    async def learn(self, client: CyberdeskClient, runs: Iterable[Run]) -> None:
        """Read the prompts of those runs whose task failed; never raises."""
        failed = [run for run in runs if run.status == "task_failed" and run.error]
        if failed:
            from flowdsl.tracing.gathering import gather_reasons

            self._reasons |= await gather_reasons(client, failed)

    def __call__(self, run: Run, said: str) -> str:
        """Describe the failure of a run for people."""
        reasons = self._reasons.get(run.id)
        if reasons is None or run.status != "task_failed":
            return quote_failure_reason(run, said)
        return reasons.in_words(said)
