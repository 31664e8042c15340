"""Runs of the workflows that a project deployed, for a program without an event loop.

The methods are those of `AsyncProject`. They run in an event loop in a thread of the project, so
that they work everywhere: in a notebook, or in several threads at once.
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
from flowdsl.api.errors import UnusableArguments
from flowdsl.api.made import carried_by, carry
from flowdsl.api.results import RunBatch
from flowdsl.api.steps import GRACE
from flowdsl.cyberdesk.models.run import Run

P = ParamSpec("P")
T = TypeVar("T")


_CLOSING = 5.0
"""Seconds that a cancelled call has to end, in addition to `GRACE`."""


def _cancelled(cut: asyncio.CancelledError) -> CancelledError:
    """Convert a cancellation to the `concurrent.futures` type, keeping the runs of the call."""
    cancelled = CancelledError()
    cancelled.__cause__ = cut
    return cancelled


def _hand_over(done: Future[Any], error: BaseException) -> None:
    """Attach the runs of the interrupted call to the interrupt `error`."""
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


class _LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._calls: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="flowdsl runs", daemon=True
        )
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop and return its result.

        An interrupt of the waiting thread (Ctrl-C) cancels `work`. It is raised when `work` has
        ended, and carries the runs that were created. A second interrupt cancels again, a third
        stops waiting. Raises `UnusableArguments` in the thread of the loop, which would wait for
        itself.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise UnusableArguments(
                "`on_change` called a method of the project that is waiting for it; "
                "call it after that method has returned, or open another project"
            )
        done: Future[T] = Future()
        tasks: list[asyncio.Task[None]] = []

        async def carried() -> None:
            # Set as a result: `SystemExit` raised by a task would end the thread of the loop.
            try:
                result = await work
            except asyncio.CancelledError as cut:
                done.set_exception(_cancelled(cut))
            except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
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
            # It was cancelled before it started.
            if not done.done():
                work.close()
                done.set_exception(CancelledError())

        def stop() -> None:
            for task in tasks:
                task.cancel()
            if not tasks:
                finish()

        # An interrupt may arrive between any two steps, even before `work` has started. The loop
        # runs callbacks in order, so `stop` always comes after `begin`.
        try:
            self._loop.call_soon_threadsafe(begin)
            return done.result()
        except BaseException as error:
            # A finished call needs no stop, and the loop may already be closed.
            if not done.done():
                self._stop(stop, done)
            _hand_over(done, error)
            raise

    def _stop(self, stop: Callable[[], object], done: Future[Any]) -> None:
        """Cancel the call, and wait for its end."""
        for seconds in (GRACE + _CLOSING, _CLOSING):
            try:
                self._loop.call_soon_threadsafe(stop)
                wait([done], timeout=seconds)
                if done.done():
                    return
            except BaseException:  # noqa: BLE001 - a further interrupt; the first one is raised
                continue

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel the calls of other threads, run `last`, and end the loop and its thread."""

        async def end() -> None:
            # First the calls, each of which waits for its requests under way.
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
    """Make the blocking method of `Project` for a method of `AsyncProject`."""

    def wait(self: Project, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(method(self._project, *args, **kwargs))

    update_wrapper(wait, method)
    return wait


class Project:
    """Runs in one environment of a project; a context manager.

    Every method takes, returns and raises the same as the method of that name in `AsyncProject`,
    and blocks until it is done. Several threads may share a project. Ctrl-C acts like a
    cancellation there, and runs on the service continue; `carried_by` of the `KeyboardInterrupt`
    returns them. `on_change` is called in the project's thread, and calls no
    method of the project.
    """

    def __init__(self, path: str | os.PathLike[str] = ".", env: str | None = None) -> None:
        """See `open_project`."""
        self._project = AsyncProject(path, env)
        self._lock = threading.Lock()
        self._loop: _LoopThread | None = None

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
        """Close the connections and end the thread; a later call opens both again.

        Runs on the service continue. Pending calls of other threads raise
        `concurrent.futures.CancelledError`.
        """
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close(self._project.aclose())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = _LoopThread()
            loop = self._loop
        return loop.wait(work)


def open_project(path: str | os.PathLike[str] = ".", env: str | None = None) -> Project:
    """Open the project that contains the folder `path`, in the environment `env`.

    Without `env`, it is the environment that `FLOWDSL_ENV` names, or else the only one. Nothing is
    sent yet. Raises `NoProject`, `SourceErrors` for `flowdsl.toml`, `NoSuchEnvironment`,
    `UnusableProject` and `StateError`.

        with open_project("desk", env="prod") as project:
            run = project.run("look_up", {"claim": "C4711"}, watch=True)
    """
    return Project(path, env)
