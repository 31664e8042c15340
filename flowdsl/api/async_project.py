"""Runs of the workflows that a project deployed, for a program with an event loop.

Waiting for the service never blocks the event loop. Sources are compiled and state is read in
threads, so that other tasks continue meanwhile.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from flowdsl.api.chains import Answers, chain_run
from flowdsl.api.checked import (
    Moment,
    Words,
    check_arguments,
    checked,
    moment_of,
    sources_of,
    where_of,
    word_of,
)
from flowdsl.api.errors import NotAllCancelled, UnusableArguments
from flowdsl.api.made import Made
from flowdsl.api.resources import Resources
from flowdsl.api.results import RunBatch, RunFile, RunTrace, SavedAttachments
from flowdsl.api.session import Session
from flowdsl.api.steps import Changed, begin_anew, ended, follow, make
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.host.folders import open_folder
from flowdsl.host.writing import reason_of
from flowdsl.runs.attachments import MAX_FILE, save_attachments
from flowdsl.runs.filters import LISTED, run_filters
from flowdsl.runs.inputs.python_values import parse_given_rows, require_named_values
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.place import find_place
from flowdsl.runs.starting.plan import RunOptions
from flowdsl.runs.starting.retrying import cancel_runs, read_declared_for, refuse_live, retry_body
from flowdsl.tracing.gathering import Beside, Pictures, gather_trace, read_pictures
from flowdsl.workspace.state import read_known_ids, usable_document


class AsyncProject(Resources):
    """Runs in one environment of a project; an async context manager.

    Every expected failure of a method is a `FlowdslError`. Arguments of a wrong type or value raise
    `UnusableArguments` or `InputsRefused` before anything is sent. A call that fails after it
    created something raises `BrokenOff`, which holds the runs. Any other exception, except a
    cancellation or the exit of the program, means that nothing was created.

    Many calls may be active at once, each with connections of its own. Cancelling a call ends it at
    its next await, and no further request is sent. Requests that create runs and are already under
    way are first awaited for up to 30 s; a second cancellation ends them at once. `carried_by` of
    the `CancelledError` returns the runs that were created.

    The sources are read once, when a method first needs them; deployed ids are looked up in state
    at each call. The object belongs to one event loop.
    """

    def __init__(self, path: str | os.PathLike[str] = ".", env: str | None = None) -> None:
        """See `open_async_project`."""
        check_arguments(_OPENED, {"path": path, "env": env})
        self._session = Session(path, env)

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self._session.environment.name

    @property
    def root(self) -> Path:
        """The absolute folder of the project."""
        return Path(self._session.root)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; runs on the service continue, and a later call reconnects."""
        await self._session.close()

    # New runs

    @checked
    async def run(
        self,
        workflow: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        files: Sequence[RunFile] = (),
        machine: str | None = None,
        pool: Words = None,
        session: str | None = None,
        start_session: bool = False,
        release_session: bool = False,
        alias: str | None = None,
        priority: bool = False,
        watch: bool = False,
        timeout: float | None = None,
        on_change: Changed | None = None,
    ) -> Run:
        """Create a run of a workflow; with `watch`, return it when it has ended.

        `workflow` is a name in source. `inputs` are JSON values by name, checked against the
        declared types before anything is sent: `int` for `int`, `str` or `datetime.date` for
        `date`, lists and dictionaries for lists and records. Defaults of the flow are filled in.
        `secrets` are strings, which no message repeats. `machine` and `pool` are names or ids,
        `session` is an id; at most one of the three may be given. With several pools, the machine
        has to be in all of them. `start_session` starts a session, whose machine `release_session`
        frees after the run; `alias` is the name by which later runs of the session refer to this
        one. `priority` puts the run before waiting runs.

        With `watch` the run is watched until it ends, also across lost connections, for at most
        `timeout` seconds. It is returned however it ended; see its `status`. `on_change` is called
        with the run whenever its status or step changes; if it returns an awaitable, that is
        awaited.

        Raises `InputsRefused` with all problems at once, `NoSuchName`, `NotDeployed`,
        `SourceErrors`, `RunNotMade`, `OutcomeUnknown`, `UnusableArguments`, `StateError`,
        `MissingKey`, and `CyberdeskError` if the service refuses or is unreachable before the run
        is created; afterwards `StillRunning`, `RunDeleted` and `BrokenOff`, each with the run.
        """
        if start_session and session is not None:
            raise UnusableArguments("`start_session` and `session` exclude each other")
        references = session is not None
        sources = await asyncio.to_thread(sources_of, inputs, secrets, files, references)
        wanted = RunOptions(
            is_priority=priority,
            starts_session=start_session,
            releases_session=release_session,
            alias=alias,
        )
        place = where_of(machine, pool, session)
        async with Made() as made:
            await make(self._session, made, "workflow", workflow, sources, (), wanted, place)
            run = made.the_run()
            if watch:
                (run,) = await ended(self._session, made, timeout, on_change)
        return run

    @checked
    async def run_many(
        self,
        workflow: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        count: int = 1,
        secrets: Mapping[str, str] | None = None,
        files: Sequence[RunFile] = (),
        machine: str | None = None,
        pool: Words = None,
        session: str | None = None,
        priority: bool = False,
        watch: bool = False,
        timeout: float | None = None,
        on_change: Changed | None = None,
    ) -> RunBatch:
        """Create runs of a workflow, one for each of `rows`; a row has inputs as for `run`.

        With `count` (1 to 10,000) there is one row, and that many runs of it are created, a
        thousand per request. Problems of any row are raised before anything is sent. Runs that the
        service does not create are listed in the result, and the others continue; `CyberdeskError`
        is raised only if none can be created, for example because the key is refused. An exception
        that interrupts the call later has `runs`, `rows` and `not_made` like the result. Up to
        eight requests are under way at a time. Everything else is as in `run`.
        """
        table = await asyncio.to_thread(parse_given_rows, rows)
        if count > 1 and len(table) > 1:
            raise UnusableArguments("`count` is for runs of one row")
        sources = await asyncio.to_thread(sources_of, None, secrets, files, session is not None)
        place = where_of(machine, pool, session)
        wanted = RunOptions(count=count, is_priority=priority)
        async with Made(table) as made:
            await make(self._session, made, "workflow", workflow, sources, table, wanted, place)
            if watch:
                await follow(self._session, made, timeout, on_change)
        return made.batch()

    @checked
    async def run_chain(
        self,
        chain: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        files: Sequence[RunFile] = (),
        machine: str | None = None,
        pool: Words = None,
        session: str | None = None,
        answers: Answers | None = None,
        resume: str | None = None,
        priority: bool = False,
        watch: bool = False,
        timeout: float | None = None,
        on_change: Changed | None = None,
    ) -> RunBatch:
        """Create the runs of a chain, named as in source, in the order of its steps.

        They are created by one request and run in one session. Everything else is as in `run`; if
        the chain is not created, `RunNotMade` or `OutcomeUnknown` is raised.

        A chain that pauses takes `answers` by name: values like inputs, strings for secrets, or
        functions without arguments, which are called when the steps before the pause have
        succeeded. A coroutine function is awaited; any other runs in a thread of its own. A missing
        or invalid answer raises `InputsRefused` before anything is sent. If a function returns no
        answer or an invalid one, `ChainWaits` is raised, and the chain keeps its session. `resume`
        is the id of the session in which a chain continues; inputs, secrets and answers are then
        those that later steps take.

        Such a chain is watched up to its last pause even without `watch`; `timeout` bounds the
        total time of watching. If a step before a pause does not succeed, the steps after it are
        not started and the machine is released. Steps after a pause that the service does not
        create are in `not_made`.
        """
        given = dict(require_named_values({} if answers is None else answers, "answers"))
        sources = await asyncio.to_thread(sources_of, inputs, secrets, files, False)
        if resume is not None and (machine, pool, session) != (None, None, None):
            raise UnusableArguments("`resume` excludes `machine`, `pool` and `session`")
        async with Made() as made:
            await chain_run(
                self._session,
                made,
                chain,
                sources,
                RunOptions(is_priority=priority),
                where_of(machine, pool, session if resume is None else resume),
                given,
                resume,
                watch,
                timeout,
                on_change,
            )
        return made.batch()

    # Existing runs

    @checked
    async def runs(
        self,
        *,
        workflow: str | None = None,
        machine: str | None = None,
        session: str | None = None,
        status: str | None = None,
        since: Moment = None,
        until: Moment = None,
        search: str | None = None,
        deep: bool = False,
        sort: Literal["activity", "created"] = "activity",
        limit: int | None = 20,
        skip: int = 0,
    ) -> list[Run]:
        """Return the runs that match, the most recently active or created first, without histories.

        `workflow` is a name in source or an id, `machine` a name or an id, `session` an id. `since`
        and `until` bound the time of creation; a time without a zone is UTC. `search` is searched
        for in ids, inputs, outputs, errors and aliases, with `deep` in histories too. `limit` is
        the maximum number of runs, 1,000 in one reply; None returns every run, sorted by creation,
        and excludes `deep` and `skip`. Raises `NoSuchName` and `CyberdeskError`.
        """
        if limit is None and (deep or skip):
            raise UnusableArguments("`limit=None` excludes `deep` and `skip`")
        deployed = await asyncio.to_thread(read_known_ids, self._session.store)
        async with self._session.client() as client:
            filters = await run_filters(
                client,
                deployed,
                workflow=workflow,
                machine=machine,
                session=session,
                status=status,
                since=moment_of(since),
                until=moment_of(until),
            )
            if limit is None:
                return [*await client.runs.list_all(**filters, search=search, fields=LISTED)]
            page = await client.runs.list(
                **filters,
                search=search,
                fields=LISTED,
                skip=skip,
                limit=limit,
                deep_search=True if deep else None,
                sort_mode="created_at_desc" if sort == "created" else "activity",
            )
            return list(page.items)

    @checked
    async def get_run(self, run: str | Run) -> Run:
        """Return the current state of a run, with every field of the service.

        Here and elsewhere, a run is given by its id or by at least the first 4 digits of it. Raises
        `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await find_run(client, word_of(run))

    @checked
    async def watch(
        self, *runs: str | Run, timeout: float | None = None, on_change: Changed | None = None
    ) -> list[Run]:
        """Wait until all of the runs have ended; return them in the order given.

        More than four runs of one workflow or session are polled through the list, with one request
        for all. Raises `StillRunning` when `timeout` seconds have passed, `RunDeleted`,
        `NoSuchName`, and `BrokenOff` if `on_change` raises or the service is unreachable for ten
        minutes.
        """
        async with self._session.client() as client:
            found = [run if isinstance(run, Run) else await find_run(client, run) for run in runs]
        async with Made() as made:
            made.again = found
            last = {run.id: run for run in await ended(self._session, made, timeout, on_change)}
        return [last[run.id] for run in found]

    @checked
    async def retry(
        self,
        run: str | Run,
        inputs: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        files: Sequence[RunFile] = (),
        machine: str | None = None,
        pool: Words = None,
        session: str | None = None,
        leave_session: bool = False,
        priority: bool = False,
        watch: bool = False,
        timeout: float | None = None,
        on_change: Changed | None = None,
    ) -> Run:
        """Restart the same run exactly once; its outputs, history and files are lost.

        `inputs` override those of the same names. All secrets have to be given again, since the
        service discards them when a run ends. With `leave_session` the run leaves the session it
        was in. Everything else is as in `run`. Raises `RunGoesOn` if the run has not ended,
        `CyberdeskError` if the service refuses, `OutcomeUnknown` if it is not known whether the run
        was restarted, and the exceptions of `run`.
        """
        sources = await asyncio.to_thread(sources_of, inputs, secrets, files, True)
        place = where_of(machine, pool, session)
        deployed = await asyncio.to_thread(read_known_ids, self._session.store)
        async with Made(verb="begun anew") as made:
            async with self._session.client() as client:
                found = await find_run(client, word_of(run))
                refuse_live(found)
                declared = await read_declared_for(client, found, deployed)
                where, _ = await find_place(client, **place)
                body = retry_body(
                    found, declared, sources, leaves_session=leave_session, is_priority=priority
                )
                again = RunRetry(**body, **where)
                result = await begin_anew(self._session, made, client, found, again)
            if watch:
                (result,) = await ended(self._session, made, timeout, on_change)
        return result

    @checked
    async def cancel(self, *runs: str | Run) -> list[Run]:
        """Cancel the runs that have not ended, and return those; ended runs are left out.

        All runs are looked up before the first is cancelled. Raises `NoSuchName`, `NotAllCancelled`
        and `CyberdeskError`.
        """
        async with self._session.client() as client:
            chosen = [await find_run(client, word_of(run)) for run in runs]
            live = [run for run in chosen if run.is_live]
            done, failures = await cancel_runs(client, live, self._session.runtime)
        if failures:
            raise NotAllCancelled(failures, done)
        return done

    @checked
    async def attachments(
        self, run: str | Run, *, type: Literal["input", "output"] | None = None
    ) -> list[RunAttachment]:
        """Return the files of a run; `type` selects its input or output files.

        `filename` is the name on the machine; do not use it as a path to write to. Raises
        `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            found = await find_run(client, word_of(run))
            return [*await client.run_attachments.list_all(run_id=found.id, attachment_type=type)]

    @checked
    async def save_attachments(
        self,
        run: str | Run,
        folder: str | os.PathLike[str],
        *,
        type: Literal["input", "output"] | None = None,
        max_bytes: int = MAX_FILE,
    ) -> SavedAttachments:
        """Save the files of a run under safe names in `folder`, which is created if it is missing.

        Existing files are never replaced. A file larger than `max_bytes` (100 MB), or one that
        cannot be fetched or written, is listed in `failures`, and nothing of it stays on disk.
        Raises `UnusableArguments` if the folder cannot be created, `NoSuchName` and
        `CyberdeskError`.
        """
        try:
            open_folder(os.fspath(folder)).close()
        except (OSError, ValueError) as error:
            shown = os.fspath(folder)
            raise UnusableArguments(f"`{shown}` cannot be written: {reason_of(error)}") from None
        files = await self.attachments(run, type=type)
        async with self._session.client() as client:
            saved, failures = await save_attachments(
                client, files, os.fspath(folder), limit=max_bytes
            )
        return SavedAttachments({each: Path(path) for each, path in saved.items()}, tuple(failures))

    @checked
    async def trace(self, run: str | Run, *, screenshots: bool = False) -> RunTrace:
        """Return what the run did, mapped to the lines of the flow that was deployed when it ran.

        `screenshots` reads them as well, at most 24 MB together, for `RunTrace.to_html`. Raises
        `NoSuchName`, `StateError` and `CyberdeskError`.
        """
        session = self._session
        document = await asyncio.to_thread(usable_document, session.store, session.environment)
        beside = Beside(document, session.store, session.files, session.root, session.files.folders)
        async with session.client() as client:
            chosen = await find_run(client, word_of(run))
            trace = await gather_trace(client, chosen, beside)
            pictures = await read_pictures(client, trace) if screenshots else Pictures({}, {})
        return RunTrace(trace, self.environment, pictures)


_OPENED = signature(AsyncProject)


def open_async_project(path: str | os.PathLike[str] = ".", env: str | None = None) -> AsyncProject:
    """Open the project that contains the folder `path`, in the environment `env`.

    Without `env`, it is the environment that `FLOWDSL_ENV` names, or else the only one. Nothing is
    sent yet. Raises `NoProject`, `SourceErrors` for `flowdsl.toml`, `NoSuchEnvironment`,
    `UnusableProject` and `StateError`.

        async with open_async_project("desk", env="prod") as project:
            run = await project.run("look_up", {"claim": "C4711"}, watch=True)
    """
    return AsyncProject(path, env)
