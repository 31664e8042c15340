"""The frame of the commands that write: deploy, recover, restore and destroy.

Each of them reads state, plans without the lease, takes the lease, writes, and reports its outcome.
`Attempt` holds what the four have in common.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import (
    AuthenticationRefused,
    CyberdeskError,
    UntrustedHost,
    UnusableApiKey,
)
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.planning.named import AmbiguousName
from flowdsl.deploy.planning.plan import Plan, PlanError
from flowdsl.deploy.recovery.recover import Unresolved
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import LeaseLost, Locked, StateError
from flowdsl.state.lease import HeldState, acquire

EXPECTED = (StateError, Unresolved, PlanError, AmbiguousName, CyberdeskError)
"""The exceptions other than `Stop` that an attempt or a plan may end with."""


@dataclass(slots=True)
class Attempt:
    """What a command has done so far: everything that is reported, however the command ends.

    `document` is the state that was read before the lease was taken. `messages` and `notes` are
    lines for people: `messages` are shown before the messages of a failure, `notes` after them.
    """

    job: Job
    progress: Progress
    plan: Plan | None = None
    document: StateDocument | None = None
    messages: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    _journal: Journal | None = None

    @asynccontextmanager
    async def under_lease(
        self, prior: StateDocument
    ) -> AsyncIterator[tuple[CyberdeskClient, Journal, bool]]:
        """Hold the lease inside the context, and yield a client, a journal and a flag.

        The client sets `progress.sent` before it writes, and raises `LeaseLost` instead of sending
        unless the lease is safely ours. The journal starts from the state that the lease was taken
        with. The flag is true if somebody else has written state since `prior` was read.
        """
        async with (
            hold_environment_lease(self.job, prior) as (held, document),
            self.job.client.guarded(self._before_write(held)) as client,
        ):
            self._journal = Journal(held, document, self.job.runtime, self._tell_of_checkpoint)
            yield client, self._journal, is_moved(prior, document)

    @property
    def status(self) -> Status:
        """The status of an attempt that no exception has interrupted."""
        progress = self.progress
        return progress.status if progress.results or progress.sent else Status.NOTHING_TO_DO

    async def conclude_work(self, work: Awaitable[Status]) -> Outcome:
        """Return the outcome of `work`; every expected failure becomes a status with messages."""
        try:
            status = await work
        except Stop as stop:
            status, messages = stop.status, stop.messages
        except EXPECTED as error:
            status, messages = status_of(error, self.progress), (str(error),)
        else:
            messages = ()
        document = self.document if self._journal is None else self._journal.document
        skipped = () if self.plan is None else self.plan.skipped
        return Outcome(
            status,
            self.plan,
            tuple(self.progress.results),
            (*self.messages, *messages, *self.notes, *skipped),
            None if document is None else document.serial,
            None if document is None else document.organization_id,
        )

    def _before_write(self, held: HeldState) -> Callable[[], None]:
        def before_write() -> None:
            held.check()
            self.progress.sent = True

        return before_write

    def _tell_of_checkpoint(self, serial: int) -> None:
        self.job.ui.event("checkpoint", serial=serial)


@asynccontextmanager
async def hold_environment_lease(
    job: Job, first: StateDocument
) -> AsyncIterator[tuple[HeldState, StateDocument]]:
    """Hold the lease of the environment inside the context; waiting for it is reported as an event.

    Before the first write of state, the store has to prove that it keeps two writers apart.
    """
    if first.serial == 0:
        await asyncio.to_thread(job.store.probe)
    job.ui.event("lock_asked")
    async with acquire(
        job.store,
        first,
        holder=job.options.holder,
        timeout=job.options.lock_timeout,
        runtime=job.runtime,
        waiting=lambda holder, waited: job.ui.event("lock_wait", holder=holder, waited=waited),
        heartbeat=job.options.heartbeat,
    ) as held:
        job.ui.event("lock_acquired")
        yield held


def is_moved(prior: StateDocument, document: StateDocument) -> bool:
    """Whether somebody else wrote state between `prior` and `document`, which took the lease."""
    return (document.lineage, document.serial) != (prior.lineage, prior.serial + 1)


def status_of(error: Exception, progress: Progress | None = None) -> Status:
    """Return the status for one of the `EXPECTED` errors, given what `progress` has recorded."""
    match error:
        case Locked() | LeaseLost():
            return Status.LOCKED
        case StateError():
            return Status.STATE
        case Unresolved():
            return Status.UNKNOWN
        case AuthenticationRefused() | UntrustedHost() | UnusableApiKey():
            return Status.ACCESS
        case CyberdeskError():
            if progress is None or not (progress.results or progress.sent):
                return Status.SERVICE
            return Status.PARTIAL if progress.status is Status.DONE else progress.status
        case _:
            return Status.CONFLICT
