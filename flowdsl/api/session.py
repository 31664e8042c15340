"""An opened project and environment: compiled sources, state and clients."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace

from flowdsl.api.sources import SourceErrors
from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.project import Environment, Project
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import PROJECT_FILE, DiskFiles, find_root
from flowdsl.host.listing import expand_patterns
from flowdsl.ir.nodes import Program
from flowdsl.runs.inputs.assemble import InputSources
from flowdsl.runs.inputs.today import today_in
from flowdsl.source.failure import TOO_DEEP
from flowdsl.workspace.environments import NoProject, UnusableProject, require_environment
from flowdsl.workspace.project import ProjectRead, read_project
from flowdsl.workspace.service import open_service
from flowdsl.workspace.state import open_state_of, require_project_id, system_runtime


class Session:
    """One environment of a project. Sources are compiled once, on first use.

    The clients belong to one event loop. The constructor raises `NoProject`, `SourceErrors`,
    `NoSuchEnvironment`, `UnusableProject` and `StateError`.
    """

    def __init__(self, path: str | os.PathLike[str], env: str | None) -> None:
        folder = os.fspath(path)
        if not os.path.isdir(folder):
            # Searching upwards from a missing folder could find another project.
            raise NoProject(f"`{make_printable(folder)}` is no folder")
        root = find_root(folder)
        if root is None:
            raise NoProject(
                f"there is no `{PROJECT_FILE}` in `{make_printable(folder)}` or above; `flowdsl "
                "init` makes one"
            )
        self._read = read_project(root)
        self.environment = require_environment(
            _project_of(self._read), env, os.environ, named_with="`env`"
        )
        self.store = open_state_of(
            self.environment, root, require_project_id(_project_of(self._read))
        )
        self.runtime = system_runtime()
        self._compiled: tuple[Program, Bundle] | None = None
        self._compiling, self._opening = asyncio.Lock(), asyncio.Lock()
        self._closing = ExitStack()
        self._first: CyberdeskClient | None = None
        self._idle: list[CyberdeskClient] = []

    @property
    def root(self) -> str:
        """The absolute folder of the project."""
        return self._read.root

    @property
    def files(self) -> DiskFiles:
        """The files of the project."""
        return self._read.files

    def on_this_day(self, sources: InputSources) -> InputSources:
        """Add the current day in the project's timezone; raises `UnknownTimezone`."""
        timezone = _project_of(self._read).timezone
        return replace(sources, today=today_in(timezone, self.runtime.now()))

    async def compiled(self) -> tuple[Program, Bundle]:
        """Return the program of the sources and its artifacts; raises `SourceErrors`."""
        async with self._compiling:
            if self._compiled is None:
                self._compiled = await asyncio.to_thread(_compile, self._read, self.environment)
            return self._compiled

    @asynccontextmanager
    async def client(self) -> AsyncIterator[CyberdeskClient]:
        """Lend a client to one task, with connections that no other task uses meanwhile.

        httpx scans its connection pool on every request, so many tasks sharing one client are slow.
        """
        first = await self._opened()
        own = self._idle.pop() if self._idle else first.make_worker()
        try:
            yield own
        finally:
            if self._first is not first:  # `close` was called meanwhile
                await own.__aexit__(None, None, None)
            else:
                self._idle.append(own)

    async def _opened(self) -> CyberdeskClient:
        async with self._opening:
            if self._first is None:
                opened = open_service(self.environment, self._read.root)
                self._first = self._closing.enter_context(opened)
            return self._first

    async def close(self) -> None:
        """Close the connections and the embedded emulator; a later call opens them again."""
        clients = [*self._idle, *(() if self._first is None else (self._first,))]
        self._idle, self._first = [], None
        # Locks that were waited for are bound to the event loop, which may end now.
        self._compiling, self._opening = asyncio.Lock(), asyncio.Lock()
        for client in clients:
            async with client:
                pass
        self._closing.close()


def _project_of(read: ProjectRead) -> Project:
    if read.problems:
        raise SourceErrors(read.problems)
    assert read.project is not None
    return read.project


def _compile(read: ProjectRead, environment: Environment) -> tuple[Program, Bundle]:
    project = _project_of(read)
    meant = expand_patterns(read.files, list(project.flows))
    if meant.named:
        are = "is no flow" if len(meant.named) == 1 else "are no flows"
        raise UnusableProject(
            f"{join_names(meant.named)} {are}; name `.flow` files, folders or globs in `flows` of "
            f"`{PROJECT_FILE}`"
        )
    options = CompileOptions(project, environment, True, read.rules)
    try:
        compilation = compile_project(read.files, meant.flows, options)
    except RecursionError:
        raise UnusableProject(TOO_DEEP) from None
    if compilation.program is None or compilation.bundle is None:
        raise SourceErrors(compilation.analysis.diagnostics)
    return compilation.program, compilation.bundle
