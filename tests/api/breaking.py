"""Calls of `flowdsl.api` that are broken at one point, held against what the service then has.

A point is a suspension of the tasks of a call, or a request of it, before or after the service
carried it out. The tests try some of them, `benchmarks/faults/api_exceptions.py` all.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowdsl import api
from flowdsl.api import session as api_session
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES
from flowdsl.emulator import embedded
from flowdsl.state.held import Runtime
from flowdsl.workspace import service
from flowdsl.workspace.state import system_runtime
from tests.api.api_desk import DAY, PIN, ApiDesk

ROWS = [{"text": f"row {number}"} for number in range(5)]
COUNT = 12
LONGEST = 60.0
"""Seconds in which a call ends in any case: waits of minutes pass at once here."""

STEPPED = (
    "/flowdsl/api/",
    "/flowdsl/runs/",
    "/flowdsl/deploy/",
    "/flowdsl/cyberdesk/",
    "/tests/api/breaking.py",
)
"""Folders of the coroutines whose suspensions are points; the service's own are none."""


class Bug(Exception):
    """What nobody expects."""


class Point:
    """The `nth` event of its kind, at which something happens; None only counts."""

    def __init__(self, nth: int | None = None) -> None:
        self.seen, self._nth = 0, nth

    def reached(self) -> bool:
        """Whether this event is the one."""
        self.seen += 1
        return self.seen == self._nth


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine whose suspensions are points; `fail` gives what one of them raises, if anything.

    The exception comes out of the await that was suspended, whatever that would have returned.
    """

    def __init__(
        self, work: Coroutine[Any, Any, Any], point: Point, fail: Callable[[], BaseException | None]
    ) -> None:
        self._work, self._point, self._fail = work, point, fail
        self._next: BaseException | None = None

    def send(self, value: Any) -> Any:
        if self._next is not None:
            error, self._next = self._next, None
            return self._suspended(self._work.throw(error))
        return self._suspended(self._work.send(value))

    def throw(self, *error: Any) -> Any:
        return self._suspended(self._work.throw(*error))

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()

    def _suspended(self, waited_for: Any) -> Any:
        if self._point.reached():
            self._next = self._fail()
        return waited_for


@dataclass
class Breaking:
    """What happens in one trial: at which event, and what.

    `at` is `await`, `before` or `after` (a request); `kind` is an exception that is raised there,
    `cancel` or `interrupt`.
    """

    at: str = "await"
    kind: type[BaseException] | str = "nothing"
    point: Point = field(default_factory=Point)
    stop: Callable[[], object] = lambda: None

    def happens(self) -> BaseException | None:
        """What is raised at the point; a cancellation or an interrupt comes from elsewhere."""
        if isinstance(self.kind, type):
            return self.kind("broken here")
        self.stop()
        return None


class BrokenDesk:
    """A project whose calls are broken, on an emulator that is opened once."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk = ApiDesk(root, monkeypatch)
        self.breaking: Breaking | None = None
        self._elapsed = 0.0
        opened = embedded.open_embedded

        def open_broken(path: Path | None) -> Any:
            app, close = opened(path)
            return partial(self._served, app), close

        monkeypatch.setattr(embedded, "open_embedded", open_broken)
        monkeypatch.setattr(api_session, "system_runtime", self._runtime)
        client = partial(CyberdeskClient, sleep=self._sleep)
        monkeypatch.setattr(service, "CyberdeskClient", client)

    def _runtime(self) -> Runtime:
        real = system_runtime()
        return Runtime(
            now=real.now, monotonic=lambda: self._elapsed, sleep=self._sleep, new_id=real.new_id
        )

    async def _sleep(self, seconds: float) -> None:
        """Waits of minutes are over at once; those of a watch let the service's time pass."""
        self._elapsed += seconds
        await asyncio.sleep(0.001 if seconds < 1 else 0)

    async def _served(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        breaking = self.breaking
        is_point = breaking is not None and breaking.at in ("before", "after")
        error = None
        if is_point and breaking is not None and breaking.point.reached():
            if breaking.at == "before":
                if (error := breaking.happens()) is not None:
                    raise error
                await asyncio.sleep(0)
            else:

                async def unheard(_message: Any) -> None:
                    pass

                if not isinstance(breaking.kind, type):
                    breaking.happens()
                    await app(scope, receive, send)
                    return
                await app(scope, receive, unheard)
                error = breaking.happens()
                assert error is not None
                raise error
        await app(scope, receive, send)

    @contextmanager
    def broken(self, breaking: Breaking) -> Iterator[None]:
        """While `breaking` holds, in the running event loop where points are suspensions."""
        self.breaking = breaking
        try:
            yield
        finally:
            self.breaking = None

    def factory(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> Any:
        """The factory of tasks whose suspensions are points."""
        breaking, code = self.breaking, getattr(work, "cr_code", None)
        if (
            breaking is not None
            and breaking.at == "await"
            and code is not None
            and any(folder in code.co_filename for folder in STEPPED)
        ):
            work = _Stepped(work, breaking.point, breaking.happens)
        return asyncio.Task(work, loop=loop, **more)


@dataclass(frozen=True)
class Call:
    """A call that makes something: what it asks for, `asked` runs, with a row for each text.

    One that begins a run anew gets it, ended, from `prepare`.
    """

    name: str
    begin: Callable[..., Any]
    asked: int
    texts: Sequence[str] = ()
    prepare: Callable[[Any], Any] | None = None


CALLS = (
    Call("run", lambda p: p.run("note", {"text": "alone"}), 1, ("alone",)),
    Call("run, watched", lambda p: p.run("note", {"text": "alone"}, watch=True), 1, ("alone",)),
    Call(
        "run_many, watched",
        lambda p: p.run_many("note", ROWS, watch=True),
        len(ROWS),
        tuple(row["text"] for row in ROWS),
    ),
    Call("run_many of one", lambda p: p.run_many("note", [{"text": "many"}], count=COUNT), COUNT),
    Call("run_chain", lambda p: p.run_chain("whole", DAY, secrets=PIN, watch=True), 2),
    Call(
        "run_chain with a pause",
        lambda p: p.run_chain(
            "asking", DAY, secrets=PIN, answers={"text": "a", "code": lambda: "sms-1"}, watch=True
        ),
        3,
    ),
    Call(
        "retry, watched",
        lambda p, run: p.retry(run, watch=True),
        1,
        prepare=lambda p: p.run("note", {"text": "again"}, watch=True),
    ),
)


@dataclass
class Verdict:
    """What a trial showed: ids of new runs, those that were told, and what is wrong."""

    there: set[str]
    told: set[str]
    unknown: int
    ended: str
    wrong: list[str]

    @property
    def lost(self) -> int:
        """Runs that nobody was told of, not even as unknown."""
        return max(0, len(self.there - self.told) - self.unknown)

    @property
    def untold(self) -> int:
        """Runs that were told as unknown alone."""
        return len(self.there - self.told) - self.lost


async def all_runs(desk: ApiDesk) -> dict[str, dict[str, Any]]:
    """The newest runs that the service has, by their ids."""
    found = await desk.send("GET", "runs?limit=200&sort_mode=created_at_desc")
    return {run["id"]: run for run in found["items"]}


async def new_runs(
    desk: ApiDesk, known: set[str], given: Sequence[api.Run]
) -> dict[str, dict[str, Any]]:
    """The runs that are not `known`, which are so from now on, or that was `given` and begun."""
    runs = await all_runs(desk)
    if given:
        known |= set(runs)
        return {run.id: runs[run.id] for run in given} if begun_anew(desk) else {}
    new = {each: run for each, run in runs.items() if each not in known}
    known |= set(runs)
    return new


async def let_go(desk: ApiDesk, runs: dict[str, dict[str, Any]]) -> None:
    """End what goes on, and free the machine that a chain which waits holds."""
    for run in runs.values():
        if run["status"] not in TERMINAL_STATUSES:
            with suppress(AssertionError):  # it has ended meanwhile
                await desk.send("PATCH", f"runs/{run['id']}", {"status": "cancelled"})
    for machine in (await desk.send("GET", "machines"))["items"]:
        if machine["reserved_session_id"] is not None:
            await desk.send("PATCH", f"machines/{machine['id']}", {"reserved_session_id": None})


def begun_anew(desk: ApiDesk) -> int:
    """How many retries the service has carried out since the requests were forgotten."""
    return sum(
        each.path.endswith("/retry") and each.status is not None and each.status < 300
        for each in desk.requests
    )


def told_by(outcome: Any) -> api.RunBatch | None:
    """What a result or an exception tells."""
    if isinstance(outcome, BaseException):
        return api.carried_by(outcome)
    if isinstance(outcome, api.Run):
        return api.RunBatch((outcome,), {outcome.id: 0})
    assert isinstance(outcome, api.RunBatch)
    return outcome


def judged(
    call: Call,
    breaking: Breaking,
    outcome: Any,
    there: dict[str, dict[str, Any]],
    anew: int,
) -> Verdict:
    """Hold what was told against what the service has; `anew` counts the retries it carried out."""
    batch = told_by(outcome)
    runs = () if batch is None else batch.runs
    not_made = () if batch is None else batch.not_made
    told = {run.id for run in runs} | {run.id for each in not_made for run in each.candidates}
    unknown = sum(each.count for each in not_made if each.is_unknown)
    wrong: list[str] = []
    if len(there) > call.asked:
        wrong.append(f"{len(there)} runs where {call.asked} were asked for")
    if anew > 1:
        wrong.append(f"begun anew {anew} times")
    if not call.prepare and (invented := {run.id for run in runs} - set(there)):
        wrong.append(f"{len(invented)} runs that the service does not have")
    texts = [run["input_values"].get("text") for run in there.values()] if call.texts else []
    for each in not_made:
        if call.texts and not each.is_unknown and call.texts[each.row] in texts:
            wrong.append(f"row {each.row} is said not to be made and is there")
    if batch is not None and call.texts:
        rows = {*batch.rows.values(), *(each.row for each in not_made)}
        if rows != set(range(len(call.texts))):
            wrong.append(f"only rows {sorted(rows)} are told")
    expected: tuple[type[BaseException], ...] = (api.FlowdslError, asyncio.CancelledError)
    if isinstance(breaking.kind, type):
        expected = (*expected, breaking.kind)
    if breaking.kind == "interrupt":
        expected = (*expected, KeyboardInterrupt)
    if isinstance(outcome, BaseException) and not isinstance(outcome, expected):
        wrong.append(f"it ends in {type(outcome).__name__}: {outcome}")
    ended = type(outcome).__name__
    return Verdict(set(there), told, unknown, ended, wrong)


class AsyncTrials:
    """Trials of the methods that are awaited, in one event loop."""

    def __init__(self, broken: BrokenDesk, project: api.AsyncProject) -> None:
        self._broken, self._project = broken, project
        self._known: set[str] = set()

    async def begin(self) -> None:
        """Compile the sources, and look what is there."""
        asyncio.get_running_loop().set_task_factory(self._broken.factory)
        await self._project.runs(limit=1)
        await self._project._session.compiled()
        self._known = set(await all_runs(self._broken.desk))

    async def points(self, call: Call, at: str) -> int:
        """How many points a call has that is not broken."""
        breaking = Breaking(at)
        await self.trial(call, breaking)
        return breaking.point.seen

    async def trial(self, call: Call, breaking: Breaking) -> Verdict:
        """Break one call."""
        given = [] if call.prepare is None else [await call.prepare(self._project)]
        self._broken.desk.requests.clear()
        with self._broken.broken(breaking):
            task = asyncio.get_running_loop().create_task(self._outcome(call, given))
            if breaking.kind == "cancel":
                breaking.stop = task.cancel
            await asyncio.wait({task}, timeout=LONGEST)
            is_stuck = not task.done()
            task.cancel()
        outcome: Any
        try:
            outcome = await task
        except BaseException as error:  # noqa: BLE001 - judged
            outcome = error
        new = await new_runs(self._broken.desk, self._known, given)
        verdict = judged(call, breaking, outcome, new, begun_anew(self._broken.desk))
        await let_go(self._broken.desk, new)
        if is_stuck:
            verdict.wrong.append(f"it did not end within {LONGEST:g} s")
        return verdict

    async def _outcome(self, call: Call, given: Sequence[Any]) -> Any:
        return await call.begin(self._project, *given)


class PlainTrials:
    """Trials of the methods that wait: an interrupt of the thread that waits."""

    def __init__(self, broken: BrokenDesk, project: api.Project) -> None:
        self._broken, self._project = broken, project
        project.runs(limit=1)
        loop = project._loop
        assert loop is not None
        loop._loop.call_soon_threadsafe(loop._loop.set_task_factory, broken.factory)
        self._known = set(asyncio.run(all_runs(broken.desk)))

    def points(self, call: Call, at: str) -> int:
        """How many points a call has that is not broken."""
        breaking = Breaking(at)
        self.trial(call, breaking)
        return breaking.point.seen

    def trial(self, call: Call, breaking: Breaking) -> Verdict:
        """Interrupt one call."""
        waiting = threading.main_thread().ident
        assert waiting is not None
        given = [] if call.prepare is None else [call.prepare(self._project)]
        self._broken.desk.requests.clear()
        breaking.stop = partial(signal.pthread_kill, waiting, signal.SIGINT)
        outcome: Any
        try:
            try:
                with self._broken.broken(breaking):
                    outcome = call.begin(self._project, *given)
            except BaseException as error:  # noqa: BLE001 - judged
                outcome = error
        except KeyboardInterrupt as late:  # it came when the call had returned
            del late
        new = asyncio.run(new_runs(self._broken.desk, self._known, given))
        verdict = judged(call, breaking, outcome, new, begun_anew(self._broken.desk))
        asyncio.run(let_go(self._broken.desk, new))
        return verdict
