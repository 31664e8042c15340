"""`flowdsl deploy`: make an environment match the sources."""

from __future__ import annotations

import argparse
from typing import Any

from flowdsl.compiler.collector import collect_rarely
from flowdsl.deploy.deploy import deploy, plan_deployment
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Outcome

from ..runtime.command_line.options import add_options, plan_options
from ..runtime.console import Console
from ..runtime.engine.deployment import (
    compile_bundle,
    open_deployment,
    read_plan_addresses,
    warn_of_file_state,
)
from ..runtime.engine.questions import answer_needed, is_interactive
from ..runtime.engine.report import EngineOperation, OperationReport, writing_options
from ..views.outcome import render_deployed


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        --env --yes
        --on-drift fail|overwrite|skip
            what to do about edits made elsewhere; default: ask on a terminal, else fail
        --only --recreate --prune --breaking --accept-guard --concurrency
        --unapprove-trajectories
            take the approval from recordings of workflows whose prompt changes
        --allow-older  go back to a commit before the deployed one
        --on-error continue|abort  whether the first failure ends the deploy (default: continue)
        --plan saved=FILE  carry out exactly the plan saved in FILE
        --json  one object a line on standard output
        --result
        --progress auto|tty|plain|none  how to show how far it is; default: a bar on a terminal
        --lock-timeout --timeout --verbose
        """,
        on_error={"default": "continue"},
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, plan, ask and write; the plan and the outcome go to standard error."""
    collect_rarely()
    report = OperationReport.of(arguments, console, "deploy", render_deployed)
    return report.carry_out(_prepare_deployment, arguments)


def _prepare_deployment(arguments: argparse.Namespace, console: Console) -> EngineOperation:
    deployment = open_deployment(arguments.env, console, need_flows=True)
    bundle = compile_bundle(deployment, console)
    read_plan_addresses(arguments, bundle)
    more: dict[str, Any] = {}
    if arguments.saved is not None:
        from .plan.saved import read_saved_plan, require_saved_plan

        saved = read_saved_plan(arguments.saved)
        arguments.breaking = arguments.breaking or saved.document.on_breaking
        more["approve"] = require_saved_plan(saved, deployment, arguments.breaking)
    warn_of_file_state(deployment, console)
    work = deploy if arguments.yes or is_interactive() else _show_plan_only
    return EngineOperation(deployment, bundle, _deploy_options(arguments), work, more)


async def _show_plan_only(job: Job) -> Outcome:
    """Show the plan where nobody can be asked about it; raises `UsageError`, and writes nothing."""
    planned = await plan_deployment(job)
    job.ui.show_plan(planned.plan)
    raise answer_needed("deploys")


def _deploy_options(arguments: argparse.Namespace) -> JobOptions:
    asks = is_interactive() and not arguments.yes
    return writing_options(
        arguments,
        on_drift=arguments.on_drift or (None if asks else "fail"),
        abort=arguments.on_error == "abort",
        unapprove=arguments.unapprove_trajectories,
        allow_older=arguments.allow_older,
        **plan_options(arguments),
    )
