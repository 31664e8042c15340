"""What runs failed with, in words that do not say the opposite.

The reason of a task that failed may be what was looked for, "the download is finished", of which
only the prompt that the run had tells that it is not so (`flowdsl.tracing.reasons`).
"""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run

from ...views.runs import without_meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.tracing.reasons import Reasons


class FailureWords:
    """Says what runs failed with; of runs that it has not learned the reason is quoted."""

    def __init__(self) -> None:
        self._reasons: dict[str, Reasons] = {}

    async def learn(self, client: CyberdeskClient, runs: Iterable[Run]) -> None:
        """Read the prompts of those of the runs whose task failed; raises nothing."""
        failed = [run for run in runs if run.status == "task_failed" and run.error]
        if failed:
            from flowdsl.tracing.gathering import gather_reasons

            self._reasons |= await gather_reasons(client, failed)

    def __call__(self, run: Run, said: str) -> str:
        """What a run failed with, for people."""
        reasons = self._reasons.get(run.id)
        if reasons is None or run.status != "task_failed":
            return without_meaning(run, said)
        return reasons.in_words(said)
