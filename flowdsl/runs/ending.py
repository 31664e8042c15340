"""How runs ended, all together: what the exit code of a command says. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.submit import Submission
from flowdsl.runs.watch import Watched


class Ending(Enum):
    """The worst that happened, the worst first."""

    UNKNOWN = "unknown"
    """It is not known whether a run was made, or whether it was made twice."""
    NOT_ALL_MADE = "not_all_made"
    ERROR = "error"
    TASK_FAILED = "task_failed"
    CANCELLED = "cancelled"
    """Cancelled, or deleted while it was watched."""
    UNFINISHED = "unfinished"
    """A run goes on and is not watched any more."""
    SUCCESS = "success"


_BY_STATUS = {
    "success": Ending.SUCCESS,
    "task_failed": Ending.TASK_FAILED,
    "error": Ending.ERROR,
    "cancelled": Ending.CANCELLED,
}


def ending_of_run(run: Run, *, is_gone: bool = False) -> Ending:
    """How one run ended; `UNFINISHED` for one that goes on."""
    return Ending.CANCELLED if is_gone else _BY_STATUS.get(run.status, Ending.UNFINISHED)


def ending_of(submissions: Iterable[Submission], watched: Watched | None) -> Ending:
    """The worst of creations and, where they were watched, of runs."""
    found = {Ending.SUCCESS}
    for submission in submissions:
        if submission.unknown is not None or submission.strays:
            found.add(Ending.UNKNOWN)
        elif submission.failures or not submission.runs:
            found.add(Ending.NOT_ALL_MADE)
    if watched is not None:
        found |= {
            ending_of_run(run, is_gone=run.id in watched.gone) for run in watched.runs.values()
        }
    return next(each for each in Ending if each in found)
