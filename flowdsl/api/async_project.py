"""Runs of what a project deployed, for a program with an event loop.

Every wait of the service is a wait of the event loop. The sources are compiled and state is read in
threads of their own, so that other tasks go on meanwhile.
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
from flowdsl.runs.starting.plan import Wanted
from flowdsl.runs.starting.retrying import cancel_runs, read_declared_for, refuse_live, retry_body
from flowdsl.tracing.gathering import Beside, Pictures, gather_trace, read_pictures
from flowdsl.workspace.state import read_known_ids, usable_document


class AsyncProject(Resources):
    """Runs in one environment of a project; an async context manager.

    Every method raises `FlowdslError` and nothing else that is expected. Arguments of a wrong type
    or value are refused as `UnusableArguments` or `InputsRefused` before anything is sent. What
    fails after something was made is a `BrokenOff`, which has the runs; any other exception, but a
    cancellation or the end of the program, says that nothing was made.

    Many calls may go on at once, each over connections of its own. Cancelling a call ends it at its
    next wait, and nothing further is begun. Requests that make runs and are under way then get
    their replies first, within 30 s; a second cancellation ends them at once. What was made is told
    by `carried_by` of the `CancelledError`.

    The sources are read once, when a method needs them first; what is deployed is looked up in
    state at each call. The object belongs to one event loop.
    """

    def __init__(self, path: str | os.PathLike[str] = ".", env: str | None = None) -> None:
        """As `open_async_project`."""
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
        """Close the connections; runs go on, and a later call opens connections again."""
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
        """The new run of a workflow, by its name in source; with `watch` as it ended.

        `inputs` are JSON values by name, checked against the declared types before anything is
        sent: `int` for `int`, `str` or `datetime.date` for `date`, lists and dictionaries for lists
        and records. Defaults of the flow are filled in. `secrets` are texts, which no message
        repeats. `machine` and `pool` are names or ids, `session` is an id; of the three one at
        most. A machine is in all of several pools. `start_session` begins a session, whose
        machine `release_session` frees after the run; `alias` is the name of the run for later ones
        of its session. `priority` puts it before runs that wait.

        With `watch` the run is watched through lost connections until it ends, for `timeout`
        seconds at most; however it ended, it is returned, and its `status` tells. `on_change` hears
        of it whenever its status or its step changes; a coroutine is awaited.

        Raises `InputsRefused` with all problems at once, `NoSuchName`, `NotDeployed`,
        `SourceErrors`, `RunNotMade`, `OutcomeUnknown`, `UnusableArguments`, `StateError`,
        `MissingKey`, and `CyberdeskError` where the service refuses or stays away before; when the
        run was made, `StillRunning`, `RunDeleted` and `BrokenOff`, each with the run.
        """
        if start_session and session is not None:
            raise UnusableArguments("`start_session` and `session` exclude each other")
        references = session is not None
        sources = await asyncio.to_thread(sources_of, inputs, secrets, files, references)
        wanted = Wanted(
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
        """Runs of a workflow, one for each of `rows`, which are inputs as those of `run`.

        With `count`, 1 to 10,000, there is one row, and so many runs of it are made, a thousand by
        one request. What is wrong with any row is raised before anything is sent. What the service
        does not make is in the result, and the others go on; only where none can be made, as with a
        key that is refused, `CyberdeskError` is raised. What breaks off the call later has `runs`,
        `rows` and `not_made`, as the result has them. Eight requests are under way at a time. The
        rest is as in `run`.
        """
        table = await asyncio.to_thread(parse_given_rows, rows)
        if count > 1 and len(table) > 1:
            raise UnusableArguments("`count` is for runs of one row")
        sources = await asyncio.to_thread(sources_of, None, secrets, files, session is not None)
        place = where_of(machine, pool, session)
        wanted = Wanted(count=count, is_priority=priority)
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
        """The runs of a chain, by its name in source, in the order of its steps.

        They are made by one request and run in one session. The rest is as in `run`; where the
        chain is not made, `RunNotMade` or `OutcomeUnknown` is raised.

        A chain that pauses takes `answers` by name: values as inputs have them, texts for secrets,
        or functions without arguments, which are called when the steps in front of the pause have
        ended well. A coroutine function is awaited; any other has a thread of its own. An answer
        that is missing, or that does not fit, is raised as `InputsRefused` before anything is sent;
        one that a function does not give, or that does not fit, as `ChainWaits`, and the chain
        keeps its session. `resume` is the id of the session in which it goes on, with inputs,
        secrets and answers as far as later steps take them.

        Such a chain is watched up to its last pause also without `watch`; `timeout` bounds all
        watching together. Where a step in front of a pause does not end well, the steps behind it
        are not begun and the machine is let go. What the service does not make of the steps behind
        a pause is in `not_made`.
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
                Wanted(is_priority=priority),
                where_of(machine, pool, session if resume is None else resume),
                given,
                resume,
                watch,
                timeout,
                on_change,
            )
        return made.batch()

    # Runs that are there

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
        """The runs that match, the newest activity or creation first, without their histories.

        `workflow` is a name in source or an id, `machine` a name or an id, `session` an id. `since`
        and `until` bound the creation; a time without a zone is UTC. `search` is a text in ids,
        inputs, outputs, errors or aliases, with `deep` in histories too. `limit` is the number of
        runs at most, 1,000 in one reply; None takes every run, by creation, and excludes `deep` and
        `skip`. Raises `NoSuchName` and `CyberdeskError`.
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
        """The run as it is now, with everything that the service says of it.

        A run is named by its id or by the first 4 or more digits of it, here and elsewhere. Raises
        `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await find_run(client, word_of(run))

    @checked
    async def watch(
        self, *runs: str | Run, timeout: float | None = None, on_change: Changed | None = None
    ) -> list[Run]:
        """The runs, in the order given, when all of them have ended.

        More than four runs of one workflow or session are read from the list, which is one request
        for all. Raises `StillRunning` when `timeout` seconds are over, `RunDeleted`, `NoSuchName`,
        and `BrokenOff` where `on_change` raises or the service stays away for ten minutes.
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
        """The same run, begun anew exactly once; its outputs, history and files are lost.

        `inputs` replace those of the same names. The service forgot the secrets when the run ended,
        so that all of them are given again. With `leave_session` it runs outside of the session it
        was in. The rest is as in `run`. Raises `RunGoesOn` for a run that has not ended,
        `CyberdeskError` where the service refuses, `OutcomeUnknown` where nobody knows whether the
        run was begun anew, and as `run`.
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
        """The runs that went on, cancelled; those that have ended are left out.

        All are found before one is cancelled. Raises `NoSuchName`, `NotAllCancelled` and
        `CyberdeskError`.
        """
        async with self._session.client() as client:
            found = [await find_run(client, word_of(run)) for run in runs]
            live = [run for run in found if run.is_live]
            done, failures = await cancel_runs(client, live, self._session.runtime)
        if failures:
            raise NotAllCancelled(failures, done)
        return done

    @checked
    async def attachments(
        self, run: str | Run, *, type: Literal["input", "output"] | None = None
    ) -> list[RunAttachment]:
        """The files of a run; `type` chooses those that went in or came out.

        `filename` is what the machine called a file, and no path to write to. Raises `NoSuchName`
        and `CyberdeskError`.
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
        """The files of a run, saved in `folder`, which is made, under names that are safe.

        Nothing that is there is replaced. A file of more than `max_bytes` (100 MB), or one that
        cannot be had or written, is among the `failures`, and leaves nothing behind. Raises
        `UnusableArguments` for a folder that cannot be made, `NoSuchName` and `CyberdeskError`.
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
        """What the run did, over the lines of the flow that was deployed when it ran.

        `screenshots` reads them as well, 24 MB together at most, for `RunTrace.to_html`. Raises
        `NoSuchName`, `StateError` and `CyberdeskError`.
        """
        session = self._session
        document = await asyncio.to_thread(usable_document, session.store, session.environment)
        beside = Beside(document, session.store, session.files, session.root, session.files.folders)
        async with session.client() as client:
            found = await find_run(client, word_of(run))
            trace = await gather_trace(client, found, beside)
            pictures = await read_pictures(client, trace) if screenshots else Pictures({}, {})
        return RunTrace(trace, self.environment, pictures)


_OPENED = signature(AsyncProject)


def open_async_project(path: str | os.PathLike[str] = ".", env: str | None = None) -> AsyncProject:
    """The project that the folder `path` belongs to, in the environment `env`.

    Without `env` it is the one that `FLOWDSL_ENV` names, or the only one. Nothing is sent yet.
    Raises `NoProject`, `SourceErrors` for `flowdsl.toml`, `NoSuchEnvironment`, `UnusableProject`
    and `StateError`.

        async with open_async_project("desk", env="prod") as project:
            run = await project.run("look_up", {"claim": "C4711"}, watch=True)
    """
    return AsyncProject(path, env)
