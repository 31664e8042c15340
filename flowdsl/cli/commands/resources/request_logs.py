"""`flowdsl request-logs`: what the service asked of desktops, and how they answered."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from flowdsl.cyberdesk.models.machine import RequestLog
from flowdsl.runs.lookup import by_id
from flowdsl.runs.names import find_machine

from ...runtime.command_line.arguments import number_between
from ...runtime.console import Console
from ...views.table import Column, id_column
from .frame.items import Row, fields_of
from .frame.listing import Filter, Resource
from .frame.listing import configure as configure_resource
from .frame.listing import run as run_resource
from .frame.session import Session

MOST = 1000
"""Rows of one page (contract)."""


def _row(log: RequestLog) -> Row:
    return fields_of(
        log,
        "id",
        "machine_id",
        "request_id",
        "method",
        "path",
        "status_code",
        "duration_ms",
        "request_size_bytes",
        "response_size_bytes",
        "error_message",
        "created_at",
        "completed_at",
    )


async def _read(session: Session, *, limit: int = 100, **filters: str | int) -> Sequence[Row]:
    given: dict[str, object] = {key: value for key, value in filters.items() if key != "method"}
    if "method" in filters:
        given["method"] = str(filters["method"]).upper()
    page = await session.client.request_logs.list(limit=limit, **given)  # type: ignore[arg-type]
    if page.total > len(page.items):
        session.console.err(f"{len(page.items)} of {page.total} requests; `--limit` takes more")
    return [_row(each) for each in page.items]


async def _find(session: Session, word: str) -> Row:
    return _row(await by_id(session.client.request_logs.get, word, "request"))


async def _machine_id(session: Session, word: str) -> str:
    return (await find_machine(session.client, word)).id


REQUEST_LOGS = Resource(
    word="request_logs",
    kind="request",
    subject="REQUEST",
    columns=(
        id_column(),
        Column("MACHINE", "machine_id"),
        Column("METHOD", "method", width=8),
        Column("PATH", "path"),
        Column("STATUS", "status_code"),
        Column("MS", "duration_ms"),
        Column("CREATED", "created_at"),
        Column("ERROR", "error_message"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter("--machine", "machine_id", "those of one machine", "MACHINE", meaning=_machine_id),
        Filter("--method", "method", "such as GET", "METHOD"),
        Filter(
            "--status",
            "status_code",
            "those that were answered so, such as 500",
            "STATUS",
            type=number_between(100, 599),
        ),
        Filter(
            "--limit",
            "limit",
            f"so many at most, up to {MOST} (default: 100)",
            "N",
            type=number_between(1, MOST),
        ),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_resource(REQUEST_LOGS, parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    return run_resource(REQUEST_LOGS, arguments, console)
