"""How work on runs fails for a program, beside what the layers below raise themselves."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.api.results import NotMade
from flowdsl.cyberdesk.models.run import Run
from flowdsl.source.failure import FlowdslError


class UnusableArguments(FlowdslError, ValueError):
    """Arguments that exclude each other, or that mean nothing; nothing was sent."""


class RunNotMade(FlowdslError):
    """The service made no run; the message says why."""


class OutcomeUnknown(FlowdslError):
    """Nobody knows whether the run was made: its creation had no reply, and equal runs were made
    by others meanwhile, or the service stayed away.

    `candidates` are runs that may be the one, as far as any are known. To send the request again
    may make a second run.
    """

    def __init__(self, message: str, candidates: Sequence[Run]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class StillRunning(FlowdslError, TimeoutError):
    """The time of `timeout` is over and runs go on, which `watch` takes again.

    `runs` are all that were watched, as they are now; those of them go on whose `is_live` is true.
    `not_made` are the creations of a batch that failed.
    """

    def __init__(self, runs: Sequence[Run], not_made: Sequence[NotMade] = ()) -> None:
        live = [run.id for run in runs if run.is_live]
        shown = ", ".join(live[:3]) + (f" and {len(live) - 3} more" if len(live) > 3 else "")
        verb = "goes" if len(live) == 1 else "go"
        super().__init__(f"the time is over, and {shown} {verb} on")
        self.runs, self.not_made = tuple(runs), tuple(not_made)


class ChainWaits(FlowdslError):
    """A chain that waits at a pause, since an answer is none, or does not fit; its cause is why.

    `session` is what `run_chain` takes as `resume` to go on, `runs` are those of the parts in front
    of the pause.
    """

    def __init__(
        self, chain: str, session: str | None, runs: Sequence[Run], error: Exception
    ) -> None:
        reason = str(error) or type(error).__name__
        super().__init__(f"chain `{chain}` waits in session `{session}`: {reason}")
        self.session, self.runs = session, tuple(runs)


class RunDeleted(FlowdslError):
    """A run was deleted while it was watched; `runs` are all that were watched, as last seen."""

    def __init__(self, gone: Sequence[str], runs: Sequence[Run]) -> None:
        verb = "was" if len(gone) == 1 else "were"
        super().__init__(f"run {', '.join(gone)} {verb} deleted while it was watched")
        self.gone, self.runs = tuple(gone), tuple(runs)


class NotAllCancelled(FlowdslError):
    """Runs that could not be cancelled, each with its reason; `cancelled` are the others."""

    def __init__(self, failures: Sequence[str], cancelled: Sequence[Run]) -> None:
        super().__init__("; ".join(failures))
        self.failures, self.cancelled = tuple(failures), tuple(cancelled)
