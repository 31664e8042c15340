"""`flowdsl runs watch`, `retry` and `cancel`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.inputs.assemble import InputSources
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.retrying import cancel_runs, read_declared_for, refuse_live, retry_body
from flowdsl.workspace.state import read_known_ids, system_runtime

from ...runtime.console import Console, UsageError
from ...runtime.engine.deployment import Deployment, open_deployment
from ...runtime.engine.questions import confirm_or_say_so, is_interactive, require_answer
from ...runtime.exit_codes import PARTIAL, SUCCESS
from ...runtime.interrupts import Interrupts
from ...runtime.runs.asking import (
    ask_service,
    follow_runs,
    refuse_newest_unasked,
    resolve_run_filters,
    resolve_run_place,
)
from ...runtime.runs.follow import Following
from ...runtime.runs.options import ask_secret, read_inputs, read_secrets, read_uploads
from ...views.runs import run_object
from ...views.table import items_json


def watch_runs(arguments: argparse.Namespace, console: Console) -> int:
    """Watch the named runs, or all that match the filters and have not ended."""
    deployment = open_deployment(arguments.env, console)
    deployed = read_known_ids(deployment.store)
    is_filtered = any(
        getattr(arguments, name) is not None
        for name in ("workflow", "machine", "session", "status", "since", "until")
    )
    if bool(arguments.run) == is_filtered:
        raise UsageError("name runs by their ids, or choose them by filters such as `--session`")

    following = _follow_runs(arguments, console, deployment, arguments.workflow or "runs")

    async def work(client: CyberdeskClient, interrupts: Interrupts) -> None:
        if arguments.run:
            runs: Sequence[Run] = await _find_runs(client, arguments.run)
        else:
            filters = await resolve_run_filters(arguments, client, deployed)
            runs = await client.runs.list_all(
                **filters, fields=("session_id", "session_alias", "output_data", "error")
            )
        if not runs:
            following.say("no run matches")
        await following.watch(client, runs, interrupts.limit.left)

    return follow_runs(arguments, console, deployment, following, work)


def retry(arguments: argparse.Namespace, console: Console) -> int:
    """Restart an ended run, with its inputs or others; these are checked as for a new run."""
    deployment = open_deployment(arguments.env, console)
    if arguments.start_session and (arguments.session is not None or arguments.leave_session):
        other = "--session" if arguments.session is not None else "--leave-session"
        raise UsageError(f"`--start-session` and `{other}` cannot be combined")
    refuse_newest_unasked([arguments.run], arguments.yes)
    require_answer(arguments.yes, "retries")
    given, rows = read_inputs(arguments)
    if rows:
        raise UsageError("a retry takes the inputs of one run, not a file with a run in each row")
    secrets = read_secrets(arguments.secret, console)
    uploads = read_uploads(arguments)
    sources = InputSources(given=given, secrets=secrets, uploads=uploads, references=True)

    def ask(name: str) -> Given:
        return ask_secret(name, console)

    following = _follow_runs(arguments, console, deployment, "retry")

    async def work(client: CyberdeskClient, interrupts: Interrupts) -> None:
        run = await find_run(client, arguments.run)
        refuse_live(run)
        declared = await read_declared_for(client, run, read_known_ids(deployment.store))
        where, _ = await resolve_run_place(client, arguments)
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
        question = f"retry run {make_printable(run.id)}? its outputs, history and files are lost"
        if not confirm_or_say_so(arguments.yes, question, console):
            return
        again = await following.retry(client, run, RunRetry(**body, **where), interrupts)
        if arguments.watch and not interrupts.received():
            await following.watch(client, [again], interrupts.limit.left)

    return follow_runs(arguments, console, deployment, following, work)


def cancel(arguments: argparse.Namespace, console: Console) -> int:
    """Cancel runs that have not ended; those that have ended are named."""
    deployment = open_deployment(arguments.env, console)
    refuse_newest_unasked(arguments.run, arguments.yes)
    require_answer(arguments.yes, "cancels")

    # Look up all runs first, so that nothing is cancelled if one of them is not found.
    runs = ask_service(
        arguments, console, deployment, lambda client: _find_runs(client, arguments.run)
    )
    live = [run for run in runs if run.is_live]
    for run in runs:
        if not run.is_live:
            console.err(make_printable(f"note: run {run.id} has ended as {run.status}"))
    which = f"run {make_printable(live[0].id)}" if len(live) == 1 else f"{len(live)} runs"
    if live and not confirm_or_say_so(arguments.yes, f"cancel {which}?", console):
        return SUCCESS

    ended, failures = (
        ask_service(
            arguments,
            console,
            deployment,
            lambda client: cancel_runs(client, live, system_runtime()),
        )
        if live
        else ([], [])
    )
    if arguments.json:
        console.out(items_json(list(map(run_object, ended)), failures=failures))
    for run in ended:
        console.err(make_printable(f"run {run.id} is cancelled"))
    for line in failures:
        console.err(f"error: {make_printable(line)}")
    return PARTIAL if failures else SUCCESS


async def _find_runs(client: CyberdeskClient, words: Iterable[str]) -> list[Run]:
    """Return the runs that words name, each once: two beginnings may be those of one id."""
    found = [await find_run(client, word) for word in words]
    return [*{run.id: run for run in found}.values()]


def _follow_runs(
    arguments: argparse.Namespace, console: Console, deployment: Deployment, name: str
) -> Following:
    """Make the `Following` of the command; `name` is the name of the runs for JUnit."""
    about = {"environment": deployment.environment.name}
    kind = f"runs_{arguments.subject}"
    return Following(arguments, console, kind=kind, name=name, about=about)
