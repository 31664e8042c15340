"""`flowdsl usage`: steps and cost of the runs of a period, by workflow."""

from __future__ import annotations

import argparse
from argparse import Namespace
from dataclasses import asdict
from typing import Any, get_args

from flowdsl.config.address import workflow_address
from flowdsl.cyberdesk.errors import RateLimited, RequestRefused
from flowdsl.cyberdesk.models.usage import RunCosts, steps_of
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.terminal import find_terminal_width
from flowdsl.runs.names import find_run
from flowdsl.runs.resources.usage import (
    Mode,
    UsageReport,
    WorkflowUsage,
    read_usage,
    resolve_period,
)
from flowdsl.workspace.state import system_runtime

from ...runtime.command_line.options import add_options
from ...runtime.console import Console, UsageError
from ...runtime.exit_codes import SUCCESS
from ...views.table import Column, fit_first_column, render_table, text_of
from .frame.actions import Row, list_json
from .frame.resource import fields_of
from .frame.session import ResourceSession, carry_out, configure_common, parse_filter_moment


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        --from start=TIME
            runs that were made at this day or time or later; default: 30 days before the end
        --to end=TIME  and before this one; default: now
        """,
        start={"type": parse_filter_moment},
        end={"type": parse_filter_moment},
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="simulated",
        help="which steps count (default: simulated)",
    )
    only = parser.add_mutually_exclusive_group()
    add_options(only, "--workflow ADDRESS  one workflow alone: its address, id or title")
    add_options(only, "--run RUN  the models of one run: its id, its first digits, or `last`")
    configure_common(parser)


def run(arguments: Namespace, console: Console) -> int:
    if arguments.run is not None:
        return _one_run(arguments, console)
    start, end = resolve_period(arguments.start, arguments.end, system_runtime().now())

    async def read(session: ResourceSession) -> UsageReport:
        word = arguments.workflow
        return await read_usage(
            session.client,
            start,
            end,
            mode=arguments.mode,
            workflow_id=None if word is None else await session.find_workflow(word),
            addresses_by_id=session.addresses,
            tell=lambda line: console.err(f"note: {line}"),
        )

    environment, report = carry_out(arguments, console, read)
    rows, totals, service = list(map(_usage_row, report.workflows)), asdict(report.totals), None
    if report.service is not None:
        fields = ("runs_counted", "total_agentic_steps", "total_cached_steps")
        service = fields_of(report.service, *fields)
    if arguments.json:
        more = {"from": start, "to": end, "mode": arguments.mode}
        more |= {"totals": totals, "service": service}
        console.out(list_json("usage", environment, rows, **more))
        return SUCCESS
    if rows:
        shown = [{**row, "named": _name_workflow(row)} for row in rows]
        columns = fit_first_column(_COLUMNS, find_terminal_width())
        console.out(render_table(columns, [*shown, {"named": "all", **totals}]))
    span = f"from {text_of(start)} to {text_of(end)}"
    console.err(f"{format_count(totals['runs'], 'run')} of {environment} made {span}")
    if service is not None:
        console.err(_service_count(service, arguments.mode))
    return SUCCESS


def _one_run(arguments: Namespace, console: Console) -> int:
    """Print the model usage and cost of one run."""
    for option, value in (("--from", arguments.start), ("--to", arguments.end)):
        if value is not None:
            raise UsageError(f"`{option}` chooses runs of a period, and `--run` one run")

    async def read(session: ResourceSession) -> tuple[RunCosts | None, Row]:
        run = await find_run(session.client, arguments.run)
        steps = steps_of(run.usage_metadata, arguments.mode) or (None, None)
        totals = {"run_id": run.id, "agentic_steps": steps[0], "cached_steps": steps[1]}
        try:
            return await session.client.runs.llm_costs(run.id), totals
        except RateLimited:
            raise
        except RequestRefused as refused:
            session.console.err(f"note: costs are missing: {refused}")
            return None, totals

    environment, (costs, totals) = carry_out(arguments, console, read)
    rows = [] if costs is None else [fields_of(each, *_RUN_FIELDS) for each in costs.rows]
    unpriced = None if costs is None else costs.has_unpriced
    totals |= {
        "cost_usd": None if costs is None else costs.total_cost_usd,
        "has_unpriced": unpriced,
    }
    if arguments.json:
        more = {"mode": arguments.mode, "totals": totals}
        console.out(list_json("run_usage", environment, rows, **more))
        return SUCCESS
    if rows:
        console.out(render_table(_RUN_COLUMNS, rows))
    console.err(
        f"run {totals['run_id']}: {text_of(totals['agentic_steps'])} agentic and "
        f"{text_of(totals['cached_steps'])} cached steps ({arguments.mode}), "
        f"{_format_cost(totals['cost_usd'])} USD{', without what has no price' * bool(unpriced)}"
    )
    return SUCCESS


def _usage_row(usage: WorkflowUsage) -> Row:
    name = usage.workflow
    return {
        "workflow_id": usage.workflow_id,
        "workflow": None if name is None else workflow_address(name),
        "title": usage.title,
        **asdict(usage.sums),
    }


def _name_workflow(row: Row) -> str | None:
    """The address of a workflow in source, or else its title, or its id."""
    name: str | None = row["workflow"] or row["title"] or row["workflow_id"]
    return name


def _format_cost(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}"


_RUN_FIELDS = (
    "role",
    "model",
    "billing_platform",
    "endpoint_type",
    "call_count",
    "input_tokens",
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "source",
    "cost_usd",
)

_RUN_COLUMNS = (
    Column("ROLE", "role"),
    Column("MODEL", "model"),
    Column("CALLS", "call_count"),
    Column("INPUT TOKENS", "input_tokens"),
    Column("OUTPUT TOKENS", "output_tokens"),
    Column("COST (USD)", "cost_usd", _format_cost),
)

_COLUMNS = (
    Column("WORKFLOW", "named"),
    Column("RUNS", "runs"),
    Column("FAILED", "failed"),
    Column("COST (USD)", "cost_usd", _format_cost),
    Column("AGENTIC", "agentic_steps"),
    Column("CACHED", "cached_steps"),
    Column("UNPRICED", "has_unpriced"),
)


def _service_count(service: Row, mode: str) -> str:
    ended = service["runs_counted"]
    runs = "" if ended is None else f" in {format_count(ended, 'run')} that ended in this period"
    return (
        f"the service counts {service['total_agentic_steps']} agentic and "
        f"{service['total_cached_steps']} cached steps ({mode}){runs}"
    )
