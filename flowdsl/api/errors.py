"""Exceptions that the Python API raises for runs, in addition to those of lower layers."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.api.results import RunBatch
from flowdsl.cyberdesk.models.run import Run
from flowdsl.source.failure import FlowdslError

_SHOWN = 3
"""The maximum number of run ids in a message; the exception holds all of them."""


class UnusableArguments(FlowdslError, ValueError):
    """Arguments have a wrong type or value, or exclude each other; nothing was sent."""


class RunNotMade(FlowdslError):
    """The service created no run; the message gives the reason.

    `status` is the HTTP status of the refusal, or None if there is none or no reply arrived.
    `__cause__` is the `CyberdeskError`, if there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BrokenOff(FlowdslError):
    """A call failed after it created runs, or may have; `__cause__` is the reason.

    `runs` are the runs that were created, restarted or watched, in their last known state. Those
    that have not ended are still running on the service. `rows` maps the id of each created run to
    its row number, as in `RunBatch`. `not_made` lists the runs that were not created, and those
    whose creation is uncertain.
    """

    def __init__(self, batch: RunBatch, message: str) -> None:
        super().__init__(message)
        self.runs, self.rows, self.not_made = batch.runs, batch.rows, batch.not_made
        self.batch = batch


class OutcomeUnknown(BrokenOff):
    """It is not known whether the run was created.

    The create request got no reply, and afterwards either several identical runs existed or the
    service stayed unreachable. `candidates` are the runs that may be the one, if any are known.
    Sending the request again may create a second run.
    """

    def __init__(self, batch: RunBatch, message: str) -> None:
        super().__init__(batch, message)
        self.candidates = tuple(run for each in batch.not_made for run in each.candidates)


class StillRunning(BrokenOff, TimeoutError):
    """The `timeout` has passed and some runs have not ended; `watch` can continue to wait for them.

    `runs` are all watched runs in their current state; those with `is_live` have not ended. `rows`
    and `not_made` are those of a batch.
    """

    def __init__(self, batch: RunBatch) -> None:
        live = [run.id for run in batch.runs if run.is_live and run.id not in batch.deleted]
        verb = "goes" if len(live) == 1 else "go"
        super().__init__(batch, f"the time is over, and {named(live)} {verb} on")


class ChainWaits(BrokenOff):
    """A chain is waiting at a pause because an answer is missing or invalid.

    `__cause__` has the reason. Pass `session` to `run_chain` as `resume` to continue; `runs` are
    the runs before the pause.
    """

    def __init__(
        self, chain: str, session: str | None, batch: RunBatch, error: BaseException
    ) -> None:
        reason = str(error) or type(error).__name__
        super().__init__(batch, f"chain `{chain}` waits in session `{session}`: {reason}")
        self.session = session


class RunDeleted(BrokenOff):
    """A run was deleted while it was watched; `runs` are all watched runs, as last seen."""

    def __init__(self, batch: RunBatch) -> None:
        gone = sorted(batch.deleted)
        verb = "was" if len(gone) == 1 else "were"
        super().__init__(batch, f"run {', '.join(gone)} {verb} deleted while it was watched")
        self.gone = tuple(gone)


class NotAllCancelled(FlowdslError):
    """Some runs could not be cancelled: `failures` has the reasons, `cancelled` the other runs."""

    def __init__(self, failures: Sequence[str], cancelled: Sequence[Run]) -> None:
        super().__init__("; ".join(failures))
        self.failures, self.cancelled = tuple(failures), tuple(cancelled)


def named(ids: Sequence[str], shown: int = _SHOWN) -> str:
    """Join the first `shown` ids for a message, with the number of the remaining ones."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more
