"""How the organisation's machines are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from flowdsl.emulator.records.machines import OLDEST_FIRST
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines
from flowdsl.emulator.wire.models import (
    MachineHealthCheckError,
    MachinesHealthCheckResponse,
    MachineStatus,
)


def check_machines(transaction: Transaction) -> MachinesHealthCheckResponse:
    """The result of a probe (assumption `health-by-status`)."""
    rows = transaction.connection.execute(
        select(machines)
        .where(
            machines.c.organization_id == transaction.organization_id,
            machines.c.status != MachineStatus.DISCONNECTED.value,
        )
        .order_by(*OLDEST_FIRST)
    ).all()
    errored = [_error_of(row) for row in rows if row.status == MachineStatus.ERROR.value]
    return MachinesHealthCheckResponse(
        status="error" if errored else "ok",
        scope="organization",
        checked_machines=len(rows),
        healthy_machines=len(rows) - len(errored),
        errored_machines=errored,
        message=f"{len(rows) - len(errored)} of {len(rows)} connected machines answered",
    )


def _error_of(row: Row[Any]) -> MachineHealthCheckError:
    return MachineHealthCheckError(
        machine_id=row.id,
        error="the machine's status is `error`",
        organization_id=row.organization_id,
        machine_name=row.name,
    )
