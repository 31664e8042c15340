"""Watches runs until they end, and survives interruptions of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound, make_printable
from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES, Run, RunField
from flowdsl.runs.patience import Patience
from flowdsl.runs.submit import Submission
from flowdsl.state.held import Runtime

LIVE_STATUSES = frozenset({"scheduling", "running", "running_checks"})

FEW = 4
"""The number of runs up to which each is read by itself; more are read from one list."""

FIRST_INTERVAL, GROWTH, LONGEST_INTERVAL = 0.3, 1.4, 5.0
"""Seconds between two reads: short at first for short runs, then growing up to a limit."""

_PROGRESS: tuple[RunField, ...] = ("started_at", "ended_at", "session_alias")
_RESULT: tuple[RunField, ...] = (
    *_PROGRESS,
    "error",
    "input_values",
    "output_data",
    "output_attachment_ids",
    "post_run_checks",
    "session_id",
    "main_prompt",
)


@dataclass(frozen=True, slots=True)
class ListScope:
    """The filters that list the runs: by workflow or session, and creation time.

    From the creation of the oldest run to that of the newest.
    """

    workflow_id: str | None = None
    session_id: str | None = None
    created_from: str | None = None
    created_to: str | None = None


@dataclass(slots=True)
class Watched:
    """The current knowledge of the runs, by id in the order given; `gone` are those deleted."""

    runs: dict[str, Run]
    gone: set[str] = field(default_factory=set)

    @property
    def live(self) -> list[str]:
        """The ids of the runs that have not ended."""
        return [each for each, run in self.runs.items() if run.is_live and each not in self.gone]


def scopes_of(runs: Sequence[Run]) -> tuple[ListScope, ...]:
    """Return the lists that contain runs created together, at most one for every `FEW` of them.

    Empty for runs that have too little in common.
    """
    created = [run.created_at for run in runs if run.created_at]
    oldest = min(created) if len(created) == len(runs) and created else None
    sessions = {run.session_id for run in runs}
    workflows = dict.fromkeys(run.workflow_id for run in runs)
    if len(sessions) == 1 and None not in sessions:
        return (ListScope(session_id=next(iter(sessions)), created_from=oldest),)
    if None in workflows or oldest is None or len(workflows) > max(1, len(runs) // FEW):
        return ()
    return tuple(ListScope(workflow_id=each, created_from=oldest) for each in workflows)


def narrow_scope(scope: ListScope, runs: Sequence[Run]) -> ListScope:
    """Return the part of a scope that contains `runs`, so that no more rows are read."""
    created = [run.created_at for run in runs if run.created_at]
    if not created or len(created) < len(runs):
        return scope
    return replace(scope, created_from=min(created), created_to=max(created))


async def watch(
    client: CyberdeskClient,
    runs: Iterable[Run],
    runtime: Runtime,
    *,
    tell: Callable[[str], None] = lambda _line: None,
    changed: Callable[[Run, Run], Awaitable[None] | None] = lambda _before, _now: None,
    left: Callable[[], float | None] = lambda: None,
    watched: Watched | None = None,
) -> Watched:
    """Return the runs when all have ended, or as they are when the time has expired.

    Ended runs have their results. `left` returns the seconds that are left. `changed` is called
    with a run before and after a change, and its result is awaited. `watched` is updated during the
    watch, for a caller that cancels it. A run with an unknown status counts as live, and `tell`
    warns of it once. Raises `CyberdeskError` if the service stays unavailable, or refuses.
    """
    known = watched or Watched({})
    known.runs.update((run.id, run) for run in runs)
    watcher = _RunWatcher(client, runtime, known, tell, changed, left)
    try:
        async with asyncio.timeout(left()) as clock:
            await watcher.until_ended()
    except TimeoutError:
        if not clock.expired():
            raise
    return known


def step_of(run: Run) -> str:
    """Return the position of a run from its history: `step 4, focused_action`; empty if unknown."""
    for message in reversed(run.run_message_history or []):
        index = message.get("step_index")
        if not isinstance(index, int) or message.get("role") != "assistant":
            continue
        words = f"step {index + 1}"
        iteration = message.get("iteration_index")
        if isinstance(iteration, int):
            words += f", iteration {iteration + 1}"
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and isinstance(block.get("tool_name"), str):
                words += f", {make_printable(block['tool_name'])[:60]}"
        return words
    return ""


class _RunWatcher:
    def __init__(
        self,
        client: CyberdeskClient,
        runtime: Runtime,
        watched: Watched,
        tell: Callable[[str], None],
        changed: Callable[[Run, Run], Awaitable[None] | None],
        left: Callable[[], float | None],
    ) -> None:
        self._client, self._runtime, self._watched = client, runtime, watched
        self._tell, self._changed, self._left = tell, changed, left
        self._patience = Patience(runtime, tell)
        self._strange: set[str] = set()
        self._scopes = scopes_of(list(watched.runs.values()))

    async def until_ended(self) -> None:
        """Read the runs repeatedly until every one has ended or the time has expired."""
        interval = FIRST_INTERVAL
        while True:
            await self._read_live_runs()
            if not self._watched.live:
                return
            left = self._left()
            if left == 0.0:
                return
            await self._runtime.sleep(interval if left is None else min(interval, left))
            interval = min(LONGEST_INTERVAL, interval * GROWTH)

    async def _read_live_runs(self) -> None:
        live = self._watched.live
        if len(live) <= FEW or not self._scopes:
            for run_id in live:
                await self._read_one(run_id)
            # The reply that starts a chain has only the ids of its runs; now more is known of them.
            self._scopes = self._scopes or scopes_of(list(self._watched.runs.values()))
            return
        known = [self._watched.runs[run_id] for run_id in live]
        listed = await self._listed(known, _PROGRESS)
        ended: list[Run] = []
        for run_id in live:
            run = listed.get(run_id)
            # A run that is not listed yet, or no longer, is read by its id.
            if run is None:
                await self._read_one(run_id)
            elif run.is_live:
                await self._note_run(run)
            else:
                ended.append(run)
        if ended:
            results = await self._listed(ended, _RESULT)
            for run in ended:
                result = results.get(run.id)
                if result is None:
                    await self._read_one(run.id)
                elif not result.is_live:
                    await self._note_run(result)

    async def _listed(self, runs: Sequence[Run], fields: tuple[RunField, ...]) -> dict[str, Run]:
        """Return the rows of some runs by id, as far as the lists contain them."""
        found: dict[str, Run] = {}
        for scope in self._scopes:
            mates = [run for run in runs if scope.workflow_id in (None, run.workflow_id)]
            if mates:
                rows = await self._rows(narrow_scope(scope, mates), fields)
                found.update((row.id, row) for row in rows)
        return found

    async def _rows(self, scope: ListScope, fields: tuple[RunField, ...]) -> Sequence[Run]:
        return await self._patience.read(
            lambda: self._client.runs.list_all(
                workflow_id=scope.workflow_id,
                session_id=scope.session_id,
                created_at_from=scope.created_from,
                created_at_to=scope.created_to,
                fields=fields,
            )
        )

    async def _read_one(self, run_id: str) -> None:
        try:
            run = await self._patience.read(lambda: self._client.runs.get(run_id))
        except NotFound:
            self._watched.gone.add(run_id)
            self._tell(f"run {run_id} was deleted while it was watched")
            return
        await self._note_run(run)

    async def _note_run(self, run: Run) -> None:
        before = self._watched.runs[run.id]
        self._watched.runs[run.id] = run
        status = run.status
        if status not in LIVE_STATUSES | TERMINAL_STATUSES and status not in self._strange:
            self._strange.add(status)
            self._tell(
                f"warning: `{make_printable(status)[:60]}` is a status that this version does not "
                "know; it counts as going on"
            )
        if before.status == status and step_of(before) == step_of(run):
            return
        if (answer := self._changed(before, run)) is not None:
            await answer


class RunsEnding(Enum):
    """The worst outcome, listed from the worst on."""

    UNKNOWN = "unknown"
    """It is not known whether a run was created, or whether it was created twice."""
    NOT_ALL_MADE = "not_all_made"
    ERROR = "error"
    TASK_FAILED = "task_failed"
    CANCELLED = "cancelled"
    """Cancelled, or deleted while it was watched."""
    UNFINISHED = "unfinished"
    """A run has not ended and is no longer watched."""
    SUCCESS = "success"


_BY_STATUS = {
    "success": RunsEnding.SUCCESS,
    "task_failed": RunsEnding.TASK_FAILED,
    "error": RunsEnding.ERROR,
    "cancelled": RunsEnding.CANCELLED,
}


def ending_of_run(run: Run, *, is_gone: bool = False) -> RunsEnding:
    """Return how one run ended; `UNFINISHED` for a live one."""
    return RunsEnding.CANCELLED if is_gone else _BY_STATUS.get(run.status, RunsEnding.UNFINISHED)


def ending_of(submissions: Iterable[Submission], watched: Watched | None) -> RunsEnding:
    """Return the worst ending of creations and, if they were watched, of runs."""
    endings = {RunsEnding.SUCCESS}
    for submission in submissions:
        if submission.unknown is not None or submission.strays:
            endings.add(RunsEnding.UNKNOWN)
        elif submission.failures or not submission.runs:
            endings.add(RunsEnding.NOT_ALL_MADE)
    if watched is not None:
        endings |= {
            ending_of_run(run, is_gone=run.id in watched.gone) for run in watched.runs.values()
        }
    return next(each for each in RunsEnding if each in endings)
