"""`flowdsl deploy`: bring an environment to what the sources say."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from flowdsl.compiler.collector import collect_rarely
from flowdsl.deploy.deploy import deploy
from flowdsl.deploy.job import Job, Options
from flowdsl.deploy.outcome import Outcome
from flowdsl.host import signals
from flowdsl.host.environment import MissingKey
from flowdsl.host.terminal import is_terminal

from ..runtime import exit_codes, http_log
from ..runtime.clients import open_client
from ..runtime.command_line.global_options import add_yes
from ..runtime.console import Console
from ..runtime.engine.deployment import (
    EXIT_CODES,
    compile_bundle,
    holder,
    open_deployment,
    read_plan_addresses,
    warn_of_file_state,
)
from ..runtime.engine.options import (
    add_environment,
    add_lock_timeout,
    add_plan_options,
    lock_timeout,
)
from ..runtime.engine.questions import is_interactive, require_answer
from ..runtime.engine.report import Report
from ..runtime.failure import CommandError
from ..runtime.interrupts import Interrupts
from ..runtime.progress import KINDS, open_display
from ..runtime.time_limit import TimeLimit
from ..views.outcome import render_deployed


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_environment(parser)
    add_yes(parser)
    parser.add_argument(
        "--on-drift",
        choices=("fail", "overwrite", "skip"),
        help="what to do about edits made elsewhere; default: ask on a terminal, else fail",
    )
    add_plan_options(parser)
    parser.add_argument(
        "--unapprove-trajectories",
        action="store_true",
        help="take the approval from recordings of workflows whose prompt changes",
    )
    parser.add_argument(
        "--allow-older", action="store_true", help="go back to a commit before the deployed one"
    )
    parser.add_argument(
        "--on-error",
        choices=("continue", "abort"),
        default="continue",
        help="whether the first failure ends the deploy (default: continue)",
    )
    parser.add_argument(
        "--plan", dest="saved", metavar="FILE", help="carry out exactly the plan saved in FILE"
    )
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--result", metavar="FILE", help="write how it ended, as JSON")
    parser.add_argument(
        "--progress",
        choices=KINDS,
        default="auto",
        help="how to show how far it is; default: a bar on a terminal",
    )
    add_lock_timeout(parser)
    http_log.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, plan, ask and write; the plan and the outcome go to standard error."""
    collect_rarely()
    report = Report(
        console,
        open_display(arguments.progress, console, is_terminal(sys.stderr)),
        environment=arguments.env or "",
        as_json=arguments.json,
        yes=arguments.yes,
        result=arguments.result,
        ending=render_deployed,
    )
    interrupts = Interrupts(lambda: report.writing, report.say, TimeLimit(arguments.timeout))
    with signals.Ending(report.interrupted):
        try:
            outcome = _run(arguments, console, report, interrupts)
            code = EXIT_CODES.get(outcome.status, interrupts.exit_code)
            return report.finished(outcome, code)
        except BaseException as failure:
            report.failed(failure)
            raise


def _run(
    arguments: argparse.Namespace, console: Console, report: Report, interrupts: Interrupts
) -> Outcome:
    """Compile, plan, ask and write; returns the outcome."""
    deployment = open_deployment(arguments.env, console)
    environment = deployment.environment
    report.environment = environment.name
    bundle = compile_bundle(deployment, console)
    read_plan_addresses(arguments, bundle)
    more: dict[str, Any] = {}
    if arguments.saved is not None:
        from .plan.saved import exactly, read_saved_plan

        saved = read_saved_plan(arguments.saved)
        arguments.breaking = arguments.breaking or saved.document.on_breaking
        more["approve"] = exactly(saved, deployment, arguments.breaking)
    # Asked after the sources are compiled: their errors are the same with and without `--yes`.
    require_answer(arguments.yes, "deploys")
    warn_of_file_state(deployment, console)
    listener = http_log.listener(arguments, console)
    with open_client(environment, deployment.target.root, interrupts.limit, listener) as client:
        job = deployment.job(
            bundle,
            client,
            _options(arguments),
            report,
            stop=interrupts.reason,
            interrupted=interrupts.received,
            **more,
        )
        try:
            return interrupts.run(_deploy(job), report.out_of_time)
        except MissingKey as missing:
            raise CommandError(str(missing), exit_codes.ACCESS) from None


def _options(arguments: argparse.Namespace) -> Options:
    asks = is_interactive() and not arguments.yes
    return Options(
        on_drift=arguments.on_drift or (None if asks else "fail"),
        concurrency=arguments.concurrency,
        lock_timeout=lock_timeout(arguments.lock_timeout),
        recreate=frozenset(arguments.recreate),
        holder=holder(),
        only=frozenset(arguments.only),
        prune=arguments.prune,
        accepted=dict(arguments.accept_guard),
        breaking=arguments.breaking or "warn",
        abort=arguments.on_error == "abort",
        unapprove=arguments.unapprove_trajectories,
        allow_older=arguments.allow_older,
    )


async def _deploy(job: Job) -> Outcome:
    async with job.client:
        return await deploy(job)
