"""`flowdsl state rebuild`: make a lost state anew from what the organisation holds."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from flowdsl.config.address import WORKFLOW
from flowdsl.deploy.apply.attempt import EXPECTED, status_of
from flowdsl.deploy.job import Job, Options
from flowdsl.deploy.outcome import Stop
from flowdsl.deploy.rebuild import find_state, write_state
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.state.errors import CorruptState
from flowdsl.state.ids import MAX_BYTES, IdList, UnusableIds, load_ids

from ...runtime import exit_codes, http_log
from ...runtime.clients import open_client
from ...runtime.console import Console
from ...runtime.engine.deployment import (
    EXIT_CODES,
    Deployment,
    compile_bundle,
    holder,
    open_deployment,
    warn_of_file_state,
)
from ...runtime.engine.options import lock_timeout
from ...runtime.engine.questions import confirmed, require_answer
from ...runtime.engine.report import Report
from ...runtime.failure import CommandError, UsageError
from ...runtime.interrupts import Interrupts
from ...runtime.progress import open_display
from ...runtime.time_limit import TimeLimit
from .rebuild_view import render_nothing, render_reconstruction

T = TypeVar("T")


def rebuild(arguments: argparse.Namespace, console: Console) -> int:
    """Find, show, ask, write. Nothing is written where nothing was found."""
    limit = TimeLimit(arguments.timeout)
    deployment = open_deployment(arguments.env, console)
    name, store = deployment.environment.name, deployment.store
    ids = _read_ids(arguments.ids, deployment)
    bundle = compile_bundle(deployment, console)
    warn_of_file_state(deployment, console)
    report = Report(console, open_display("none", console, False), environment=name)
    interrupts = Interrupts(lambda: report.writing, report.say, limit)
    listener = http_log.listener(arguments, console)
    with open_client(deployment.environment, deployment.target.root, limit, listener) as client:
        options = Options(
            lock_timeout=lock_timeout(arguments.lock_timeout),
            holder=holder(),
        )
        job = deployment.job(bundle, client, options, report)
        try:
            rebuilt = interrupts.run(_with_client(job, lambda: find_state(job, ids)))
            if not rebuilt.matches.recovered:
                console.err(render_nothing(rebuilt, name, store.url))
                return exit_codes.SUCCESS
            console.err(render_reconstruction(rebuilt, name, store.url))
            require_answer(arguments.yes, "writes it")
            if not confirmed(arguments.yes, f"write this into the state of {name}?", console):
                return exit_codes.SUCCESS
            document = interrupts.run(write_state(job, rebuilt), report.out_of_time)
        except CorruptState as error:
            raise CommandError(_corrupt(str(error), store.url, name), exit_codes.STATE) from None
        except Stop as stop:
            for message in stop.messages:
                console.err(f"error: {printable(message)}")
            return EXIT_CODES[stop.status]
        except EXPECTED as error:
            code = EXIT_CODES[status_of(error)]
            raise CommandError(str(error), code) from None
    console.err(
        f"the state of {name} has {counted(len(document.resources), 'resource')} now (serial "
        f"{document.serial}); `flowdsl deploy --env {name}` shows what differs from the source"
    )
    return interrupts.exit_code if interrupts.received() else exit_codes.SUCCESS


async def _with_client(job: Job, work: Callable[[], Awaitable[T]]) -> T:
    async with job.client:
        return await work()


def _read_ids(path: str | None, deployment: Deployment) -> IdList | None:
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a path").lower()
        raise UsageError(f"`{path}` cannot be read: {reason}") from None
    try:
        ids = load_ids(
            content,
            where=path,
            project=deployment.project_id,
            environment=deployment.environment.name,
        )
    except UnusableIds as error:
        raise UsageError(str(error)) from None
    for address, found in ids.ids.items():
        if address.kind == WORKFLOW and not is_uuid(found):
            raise UsageError(f"`{path}` is wrong at `{address}`: `{found}` is no id of a workflow")
    return ids


def _corrupt(message: str, url: str, environment: str) -> str:
    """What is wrong with a state document, and how to move it out of the way."""
    problem = message.partition("; ")[0]
    scheme, _, rest = url.partition(":")
    if scheme == "file":
        away = f"rename `{rest}` to `{rest}.corrupt`"
    elif scheme.startswith("git+"):
        away = "push its ref to another name and delete it at the remote"
    else:
        away = f"move the object `state.json` below `{url}` to another name"
    return (
        f"{problem}, and is not written over; {away}, then run `flowdsl state rebuild --env "
        f"{environment}` again"
    )
