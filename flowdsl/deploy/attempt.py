"""What there is to report of a command that writes, however it ends."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

from flowdsl.deploy.engine import EXPECTED, status_of
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.plan import Plan
from flowdsl.deploy.progress import Progress
from flowdsl.state.document import StateDocument


@dataclass(slots=True)
class Attempt:
    """Grows while a command works. `messages` are for people, each one line."""

    progress: Progress
    plan: Plan | None = None
    document: StateDocument | None = None
    journal: Journal | None = None
    messages: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, job: Job) -> Attempt:
        """The attempt of a job that has not begun."""
        return cls(Progress.of(job))

    async def concluded(self, work: Awaitable[Status]) -> Outcome:
        """How `work` ended; every expected failure comes back as a status with messages."""
        try:
            status = await work
        except Stop as stop:
            status, messages = stop.status, stop.messages
        except EXPECTED as error:
            status, messages = status_of(error, self.progress), (str(error),)
        else:
            messages = ()
        document = self.document if self.journal is None else self.journal.document
        return Outcome(
            status,
            self.plan,
            tuple(self.progress.results),
            (*self.messages, *messages),
            None if document is None else document.serial,
            None if document is None else document.organization_id,
        )
