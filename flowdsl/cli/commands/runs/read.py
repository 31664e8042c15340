"""`flowdsl runs list`, `show`, `open` and `attachments`, which change nothing on the service."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.folders import open_folder
from flowdsl.host.writing import reason_of
from flowdsl.runs.attachments import MB, save_attachments
from flowdsl.runs.filters import LISTED, MAX_PAGE
from flowdsl.runs.names import find_run
from flowdsl.workspace.state import read_known_ids

from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import open_deployment
from ...runtime.exit_codes import PARTIAL, SUCCESS, USAGE
from ...runtime.runs.asking import ask_service, resolve_run_filters
from ...runtime.runs.reasons import FailureWords
from ...views.markdown import shorten_text
from ...views.painted import QUIET, paint_lines
from ...views.runs import (
    STYLES,
    DescribeFailure,
    error_lines,
    format_time_spent,
    run_object,
    seconds_of,
)
from ...views.table import align_columns, items_json, object_json, pad_cells

_MOST = 80
"""The maximum number of characters of an error in the table."""

_SHORT_ID = 8
"""The minimum number of digits of an id in the table."""

_HEAD = ("RUN", "STATUS", "WORKFLOW", "CREATED", "TOOK", "ALIAS", "ERROR")


def list_runs(arguments: argparse.Namespace, console: Console) -> int:
    deployment = open_deployment(arguments.env, console)
    deployed = read_known_ids(deployment.store)
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
            limit=min(MAX_PAGE, arguments.limit),
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
    deployment = open_deployment(arguments.env, console)
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
    names = _names_by_workflow_id(read_known_ids(deployment.store))
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
    for line in align_columns([(label, make_printable(value)) for label, value in rows if value]):
        console.out(line)
    for label, values in (("inputs", run.input_values), ("outputs", run.output_data)):
        if values:
            console.out(label)
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
    deployment = open_deployment(arguments.env, console)
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
    address = pattern.replace("{run}", run.id).replace("{workflow}", run.workflow_id or "")
    console.out(make_printable(address))
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
            _first_reason(run, in_words),
        )
        for run in rows
    ]
    shown = [[make_printable(cell) for cell in row] for row in cells]
    filled = [any(column) for column in zip(*shown, strict=True)]
    lines: list[str] = []
    for row in pad_cells([list(compress(row, filled)) for row in (_HEAD, *shown)]):
        style = "" if lines else QUIET
        parts = [(f"{cell}  ", style or STYLES.get(cell.rstrip(), "")) for cell in row]
        lines.append(paint_lines([parts], color).rstrip())
    return lines


def _first_reason(run: Run, in_words: DescribeFailure) -> str:
    reason = next((in_words(run, each) for each in run.error or ()), "")
    return shorten_text(" ".join(reason.split()), _MOST)


def _count_distinct_digits(ids: Sequence[str]) -> int:
    """The number of first characters, at least `_SHORT_ID`, by which all ids differ."""
    digits = _SHORT_ID
    while len({each[:digits] for each in ids}) < len({*ids}):
        digits += 1
    return digits


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


def attachments(arguments: argparse.Namespace, console: Console) -> int:
    """List the files of a run, or save them; a file that fails does not stop the others."""
    if arguments.more:
        if arguments.run in ("add", "delete", "url", "show", "expire"):
            raise UsageError(f"single files of runs are for `flowdsl attachments {arguments.run}`")
        raise UsageError(
            f"`{make_printable(arguments.more[0])}` is one argument too many: one run is named"
        )
    deployment = open_deployment(arguments.env, console)
    folder = arguments.folder
    if folder is not None:
        _make_folder(folder)

    async def work(
        client: CyberdeskClient,
    ) -> tuple[Sequence[RunAttachment], dict[str, str], list[str]]:
        run = await find_run(client, arguments.run)
        files = await client.run_attachments.list_all(run_id=run.id, attachment_type=arguments.type)
        if folder is None:
            return files, {}, []
        limit = arguments.max_size * MB
        return files, *await save_attachments(
            client, files, folder, limit=limit, more="; `--max-size` takes more"
        )

    files, saved, failures = ask_service(arguments, console, deployment, work)
    if arguments.json:
        items = [_attachment_object(file, saved) for file in files]
        console.out(items_json(items, failures=failures))
    elif folder is None:
        for file in files:
            size = "" if file.size_bytes is None else f"{file.size_bytes:>12,} bytes"
            kind = file.attachment_type or ""
            console.out(make_printable(f"{file.id}  {kind:<6}  {size}  {file.filename}"))
    else:
        for path in saved.values():
            console.out(make_printable(path))
    if not files:
        console.err("the run has no files")
    for line in failures:
        console.err(f"error: {make_printable(line)}")
    return PARTIAL if failures else SUCCESS


def _make_folder(folder: str) -> None:
    try:
        open_folder(folder).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`{make_printable(folder)}` cannot be written: {reason_of(error)}"
        ) from None


def _attachment_object(file: RunAttachment, saved: dict[str, str]) -> dict[str, Any]:
    names = ("id", "filename", "attachment_type", "content_type", "size_bytes", "created_at")
    fields = file.model_dump(mode="json", include=set(names))
    return {**{name: fields.get(name) for name in names}, "saved_as": saved.get(file.id)}
