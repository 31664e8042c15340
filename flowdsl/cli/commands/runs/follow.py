"""`flowdsl runs watch`, `retry` and `cancel`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.host import signals
from flowdsl.runs.cancelling import cancelled
from flowdsl.runs.inputs.assemble import Sources
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.retrying import declared_for, refuse_live, retry_body
from flowdsl.workspace.system import system_runtime

from ...runtime import http_log
from ...runtime.clients import open_client
from ...runtime.console import Console
from ...runtime.engine.deployment import Deployment
from ...runtime.engine.questions import confirmed, is_interactive, require_answer
from ...runtime.exit_codes import PARTIAL, SUCCESS
from ...runtime.failure import UsageError
from ...runtime.interrupts import Interrupts
from ...runtime.runs.asking import (
    answered,
    carry_out,
    chosen_filters,
    deployed_ids,
    opened,
    read,
)
from ...runtime.runs.follow import Following
from ...runtime.runs.options import ask_secret, read_inputs, read_secrets, read_uploads
from ...runtime.runs.place import placed
from ...runtime.time_limit import TimeLimit
from ...views.runs import FORMAT_VERSION, dumped, run_object


def watch_runs(arguments: argparse.Namespace, console: Console) -> int:
    """Watch the runs that are named, or all that match the filters and go on."""
    deployment = opened(arguments, console)
    deployed = deployed_ids(deployment)
    is_filtered = any(
        getattr(arguments, name) is not None
        for name in ("workflow", "machine", "session", "status", "since", "until")
    )
    if bool(arguments.run) == is_filtered:
        raise UsageError("name runs by their ids, or choose them by filters such as `--session`")

    async def work(client: CyberdeskClient, following: Following, interrupts: Interrupts) -> None:
        if arguments.run:
            runs: Sequence[Run] = [await find_run(client, word) for word in arguments.run]
        else:
            filters = await chosen_filters(arguments, client, deployed)
            runs = await client.runs.list_all(
                **filters, fields=("session_id", "session_alias", "output_data", "error")
            )
        if not runs:
            following.say("no run matches")
        await following.watch(client, runs, interrupts.limit.left)

    return _followed(arguments, console, deployment, arguments.workflow or "runs", work)


def retry(arguments: argparse.Namespace, console: Console) -> int:
    """Begin an ended run anew, with its inputs or with others, which are checked as those of a
    new run.
    """
    deployment = opened(arguments, console)
    if arguments.start_session and (arguments.session is not None or arguments.leave_session):
        other = "--session" if arguments.session is not None else "--leave-session"
        raise UsageError(f"`--start-session` and `{other}` cannot be combined")
    given, rows = answered(lambda: read_inputs(arguments))
    if rows:
        raise UsageError("a retry takes the inputs of one run, not a file with a run in each row")
    secrets = answered(lambda: read_secrets(arguments.secret, console))
    uploads = answered(lambda: read_uploads(arguments))
    sources = Sources(given=given, secrets=secrets, uploads=uploads, references=True)
    require_answer(arguments.yes, "retries")

    def ask(name: str) -> Given:
        return ask_secret(name, console)

    async def work(client: CyberdeskClient, following: Following, interrupts: Interrupts) -> None:
        run = await find_run(client, arguments.run)
        refuse_live(run)
        declared = await declared_for(client, run, deployed_ids(deployment))
        where, _ = await placed(client, arguments)
        body = retry_body(
            run,
            declared,
            sources,
            leaves_session=arguments.leave_session,
            is_priority=arguments.priority,
            starts_session=arguments.start_session,
            releases_session=arguments.release_session,
            alias=arguments.alias,
            ask=ask if is_interactive() else None,
        )
        if not confirmed(
            arguments.yes, f"retry run {run.id}? its outputs, history and files are lost", console
        ):
            return
        again = await following.retry(client, run, RunRetry(**body, **where), interrupts)
        if arguments.watch and not interrupts.received():
            await following.watch(client, [again], interrupts.limit.left)

    return _followed(arguments, console, deployment, "retry", work)


def cancel(arguments: argparse.Namespace, console: Console) -> int:
    """End runs that go on; those that have ended are named."""
    deployment = opened(arguments, console)
    require_answer(arguments.yes, "cancels")

    async def find(client: CyberdeskClient) -> list[Run]:
        return [await find_run(client, word) for word in arguments.run]

    # Found first, so that nothing is cancelled where one of them is not what was meant.
    runs = read(arguments, console, deployment, find)
    live = [run for run in runs if run.is_live]
    for run in runs:
        if not run.is_live:
            console.err(f"note: run {run.id} has ended as {run.status}")
    count = f"{len(live)} run{'s' if len(live) != 1 else ''}"
    if not live or not confirmed(arguments.yes, f"cancel {count}?", console):
        return SUCCESS

    ended, failures = read(
        arguments, console, deployment, lambda client: cancelled(client, live, system_runtime())
    )
    if arguments.json:
        items = [run_object(run) for run in ended]
        found = {"format_version": FORMAT_VERSION, "items": items, "total": len(items)}
        console.out(dumped({**found, "failures": failures}))
    for run in ended:
        console.err(f"run {run.id} is cancelled")
    for line in failures:
        console.err(f"error: {line}")
    return PARTIAL if failures else SUCCESS


def _followed(
    arguments: argparse.Namespace,
    console: Console,
    deployment: Deployment,
    name: str,
    work: Any,
) -> int:
    """The exit code of `work`, whose runs are followed."""
    following = Following(
        arguments,
        console,
        kind=f"runs_{arguments.subject}",
        name=name,
        about={"environment": deployment.environment.name},
    )
    interrupts = Interrupts(lambda: following.writing, following.say, TimeLimit(arguments.timeout))
    listener = http_log.listener(arguments, console)
    root = deployment.target.root
    with (
        signals.Ending(following.interrupted),
        open_client(deployment.environment, root, interrupts.limit, listener) as client,
    ):
        try:
            carry_out(
                interrupts,
                client,
                lambda own: work(own, following, interrupts),
                following.out_of_time,
            )
        except BaseException as failure:
            following.broken_off(failure)
            raise
        code = following.finished()
        return interrupts.exit_code if interrupts.received() else code
