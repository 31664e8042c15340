"""Runs of what a project deployed, for a program without an event loop.

The methods are those of `AsyncProject`, each carried out in an event loop that a thread of the
project runs, so that they work everywhere: in a notebook, in several threads at once.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from functools import update_wrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from flowdsl.api.async_project import AsyncProject
from flowdsl.api.made import carried_by, carry
from flowdsl.api.results import RunBatch
from flowdsl.api.steps import GRACE
from flowdsl.cyberdesk.models.run import Run

P = ParamSpec("P")
T = TypeVar("T")


_CLOSING = 5.0
"""Seconds beyond the grace of a call in which it ends."""


def _cancelled(cut: asyncio.CancelledError) -> CancelledError:
    """A cancellation as threads know it, with what the call had made."""
    told = CancelledError()
    told.__cause__ = cut
    return told


def _hand_over(done: Future[Any], error: BaseException) -> None:
    """Let an interrupt tell what the call that it came upon had made."""
    if not done.done():
        return
    ended = done.exception()
    if ended is error:
        return
    result = done.result() if ended is None else None
    batch = None if ended is None else carried_by(ended)
    if isinstance(result, Run):
        batch = RunBatch((result,), {result.id: 0})
    elif isinstance(result, RunBatch):
        batch = result
    if batch is not None:
        carry(error, batch)


class _Loop:
    """An event loop in a thread, which does not keep the process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._calls: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="flowdsl runs", daemon=True
        )
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`. An interrupt of the waiting thread, as Ctrl-C, cancels it, and is
        raised when the work has ended, with what that had made; a second one cancels it once more,
        a third does not wait.
        """
        done: Future[T] = Future()
        tasks: list[asyncio.Task[None]] = []

        async def carried() -> None:
            # As a value: an exit of the program out of a task would end the thread of the loop.
            try:
                result = await work
            except asyncio.CancelledError as cut:
                done.set_exception(_cancelled(cut))
            except BaseException as error:  # noqa: BLE001 - whoever waits raises it
                done.set_exception(error)
            else:
                done.set_result(result)

        def begin() -> None:
            if not done.done():
                tasks.append(self._loop.create_task(carried()))
                self._calls.add(tasks[0])
                tasks[0].add_done_callback(finish)

        def finish(task: asyncio.Task[None] | None = None) -> None:
            if task is not None:
                self._calls.discard(task)
            # What was cancelled before it began.
            if not done.done():
                work.close()
                done.set_exception(CancelledError())

        def stop() -> None:
            for task in tasks:
                task.cancel()
            if not tasks:
                finish()

        # An interrupt may come between any two steps, also before the work has begun: the loop
        # does what it is given in order, so that what is begun is stopped.
        try:
            self._loop.call_soon_threadsafe(begin)
            return done.result()
        except BaseException as error:
            # What has ended needs no stop, and the loop may have been closed since.
            if not done.done():
                self._stop(stop, done)
            _hand_over(done, error)
            raise

    def _stop(self, stop: Callable[[], object], done: Future[Any]) -> None:
        """Cancel what is waited for, and wait for its end."""
        for seconds in (GRACE + _CLOSING, _CLOSING):
            try:
                self._loop.call_soon_threadsafe(stop)
                wait([done], timeout=seconds)
                if done.done():
                    return
            except BaseException:  # noqa: BLE001 - one more interrupt, the first one is raised
                continue

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what other threads wait for, do `last`, and end the loop and the thread."""

        async def end() -> None:
            # The calls first, each of which finishes what it has under way.
            for tasks in (self._calls, asyncio.all_tasks()):
                others = tasks - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
            await last
            await self._loop.shutdown_default_executor()

        self.wait(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _waiting(
    method: Callable[Concatenate[AsyncProject, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Project, P], T]:
    """The method of `Project` that waits for a method of `AsyncProject`."""

    def wait(self: Project, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(method(self._project, *args, **kwargs))

    update_wrapper(wait, method)
    return wait


class Project:
    """Runs in one environment of a project; a context manager.

    Every method takes, returns and raises what the method of the same name of `AsyncProject` does,
    and waits for it. Several threads may use one project. Ctrl-C ends the wait as cancelling does
    there, and runs go on; `carried_by` tells those of the `KeyboardInterrupt`. `on_change` is
    called in the thread of the project.
    """

    def __init__(self, path: str | os.PathLike[str] = ".", env: str | None = None) -> None:
        """As `open_project`."""
        self._project = AsyncProject(path, env)
        self._lock = threading.Lock()
        self._loop: _Loop | None = None

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self._project.environment

    @property
    def root(self) -> Path:
        """The absolute folder of the project."""
        return self._project.root

    run = _waiting(AsyncProject.run)
    run_many = _waiting(AsyncProject.run_many)
    run_chain = _waiting(AsyncProject.run_chain)
    runs = _waiting(AsyncProject.runs)
    get_run = _waiting(AsyncProject.get_run)
    watch = _waiting(AsyncProject.watch)
    retry = _waiting(AsyncProject.retry)
    cancel = _waiting(AsyncProject.cancel)
    attachments = _waiting(AsyncProject.attachments)
    save_attachments = _waiting(AsyncProject.save_attachments)
    trace = _waiting(AsyncProject.trace)
    machines = _waiting(AsyncProject.machines)
    get_machine = _waiting(AsyncProject.get_machine)
    pools = _waiting(AsyncProject.pools)
    get_pool = _waiting(AsyncProject.get_pool)
    connections = _waiting(AsyncProject.connections)
    get_connection = _waiting(AsyncProject.get_connection)
    trajectories = _waiting(AsyncProject.trajectories)
    get_trajectory = _waiting(AsyncProject.get_trajectory)
    usage = _waiting(AsyncProject.usage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread; runs go on, and a later call begins anew.

        What other threads wait for ends with `concurrent.futures.CancelledError`.
        """
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close(self._project.aclose())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = _Loop()
            loop = self._loop
        return loop.wait(work)


def open_project(path: str | os.PathLike[str] = ".", env: str | None = None) -> Project:
    """The project that the folder `path` belongs to, in the environment `env`.

    Without `env` it is the one that `FLOWDSL_ENV` names, or the only one. Nothing is sent yet.
    Raises `NoProject`, `SourceErrors` for `flowdsl.toml`, `NoSuchEnvironment`, `UnusableProject`
    and `StateError`.

        with open_project("desk", env="prod") as project:
            run = project.run("look_up", {"claim": "C4711"}, watch=True)
    """
    return Project(path, env)
