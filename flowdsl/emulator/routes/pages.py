"""Pages for a browser: a list of workflows and runs, and the trace of a run.

Not part of the service's contract. The pages need no key, so they exist only while every key
selects the same organisation; an emulator with configured keys shows nothing without one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from html import escape
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute

from flowdsl.emulator.context import LOCAL_ORGANIZATION, context_of
from flowdsl.emulator.faults import CONTROL_PREFIX
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routes.health import root
from flowdsl.emulator.runs.rows import RunFilter, find_runs
from flowdsl.emulator.wire.models import RunListSortMode
from flowdsl.emulator.wire.values import Paging

TracePage = Callable[[str], Awaitable[str | None]]
"""Returns the page of a run's trace, given the id of the run; None if the run does not exist."""

SHOWN_ROWS = 200
"""How many workflows and how many runs are listed, latest first."""

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #8884; }
td { vertical-align: top; white-space: nowrap; }
td:last-child { overflow-wrap: anywhere; white-space: normal; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = {"Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'"}


def add_pages(app: FastAPI, trace_page: TracePage) -> None:
    """Add the pages to an application; for a client that does not accept HTML, `/` is unchanged."""

    async def show_front_page(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse(await root())
        return HTMLResponse(_front_page(request), headers=_POLICY)

    async def show_trace(request: Request, run_id: UUID) -> Response:
        is_open = context_of(request).keys is None
        page = await trace_page(str(run_id)) if is_open else None
        if page is None:
            return HTMLResponse(_render_page("No such run", ""), 404, headers=_POLICY)
        return HTMLResponse(page)

    pages = [
        APIRoute("/", show_front_page, include_in_schema=False),
        APIRoute(f"{CONTROL_PREFIX}traces/{{run_id}}", show_trace, include_in_schema=False),
    ]
    # Precedes the route that answers `/` for programs.
    app.router.routes[:0] = pages


def _front_page(request: Request) -> str:
    context = context_of(request)
    if context.keys is not None:
        told = "<p>This emulator was started with keys of its own; ask its API with one.</p>"
        return _render_page("Local Cyberdesk", told)
    with context.store.read(LOCAL_ORGANIZATION) as transaction:
        workflows, workflow_count = WORKFLOWS.page(transaction, Paging(limit=SHOWN_ROWS))
        latest = RunFilter(limit=SHOWN_ROWS, sort_mode=RunListSortMode.CREATED_AT_DESC, fields=[])
        runs, run_count = find_runs(transaction, latest)
    names = {row.id: row.name or row.id for row in workflows}
    tables = [
        _render_table(
            "Workflows",
            workflow_count,
            ("Id", "Changed", "Name"),
            (
                [row.id, _format_time_of_page(row.updated_at), escape(names[row.id])]
                for row in workflows
            ),
        ),
        _render_table(
            "Runs",
            run_count,
            ("Trace", "Status", "Created", "Workflow"),
            (
                [
                    f'<a href="{CONTROL_PREFIX}traces/{run.id}" title="{run.id}">{run.id[:8]}</a>',
                    run.status.value,
                    _format_time_of_page(run.created_at),
                    escape(names.get(run.workflow_id or "", run.workflow_id or "")),
                ]
                for run in runs
            ),
        ),
    ]
    return _render_page("Local Cyberdesk", "\n".join(tables))


def _format_time_of_page(moment: str) -> str:
    """Format a time of the service without fractions of a second: `2026-01-31 09:30:00 UTC`."""
    return f"{moment[:10]} {moment[11:19]} UTC"


def _render_table(
    title: str, total: int, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> str:
    """Render a table whose cells are already HTML."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    latest = f", the latest {SHOWN_ROWS}" if total > SHOWN_ROWS else ""
    return f"<h2>{title} ({total}{latest})</h2>\n<table><tr>{head}</tr>\n{body}</table>"


def _render_page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    )
