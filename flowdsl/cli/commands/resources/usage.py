"""`flowdsl usage`: what the runs of a period took and cost, by workflow."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flowdsl.cyberdesk.errors import RateLimited, RequestRefused
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.usage import RunCost, RunCosts, steps_of
from flowdsl.diagnostics.render.summary import counted
from flowdsl.runs.names import find_run
from flowdsl.source.moments import spell_moment
from flowdsl.source.record import Record
from flowdsl.workspace.system import system_runtime

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS
from ...runtime.failure import UsageError
from ...views.table import Column, id_column, render_table, text_of
from .frame.items import Row, fields_of, list_json
from .frame.session import Session, carry_out, configure_common, moment

MODES = ("simulated", "billed")
PERIOD = timedelta(days=30)
"""What is looked at where nothing says since when."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--from",
        dest="start",
        type=moment,
        metavar="TIME",
        help="runs that were made at this day or time or later; default: 30 days before the end",
    )
    parser.add_argument(
        "--to", dest="end", type=moment, metavar="TIME", help="and before this one; default: now"
    )
    parser.add_argument(
        "--mode", choices=MODES, default="simulated", help="which steps count (default: simulated)"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--workflow", metavar="ADDRESS", help="one workflow alone: its address, id or title"
    )
    only.add_argument(
        "--run", metavar="RUN", help="the models of one run: its id, or the first digits of it"
    )
    configure_common(parser)


class UsageReport(Record):
    """What was read: a row for each workflow, and the service's own count of the period."""

    environment: str
    rows: Sequence[Row]
    service: Row | None


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the report."""
    if arguments.run is not None:
        return _one_run(arguments, console)
    start, end = _period(arguments)

    async def read(session: Session) -> UsageReport:
        return await _report(session, arguments, start, end)

    report = carry_out(arguments, console, read)
    totals = _total(report.rows)
    if arguments.json:
        more = {"from": start, "to": end, "mode": arguments.mode}
        more |= {"totals": totals, "service": report.service}
        console.out(list_json("usage", report.environment, report.rows, **more))
        return SUCCESS
    if report.rows:
        head = {"workflow_id": "", "workflow": "all"}
        console.out(render_table(_COLUMNS, [*report.rows, {**head, **totals}]))
    span = f"from {text_of(start)} to {text_of(end)}"
    console.err(f"{counted(totals['runs'], 'run')} of {report.environment} made {span}")
    if report.service is not None:
        console.err(_service_count(report.service, arguments.mode))
    return SUCCESS


def _one_run(arguments: argparse.Namespace, console: Console) -> int:
    """What the models of one run were asked and cost."""
    for option, value in (("--from", arguments.start), ("--to", arguments.end)):
        if value is not None:
            raise UsageError(f"`{option}` chooses runs of a period, and `--run` one run")

    async def read(session: Session) -> tuple[str, RunCosts | None, Row]:
        run = await find_run(session.client, arguments.run)
        steps = steps_of(run.usage_metadata, arguments.mode) or (None, None)
        told = {"run_id": run.id, "agentic_steps": steps[0], "cached_steps": steps[1]}
        try:
            return session.environment, await session.client.runs.llm_costs(run.id), told
        except RateLimited:
            raise
        except RequestRefused as refused:
            session.console.err(f"note: costs are missing: {refused}")
            return session.environment, None, told

    environment, costs, totals = carry_out(arguments, console, read)
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
        f"{_cost(totals['cost_usd'])} USD{', without what has no price' * bool(unpriced)}"
    )
    return SUCCESS


def _period(arguments: argparse.Namespace) -> tuple[str, str]:
    end = arguments.end or spell_moment(system_runtime().now())
    start = arguments.start
    if start is None:
        try:
            start = spell_moment(datetime.fromisoformat(end) - PERIOD)
        except OverflowError:
            start = end
    if start >= end:
        raise UsageError(f"the period ends at {end}, which is not after its beginning at {start}")
    return start, end


async def _report(
    session: Session, arguments: argparse.Namespace, start: str, end: str
) -> UsageReport:
    client, mode = session.client, arguments.mode
    only = None
    if arguments.workflow is not None:
        only = await session.find_workflow(arguments.workflow)
    service = None
    if only is None:
        whole = await client.usage.aggregate(from_date=start, to_date=end, mode=mode)
        service = fields_of(whole, "runs_counted", "total_agentic_steps", "total_cached_steps")
    runs = await client.runs.list_all(
        workflow_id=only,
        created_at_from=start,
        created_at_to=end,
        fields=("usage_metadata",),
    )
    try:
        costs = {
            each.run_id: each
            for each in await client.usage.llm_costs_all(from_date=start, to_date=end)
        }
        priced = True
    except RateLimited:
        raise
    except RequestRefused as refused:
        # The service has prices for some organisations only.
        session.console.err(f"note: costs are missing: {refused}")
        costs, priced = {}, False
    groups: dict[str, list[Run]] = {}
    for each in runs:
        # Whether the service takes the end itself for inside is not known.
        if (each.created_at or "") != end:
            groups.setdefault(each.workflow_id or "", []).append(each)
    labels = await _labels(session, groups)
    rows = [
        {"workflow_id": key or None, **labels[key], **_sums(found, costs, mode, priced)}
        for key, found in groups.items()
    ]
    rows.sort(key=lambda row: (-(row["cost_usd"] or 0), -row["runs"], row["workflow_id"] or ""))
    return UsageReport(session.environment, rows, service)


async def _labels(session: Session, ids: Iterable[str]) -> Mapping[str, Row]:
    """The address and the title of each workflow; null where it is not known or gone."""
    addresses, wanted = session.addresses(), list(ids)
    titles: Mapping[str, str | None] = {}
    if wanted:
        titles = {each.id: each.name for each in await session.client.workflows.list_all()}
    return {each: {"workflow": addresses.get(each), "title": titles.get(each)} for each in wanted}


def _sums(runs: Sequence[Run], costs: Mapping[str, RunCost], mode: str, priced: bool) -> Row:
    steps = [steps_of(each.usage_metadata, mode) for each in runs]
    told = [each for each in steps if each is not None]
    found = [costs[each.id] for each in runs if each.id in costs]
    known = [each.total_cost_usd for each in found if each.total_cost_usd is not None]
    unpriced = any(each.has_unpriced or each.total_cost_usd is None for each in found)
    return {
        "runs": len(runs),
        "agentic_steps": sum(each[0] for each in told) if told else None,
        "cached_steps": sum(each[1] for each in told) if told else None,
        "cost_usd": round(sum(known), 6) if known else None,
        "has_unpriced": unpriced if priced else None,
    }


def _total(rows: Sequence[Row]) -> Row:
    def sum_of(key: str) -> Any:
        known = [row[key] for row in rows if row[key] is not None]
        return sum(known) if known else None

    cost = sum_of("cost_usd")
    unpriced = [row["has_unpriced"] for row in rows if row["has_unpriced"] is not None]
    return {
        "runs": sum(row["runs"] for row in rows),
        "agentic_steps": sum_of("agentic_steps"),
        "cached_steps": sum_of("cached_steps"),
        "cost_usd": None if cost is None else round(cost, 6),
        "has_unpriced": any(unpriced) if unpriced else None,
    }


def _cost(value: Any) -> str:
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
    Column("COST (USD)", "cost_usd", _cost),
)

_COLUMNS = (
    id_column("workflow_id"),
    Column("WORKFLOW", "workflow"),
    Column("TITLE", "title"),
    Column("RUNS", "runs"),
    Column("AGENTIC STEPS", "agentic_steps"),
    Column("CACHED STEPS", "cached_steps"),
    Column("COST (USD)", "cost_usd", _cost),
    Column("UNPRICED", "has_unpriced"),
)


def _service_count(service: Row, mode: str) -> str:
    ended = service["runs_counted"]
    runs = "" if ended is None else f" in {counted(ended, 'run')} that ended in this period"
    return (
        f"the service counts {service['total_agentic_steps']} agentic and "
        f"{service['total_cached_steps']} cached steps ({mode}){runs}"
    )
