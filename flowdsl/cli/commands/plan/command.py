"""`flowdsl plan`: what a deploy would change, without changing anything."""

from __future__ import annotations

import argparse

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.deploy import PlannedDeploy, plan_deployment
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Stop
from flowdsl.deploy.plan_file.writer import dump_plan, plan_document
from flowdsl.deploy.planning.model_keys import key_routes
from flowdsl.deploy.planning.plan import Action
from flowdsl.deploy.refresh.guards import BREAKING, check_protection, check_source
from flowdsl.diagnostics.render.cells import make_printable

from ...runtime import exit_codes
from ...runtime.command_line.options import add_options, number_between, plan_options
from ...runtime.console import Console
from ...runtime.engine.deployment import (
    Deployment,
    compile_bundle,
    open_deployment,
    read_plan_addresses,
)
from ...runtime.engine.report import OperationReport, append_step_summary, has_step_summary
from ...runtime.progress import open_display
from ...runtime.rewrites import write_product
from ...views.plan import render_plan
from .saved import facts_of

MAX_BYTES = 60_000
"""The default of `--max-bytes`; a comment on GitHub may have 65,536 characters."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        f"""
        --env
        --detailed-exitcode  exit 2 when there are changes
        --json  the plan as JSON on standard output
        -o output=FILE  save the plan for `deploy --plan`
        --summary-md FILE  write a summary in Markdown, as for a pull request
        --max-bytes N  the longest summary (default: {MAX_BYTES})
        --only --recreate --prune --breaking --accept-guard --concurrency
        --timeout --verbose
        """,
        max_bytes={"type": _parse_size, "default": MAX_BYTES},
    )


_parse_size = number_between(1000, 10_000_000, "a number of bytes from 1000 on")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, compare and show the plan.

    The plan goes to standard error, its JSON to standard output.
    """
    deployment = open_deployment(arguments.env, console, need_flows=True)
    bundle = compile_bundle(deployment, console)
    read_plan_addresses(arguments, bundle)
    options = JobOptions(**plan_options(arguments))
    name = deployment.environment.name
    report = OperationReport(console, open_display("none", console, False), environment=name)

    async def plan(client: CyberdeskClient) -> tuple[Job, PlannedDeploy]:
        job = deployment.job(bundle, client, options, report)
        return job, await plan_deployment(job)

    job, planned = deployment.ask(arguments, console, plan)
    return _show_plan(arguments, console, deployment, job, planned)


def _show_plan(
    arguments: argparse.Namespace,
    console: Console,
    deployment: Deployment,
    job: Job,
    planned: PlannedDeploy,
) -> int:
    """Show and save the plan; returns the exit code."""
    plan = planned.plan
    facts = facts_of(deployment, planned, job.runtime.now(), job.options.breaking)
    console.err(render_plan(plan, color=console.color_err, pending=planned.prior.pending))
    for warning in _find_deploy_obstacles(job, planned):
        console.err(f"warning: {make_printable(warning)}")
    if arguments.json or arguments.output is not None:
        document = dump_plan(plan_document(plan, facts))
        if arguments.json:
            console.out_bytes(document)
        if arguments.output is not None:
            write_product(arguments.output, document)
    if arguments.summary_md is not None or has_step_summary():
        from .markdown import render_markdown

        markdown = render_markdown(plan, facts, max_bytes=arguments.max_bytes)
        if arguments.summary_md is not None:
            write_product(arguments.summary_md, markdown.encode())
        append_step_summary(markdown, console)
    broken = [guard for guard in plan.guards if guard.name == BREAKING]
    if broken and job.options.accepted.get(BREAKING) != broken[0].planned:
        # `--breaking error` makes the plan itself enforce this guard; the others only stop a
        # deploy.
        console.err(
            f"error: {make_printable(broken[0].message)}; if that is meant, `--accept-guard "
            f"{BREAKING}={broken[0].planned}`"
        )
        return exit_codes.GUARDED
    return (
        exit_codes.CHANGES
        if arguments.detailed_exitcode and _has_changes(planned)
        else exit_codes.SUCCESS
    )


def _has_changes(planned: PlannedDeploy) -> bool:
    """Whether the service differs from the sources, or the route of a provider key changes.

    Changes that only affect state do not count.
    """
    plan = planned.plan
    return bool(
        plan.writes
        or plan.drifted
        or plan.of(Action.MISSING)
        or planned.prior.pending
        or any(route.news for route in key_routes(plan.named))
    )


def _find_deploy_obstacles(job: Job, planned: PlannedDeploy) -> list[str]:
    """List as warnings what would stop a deploy of this plan."""
    messages: list[str] = []

    def protection_stops() -> None:
        check_protection(planned.plan, job.target.environment)

    def source_stops() -> None:
        check_source(job, planned.prior.source)

    for check in (protection_stops, source_stops):
        try:
            check()
        except Stop as stop:
            messages += stop.messages
    return [f"a deploy would stop: {message}" for message in messages]
