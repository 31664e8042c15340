"""`flowdsl runs list`, `show` and `open`, which only read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.filters import LISTED, MAX_PAGE
from flowdsl.runs.names import find_run

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS, USAGE
from ...runtime.failure import CommandError, UsageError
from ...runtime.runs.asking import (
    ask_service,
    open_runs_deployment,
    read_deployed_ids,
    resolve_run_filters,
)
from ...runtime.runs.reasons import FailureWords
from ...views.json_objects import object_json
from ...views.painted import QUIET, paint_lines
from ...views.runs import (
    STYLES,
    DescribeFailure,
    error_lines,
    format_time_spent,
    run_object,
    seconds_of,
)

_MOST = 80
"""The maximum number of characters of an error in the table."""

_SHORT_ID = 8
"""The minimum number of digits of an id in the table."""

_HEAD = ("RUN", "STATUS", "WORKFLOW", "CREATED", "TOOK", "ALIAS", "ERROR")


def list_runs(arguments: argparse.Namespace, console: Console) -> int:
    """Print a line for each run that matches."""
    deployment = open_runs_deployment(arguments, console)
    deployed = read_deployed_ids(deployment)
    in_words = FailureWords()

    async def found(client: CyberdeskClient) -> tuple[Sequence[Run], int]:
        filters = await resolve_run_filters(arguments, client, deployed)
        if arguments.search is not None:
            filters["search"] = arguments.search
        if arguments.all:
            if arguments.deep:
                raise UsageError("`--deep` and `--all` cannot be combined")
            rows = await client.runs.list_all(**filters, fields=LISTED)
            await learn(client, rows)
            return rows, len(rows)
        page = await client.runs.list(
            **filters,
            fields=LISTED,
            skip=arguments.skip,
            limit=max(1, min(MAX_PAGE, arguments.limit)),
            deep_search=True if arguments.deep else None,
            sort_mode="created_at_desc" if arguments.sort == "created" else "activity",
        )
        await learn(client, page.items)
        return page.items, page.total

    async def learn(client: CyberdeskClient, runs: Sequence[Run]) -> None:
        if not arguments.json:
            await in_words.learn(client, runs)

    rows, total = ask_service(arguments, console, deployment, found)
    if arguments.json:
        console.out(object_json({"items": list(map(run_object, rows)), "total": total}))
        return SUCCESS
    for line in _render_run_table(rows, deployed, in_words, color=console.color_out):
        console.out(line)
    if total > len(rows):
        console.err(f"{len(rows)} of {total} runs; `--all` or `--skip` shows the others")
    elif not rows:
        console.err("no run matches")
    return SUCCESS


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Print one run."""
    deployment = open_runs_deployment(arguments, console)
    in_words = FailureWords()

    async def found(client: CyberdeskClient) -> Run:
        run = await find_run(client, arguments.run)
        if not arguments.json:
            await in_words.learn(client, [run])
        return run

    run = ask_service(arguments, console, deployment, found)
    if arguments.json:
        console.out(object_json({"kind": "run", **run_object(run)}))
        return SUCCESS
    names = _names_by_workflow_id(read_deployed_ids(deployment))
    rows = [
        ("run", run.id),
        ("status", run.status),
        ("workflow", names.get(run.workflow_id or "", run.workflow_id or "")),
        ("machine", run.machine_id or ""),
        ("session", f"{run.session_id or ''} {run.session_alias or ''}".strip()),
        ("created", run.created_at or ""),
        ("started", run.started_at or ""),
        ("ended", run.ended_at or ""),
        ("took", format_time_spent(seconds_of(run))),
        ("secrets", ", ".join(sorted(run.sensitive_input_aliases or {}))),
        ("files", _count_attachments(run)),
    ]
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        if value:
            console.out(f"{label:<{width}}  {make_printable(value)}")
    for label, values in (("inputs", run.input_values), ("outputs", run.output_data)):
        if values:
            console.out(f"{label}")
            for line in json.dumps(values, ensure_ascii=False, indent=2).split("\n")[1:-1]:
                console.out(make_printable(line))
    for check in run.post_run_checks or ():
        console.out(f"check  {make_printable(check.name or '?')}: {make_printable(check.status)}")
    for line in error_lines(run, in_words):
        console.out(line)
    return SUCCESS


def open_run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the address of a run in the dashboard.

    `flowdsl.toml` has to name the dashboard, since the service does not return it.
    """
    deployment = open_runs_deployment(arguments, console)
    pattern = deployment.environment.dashboard
    if pattern is None:
        name = deployment.environment.name
        raise CommandError(
            f"the address of the dashboard of `{name}` is not known; write it as "
            f'`dashboard = "https://.../{{run}}"` in `[env.{name}]`',
            USAGE,
        )
    run = ask_service(
        arguments, console, deployment, lambda client: find_run(client, arguments.run)
    )
    console.out(pattern.replace("{run}", run.id).replace("{workflow}", run.workflow_id or ""))
    return SUCCESS


def _names_by_workflow_id(deployed: Mapping[Address, str]) -> dict[str, str]:
    return {workflow_id: address.name for address, workflow_id in deployed.items()}


def _render_run_table(
    rows: Sequence[Run], deployed: Mapping[Address, str], in_words: DescribeFailure, *, color: bool
) -> list[str]:
    if not rows:
        return []
    names = _names_by_workflow_id(deployed)
    digits = _count_distinct_digits([run.id for run in rows])
    cells = [
        (
            run.id[:digits],
            run.status,
            names.get(run.workflow_id or "", run.workflow_id or "?"),
            (run.created_at or "")[:19],
            format_time_spent(seconds_of(run)),
            run.session_alias or "",
            _shorten_error(next((in_words(run, each) for each in run.error or ()), "")),
        )
        for run in rows
    ]
    shown = [tuple(make_printable(cell) for cell in row) for row in cells]
    filled = [any(row[at] for row in shown) for at in range(7)]
    shown.insert(0, _HEAD)
    widths = [max(len(row[at]) for row in shown) for at in range(7)]
    lines: list[str] = []
    for number, row in enumerate(shown):
        parts: list[Any] = []
        for at, cell in enumerate(row):
            style = QUIET if number == 0 else STYLES.get(cell, "") if at == 1 else ""
            gap = "" if at == 6 else " " * (widths[at] - len(cell) + 2)
            if not filled[at]:
                continue
            parts += [(cell, style), (gap, "")]
        lines.append(paint_lines([parts], color).rstrip())
    return lines


def _count_distinct_digits(ids: Sequence[str]) -> int:
    """The number of first characters, at least `_SHORT_ID`, by which all ids differ."""
    digits = _SHORT_ID
    while len({each[:digits] for each in ids}) < len({*ids}):
        digits += 1
    return digits


def _shorten_error(error: str) -> str:
    """Shorten an error to fit into a line of the table."""
    on_one_line = " ".join(error.split())
    return on_one_line if len(on_one_line) <= _MOST else on_one_line[: _MOST - 1] + "…"


def _count_attachments(run: Run) -> str:
    counts = [
        f"{len(ids)} {kind}"
        for ids, kind in (
            (run.input_attachment_ids or (), "input"),
            (run.output_attachment_ids or (), "output"),
        )
        if ids
    ]
    return ", ".join(counts)
