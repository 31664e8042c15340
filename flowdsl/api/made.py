"""Records what a call has created so far, for its result or its failure.

An ordinary exception becomes a `BrokenOff`. One that has to keep its type, such as a cancellation
or an interrupt, gets the same data as attributes, and a note for its traceback; `carried_by` reads
them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from flowdsl.api.errors import BrokenOff, OutcomeUnknown, RunNotMade, named
from flowdsl.api.results import NotMade, RunBatch
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.submit import Submission
from flowdsl.runs.watch import Watched

log = logging.getLogger("flowdsl.runs")
"""Logs what the command line prints on standard error: an unreachable service, lost replies, inputs
that are left to machines."""

_CARRIED = "_flowdsl_batch"
_NOTED = 50
"""The maximum number of run ids in the note of an exception."""

_MOST_CAUSES = 100
"""The maximum number of causes that are searched for the runs of a call."""


class Made:
    """What one call has created so far.

    `begun` are runs that an earlier call of the same chain created, `again` runs that are watched
    or restarted. `submissions` grow while requests are sent. `unclear` are further runs whose
    outcome is unknown. `watched` holds the last known state of the runs.

    As an async context manager, it attaches all of this to an exception that leaves its block.
    """

    def __init__(self, table: Sequence[InputRow] = (), verb: str = "made") -> None:
        self._numbers = {row.place: row.number for row in table}
        self._verb = verb
        self.begun: list[Run] = []
        self.again: list[Run] = []
        self.submissions: list[Submission] = []
        self.unclear: list[NotMade] = []
        self.watched = Watched({})

    def batch(self) -> RunBatch:
        """The runs, and those that were not created, as currently known."""
        rows = dict.fromkeys((run.id for run in self.begun), 0)
        made = [*self.begun]
        not_made = [*self.unclear]
        for each in self.submissions:
            row = self._numbers.get(each.place, 0)
            rows |= dict.fromkeys((run.id for run in each.runs), row)
            made += each.runs
            not_made += _not_made(each, row)
        seen = self.watched.runs
        runs = {run.id: seen.get(run.id, run) for run in [*made, *self.again]}
        return RunBatch(tuple(runs.values()), rows, tuple(not_made), frozenset(self.watched.gone))

    def the_run(self) -> Run:
        """Return the first run of the only request; raises `OutcomeUnknown` and `RunNotMade`."""
        (submission,) = self.submissions
        if submission.unknown is not None:
            batch = self.batch()
            raise OutcomeUnknown(batch, batch.not_made[0].message) from submission.unknown
        if not submission.runs:
            reasons = "; ".join(submission.failures) or "the service does not say why"
            status = None if submission.refused is None else submission.refused.status
            raise RunNotMade(f"the run was not made: {reasons}", status) from submission.refused
        return submission.runs[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            # Raise a pending cancellation here: raised later, it would not carry the runs.
            try:
                await asyncio.sleep(0)
            except BaseException as late:
                self._tell(late)
                raise
        else:
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        """Attach the runs to a cancellation or interrupt; raise `BrokenOff` from other errors."""
        batch = self.batch()
        if isinstance(error, BrokenOff) or not (
            batch.runs or any(each.is_unknown for each in batch.not_made)
        ):
            return
        if isinstance(error, Exception):
            raise BrokenOff(batch, self._sentence(batch, error)) from error
        # `asyncio.TaskGroup` does not propagate the cancellations of its tasks, so log it as well.
        log.warning(f"a call was broken off: {_told(batch, _NOTED)}")
        carry(error, batch)

    def _sentence(self, batch: RunBatch, error: Exception) -> str:
        reason = str(error) if isinstance(error, CyberdeskError) else _shown(error)
        if self.watched.runs:
            one = len(self.watched.runs) == 1
            watched = f"run {next(iter(self.watched.runs))}" if one else f"{len(batch.runs)} runs"
            return f"the watch of {watched} broke off: {reason}"
        return f"{_told(batch, verb=self._verb)}, and then it broke off: {reason}"


def carry(error: BaseException, batch: RunBatch) -> None:
    """Attach `batch` to an exception that keeps its type, for `carried_by` to read."""
    try:
        for name in ("runs", "rows", "not_made"):
            setattr(error, name, getattr(batch, name))
        setattr(error, _CARRIED, batch)
        error.add_note(f"{_told(batch, _NOTED)}; `flowdsl.api.carried_by` has all of it")
    except AttributeError:
        # An exception class of another library may not allow new attributes.
        pass


def carried_by(error: BaseException) -> RunBatch | None:
    """Return the runs that a call had created, restarted or watched when it raised `error`.

    The batch includes their rows and the runs that were not created; None if there were none.
    `error` may also be what a cancellation was turned into, such as the `TimeoutError` of
    `asyncio.timeout` or the `KeyboardInterrupt` of `asyncio.run`, or any exception caused by one.
    """
    for each in _causes(error):
        batch = each.batch if isinstance(each, BrokenOff) else getattr(each, _CARRIED, None)
        if isinstance(batch, RunBatch):
            return batch
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, the nearest first."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST_CAUSES:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # Only for these: another exception may be unrelated to the one that was being handled.
        is_cut = isinstance(each, KeyboardInterrupt | asyncio.CancelledError | TimeoutError)
        came_of = each.__cause__ or (each.__context__ if is_cut else None)
        waiting += () if came_of is None else (came_of,)
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def _not_made(submission: Submission, row: int) -> Iterator[NotMade]:
    """Yield the runs of a request that were not created, or whose creation is uncertain."""
    missing = submission.request.count - len(submission.runs)
    if submission.unknown is not None or submission.is_under_way:
        candidates = tuple(submission.candidates)
        yield NotMade(row, _unknown(submission), True, candidates, count=missing)
        return
    refused = submission.refused
    reasons = list(submission.failures)
    if not reasons and refused is not None:
        reasons = [str(refused)]
    if not reasons and missing > 0:
        gap = "the service does not say what became of it" if submission.runs else "it was not sent"
        reasons = [gap]
    status = None if refused is None else refused.status
    for reason in reasons:
        yield NotMade(row, reason, status=status, count=missing if len(reasons) == 1 else 1)


def _unknown(submission: Submission) -> str:
    candidates = len(submission.candidates)
    among = f"; {candidates} runs may be it" if candidates else ""
    reason = submission.unknown or "the call ended before a reply came"
    return f"it is not known whether the run was made: {reason}{among}"


def _told(batch: RunBatch, shown: int = 3, verb: str = "made") -> str:
    """Describe a batch for a message."""
    ids = [run.id for run in batch.runs]
    unknown = sum(each.count for each in batch.not_made if each.is_unknown)
    doubt = f"it is not known whether {_runs(unknown)} {_were(unknown)} {verb}"
    if not ids:
        return doubt
    made = f"{_runs(len(ids))} {_were(len(ids))} {verb} ({named(ids, shown)})"
    return f"{made}, and {doubt}" if unknown else made


def _runs(count: int) -> str:
    return f"{count} runs" if count > 1 else "1 run"


def _were(count: int) -> str:
    return "were" if count > 1 else "was"


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
