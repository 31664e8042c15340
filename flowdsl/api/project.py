"""Runs of what a project deployed, for a program without an event loop.

The methods are those of `AsyncProject`, each carried out in an event loop that a thread of the
project runs, so that they work everywhere: in a notebook, in several threads at once.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import update_wrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from flowdsl.api.async_project import AsyncProject

P = ParamSpec("P")
T = TypeVar("T")


class _Loop:
    """An event loop in a thread, which does not keep the process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="flowdsl runs", daemon=True
        )
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; an interrupt of the waiting thread, as Ctrl-C, cancels it."""
        done: Future[T] = Future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            tasks[0].add_done_callback(finish)

        def finish(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                done.cancel()
            elif (error := task.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(task.result())

        def stop() -> None:
            for task in tasks:
                task.cancel()

        # An interrupt may come between any two steps, also before the work has begun: the loop
        # does what it is given in order, so that what is begun is stopped.
        try:
            self._loop.call_soon_threadsafe(begin)
            return done.result()
        except BaseException:
            # What has ended needs no stop, and the loop may have been closed since.
            if not done.done():
                self._loop.call_soon_threadsafe(stop)
            raise

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what other threads wait for, do `last`, and end the loop and the thread."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
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
    there, and runs go on. `on_change` is called in the thread of the project.
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
