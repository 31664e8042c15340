"""`flowdsl request-logs`: requests of the service to desktops, and their responses."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.machine import RequestLog
from flowdsl.runs.names import find_machine

from ...runtime.command_line.options import number_between
from ...views.table import Column, id_column
from .frame.actions import Objects, Row
from .frame.resource import Filter, ResourceCommand, fields_of, id_by
from .frame.session import ResourceSession

MOST = 1000
"""Rows of one page (contract)."""


def _request_log_row(log: RequestLog) -> Row:
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


async def _list_request_logs(
    session: ResourceSession, *, limit: int = 100, **filters: str | int
) -> Sequence[Row]:
    given: dict[str, object] = {key: value for key, value in filters.items() if key != "method"}
    if "method" in filters:
        given["method"] = str(filters["method"]).upper()
    page = await session.client.request_logs.list(limit=limit, **given)  # type: ignore[arg-type]
    if page.total > len(page.items):
        session.console.err(f"{len(page.items)} of {page.total} requests; `--limit` takes more")
    return [_request_log_row(each) for each in page.items]


REQUEST_LOGS = ResourceCommand(
    word="request_logs",
    objects=Objects(
        "request",
        "REQUEST",
        lambda client: client.request_logs,
        lambda _session, log: _request_log_row(log),
    ),
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
    read=_list_request_logs,
    filters=(
        Filter(
            "--machine",
            "machine_id",
            "those of one machine",
            "MACHINE",
            meaning=id_by(find_machine),
        ),
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

configure, run = REQUEST_LOGS.configure, REQUEST_LOGS.run
