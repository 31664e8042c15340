"""`flowdsl health`: whether the service, its database and the machines are healthy."""

from __future__ import annotations

import argparse
from argparse import Namespace

from flowdsl.cyberdesk.errors import ServiceFailure
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ...runtime.console import Console
from ...runtime.exit_codes import FINDINGS, SUCCESS
from ...views.table import RECORD_WIDTH, Column, render_table
from .frame.actions import Row, list_json
from .frame.session import ResourceSession, carry_out, configure_common

_COLUMNS = (
    Column("PART", "part"),
    Column("WELL", "is_well"),
    Column("MESSAGE", "message", width=RECORD_WIDTH),
)


def configure(parser: argparse.ArgumentParser) -> None:
    configure_common(parser)


def run(arguments: Namespace, console: Console) -> int:
    """Print rows for the service, its database, all machines and each that fails; 1 if any fails.

    A service that is down has no row: the command ends with its error.
    """
    environment, rows = carry_out(arguments, console, _health_rows)
    if arguments.json:
        console.out(list_json("health", environment, rows))
    else:
        console.out(render_table(_COLUMNS, rows))
    return SUCCESS if all(row["is_well"] for row in rows) else FINDINGS


async def _health_rows(session: ResourceSession) -> list[Row]:
    client = session.client
    await client.health()
    rows = [_health_row("service", True, "it answers")]
    try:
        await client.health_database()
        rows.append(_health_row("database", True, "it answers"))
    except ServiceFailure as failure:
        rows.append(_health_row("database", False, str(failure)))
    health = await client.health_machines()
    checked = format_count(health.checked_machines or 0, "machine")
    rows.append(
        _health_row("machines", not health.errored_machines, health.message or f"{checked} checked")
    )
    for each in health.errored_machines:
        rows.append(
            _health_row(f"machine {each.machine_name or each.machine_id}", False, each.error)
        )
    return rows


def _health_row(part: str, is_well: bool, message: str) -> Row:
    return {"part": make_printable(part), "is_well": is_well, "message": message}
