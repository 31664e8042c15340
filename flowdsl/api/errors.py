"""How work on runs fails for a program, beside what the layers below raise themselves."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.api.results import RunBatch
from flowdsl.cyberdesk.models.run import Run
from flowdsl.source.failure import FlowdslError

_SHOWN = 3
"""Ids of runs that a message names; the exception has all of them."""


class UnusableArguments(FlowdslError, ValueError):
    """Arguments of a wrong type or value, or that exclude each other; nothing was sent."""


class RunNotMade(FlowdslError):
    """The service made no run; the message says why.

    `status` is that of its refusal, None where it does not say or never answered; the cause is the
    `CyberdeskError`, where there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BrokenOff(FlowdslError):
    """A call that made runs, or may have made some, and failed after that; its cause is why.

    `runs` are those that were made, begun anew or watched, as last seen; what has not ended goes
    on. `rows` is the number of the row of each that was made, by its id, as in `RunBatch`.
    `not_made` is what was not made, and that of which nobody knows.
    """

    def __init__(self, batch: RunBatch, message: str) -> None:
        super().__init__(message)
        self.runs, self.rows, self.not_made = batch.runs, batch.rows, batch.not_made
        self.batch = batch


class OutcomeUnknown(BrokenOff):
    """Nobody knows whether the run was made: its creation had no reply, and equal runs were made
    by others meanwhile, or the service stayed away.

    `candidates` are runs that may be the one, as far as any are known. To send the request again
    may make a second run.
    """

    def __init__(self, batch: RunBatch, message: str) -> None:
        super().__init__(batch, message)
        self.candidates = tuple(run for each in batch.not_made for run in each.candidates)


class StillRunning(BrokenOff, TimeoutError):
    """The time of `timeout` is over and runs go on, which `watch` takes again.

    `runs` are all that were watched, as they are now; those of them go on whose `is_live` is true.
    `rows` and `not_made` are those of a batch.
    """

    def __init__(self, batch: RunBatch) -> None:
        live = [run.id for run in batch.runs if run.is_live and run.id not in batch.deleted]
        verb = "goes" if len(live) == 1 else "go"
        super().__init__(batch, f"the time is over, and {named(live)} {verb} on")


class ChainWaits(BrokenOff):
    """A chain that waits at a pause, since an answer is none, or does not fit; its cause is why.

    `session` is what `run_chain` takes as `resume` to go on, `runs` are those of the parts in front
    of the pause.
    """

    def __init__(
        self, chain: str, session: str | None, batch: RunBatch, error: BaseException
    ) -> None:
        reason = str(error) or type(error).__name__
        super().__init__(batch, f"chain `{chain}` waits in session `{session}`: {reason}")
        self.session = session


class RunDeleted(BrokenOff):
    """A run was deleted while it was watched; `runs` are all that were watched, as last seen."""

    def __init__(self, batch: RunBatch) -> None:
        gone = sorted(batch.deleted)
        verb = "was" if len(gone) == 1 else "were"
        super().__init__(batch, f"run {', '.join(gone)} {verb} deleted while it was watched")
        self.gone = tuple(gone)


class NotAllCancelled(FlowdslError):
    """Runs that could not be cancelled, each with its reason; `cancelled` are the others."""

    def __init__(self, failures: Sequence[str], cancelled: Sequence[Run]) -> None:
        super().__init__("; ".join(failures))
        self.failures, self.cancelled = tuple(failures), tuple(cancelled)


def named(ids: Sequence[str], shown: int = _SHOWN) -> str:
    """Some ids for people: the first ones, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more
