"""`flowdsl request-logs`: requests of the service to desktops, and their responses."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.runs.names import find_machine

from ...runtime.command_line.options import number_between
from ...views.table import Column, id_column
from .frame.actions import Objects, Row
from .frame.resource import Filter, ResourceCommand, id_by, row_of
from .frame.session import ResourceSession

MOST = 1000
"""Rows of one page (contract)."""


async def _list_request_logs(
    session: ResourceSession, *, limit: int = 100, **filters: str | int
) -> Sequence[Row]:
    given: dict[str, object] = {key: value for key, value in filters.items() if key != "method"}
    if "method" in filters:
        given["method"] = str(filters["method"]).upper()
    page = await session.client.request_logs.list(limit=limit, **given)  # type: ignore[arg-type]
    if page.total > len(page.items):
        session.console.err(f"{len(page.items)} of {page.total} requests; `--limit` takes more")
    return list(map(row_of, page.items))


REQUEST_LOGS = ResourceCommand(
    word="request_logs",
    objects=Objects(
        "request",
        "REQUEST",
        lambda client: client.request_logs,
        lambda _session, log: row_of(log),
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
