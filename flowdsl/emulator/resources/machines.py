"""Machine rows: reading, changing, reserving, and the parameters they give to runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Row, delete, func, insert, select, update

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.changes import new_aliases, sent_changes
from flowdsl.emulator.resources.filters import contains, find_page, within
from flowdsl.emulator.resources.pools import pool_row, pools_of_machines
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines, pool_machines
from flowdsl.emulator.wire.models import (
    MachineCreate,
    MachineHealthCheckError,
    MachineResponse,
    MachinesHealthCheckResponse,
    MachineStatus,
    MachineUpdate,
)

OLDEST_FIRST = (machines.c.created_at, machines.c.id)

_FIRST_MACHINE_NAME = "Emulated desktop"

_SHOWN = (
    "id",
    "unkey_key_id",
    "status",
    "alerts_enabled",
    "created_at",
    "last_seen",
    "name",
    "version",
    "hostname",
    "os_info",
    "machine_parameters",
    "machine_sensitive_parameters",
    "organization_id",
)
"""The columns a reply shows as they are."""


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """What a machine must meet; None asks for nothing. `name` is the whole name, case and all."""

    search: str | None = None
    name: str | None = None
    status: MachineStatus | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a machine and the selected pools add to a run's inputs, by name."""

    values: Mapping[str, JsonValue]
    sensitive_aliases: Mapping[str, str]


def machine_row(transaction: Transaction, machine_id: UUID | str) -> Row[Any]:
    """One row; 404 where the organisation has none of this id."""
    row = transaction.connection.execute(
        select(machines).where(
            machines.c.id == str(machine_id),
            machines.c.organization_id == transaction.organization_id,
        )
    ).one_or_none()
    if row is None:
        raise not_found("machine", machine_id)
    return row


def machine_replies(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[MachineResponse]:
    """The replies of `rows`, in their order, each with its pools.

    A reservation that has run out is not shown (assumptions `reserved-unavailable`,
    `machine-pools-filled`).
    """
    joined = pools_of_machines(transaction, [row.id for row in rows])
    return [
        MachineResponse(
            **{name: getattr(row, name) for name in _SHOWN},
            is_available=row.is_available and reservation_of(transaction, row) is None,
            reserved_session_id=reservation_of(transaction, row),
            pools=joined[row.id],
        )
        for row in rows
    ]


def find_machines(
    transaction: Transaction, wanted: MachineFilter, *, skip: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """One page of rows (assumption `machines-oldest-first`) and the number of all that match."""
    columns = machines.c
    conditions = contains(wanted.search, columns.id, columns.name, columns.hostname)
    conditions += within(columns.created_at, wanted.created_at_from, wanted.created_at_to)
    if wanted.name is not None:
        conditions.append(columns.name == wanted.name)
    if wanted.status is not None:
        conditions.append(columns.status == wanted.status.value)
    return find_page(transaction, machines, conditions, OLDEST_FIRST, skip=skip, limit=limit)


def get_machine(transaction: Transaction, machine_id: UUID | str) -> MachineResponse:
    """One machine; 404 where the organisation has none of this id."""
    return machine_replies(transaction, [machine_row(transaction, machine_id)])[0]


def create_machine(transaction: Transaction, body: MachineCreate) -> MachineResponse:
    """A new machine, connected and available (assumption `machine-starts-connected`).

    Of its secrets only aliases are kept.
    """
    values = body.model_dump(mode="json")
    secrets = values.pop("machine_sensitive_parameters")
    identifier = _insert_machine(
        transaction, machine_sensitive_parameters=new_aliases(transaction, secrets), **values
    )
    return get_machine(transaction, identifier)


def update_machine(
    transaction: Transaction, machine_id: UUID | str, body: MachineUpdate
) -> MachineResponse:
    """The machine with the keys sent changed.

    Null clears a text and the reservation; it leaves the status, the two booleans and `last_seen`
    (assumptions `null-boolean`, `null-never-null`) and the parameters (`null-parameters`), which
    `{}` clears. See `reservations` for the runs that a cleared reservation ends.
    """
    row = machine_row(transaction, machine_id)
    changes = sent_changes(
        body,
        keep_on_null=(
            "status",
            "is_available",
            "alerts_enabled",
            "last_seen",
            "machine_parameters",
            "machine_sensitive_parameters",
        ),
    )
    if "last_seen" in changes and body.last_seen is not None:
        changes["last_seen"] = format_time(body.last_seen)
    if "machine_sensitive_parameters" in changes:
        secrets = changes["machine_sensitive_parameters"]
        changes["machine_sensitive_parameters"] = new_aliases(transaction, secrets)
    if "reserved_session_id" in changes:
        changes["reserved_until"] = None
    if changes:
        transaction.connection.execute(
            update(machines).where(machines.c.id == row.id).values(**changes)
        )
    return get_machine(transaction, machine_id)


def delete_machine(transaction: Transaction, machine_id: UUID) -> None:
    """Removes the machine with its connections; its runs stay without a machine."""
    row = machine_row(transaction, machine_id)
    transaction.connection.execute(delete(machines).where(machines.c.id == row.id))


def machine_candidates(transaction: Transaction, pool_ids: Sequence[str]) -> list[Row[Any]]:
    """The connected and available machines in all of the pools, oldest first, reserved or not.

    404 for an unknown pool.
    """
    for pool_id in pool_ids:
        pool_row(transaction, pool_id)
    return list(
        transaction.connection.execute(
            select(machines)
            .where(
                machines.c.organization_id == transaction.organization_id,
                machines.c.status == MachineStatus.CONNECTED.value,
                machines.c.is_available,
                *(
                    machines.c.id.in_(
                        select(pool_machines.c.machine_id).where(pool_machines.c.pool_id == pool_id)
                    )
                    for pool_id in pool_ids
                ),
            )
            .order_by(*OLDEST_FIRST)
        )
    )


def free_machine(transaction: Transaction, pool_ids: Sequence[str]) -> Row[Any] | None:
    """The oldest free machine in all of the pools, or None; 404 for an unknown pool.

    Free is connected, available and not reserved. An organisation without any machine gets its
    first one here (assumption `first-machine`).
    """
    for row in machine_candidates(transaction, pool_ids):
        if reservation_of(transaction, row) is None:
            return row
    if _has_machines(transaction):
        return None
    return machine_row(transaction, _make_first_machine(transaction, pool_ids))


def reserve_machine(
    transaction: Transaction, machine_id: str, session_id: str | None, *, until: str | None = None
) -> None:
    """Gives the machine to a session up to the time `until`, or for good; None takes it back."""
    transaction.connection.execute(
        update(machines)
        .where(machines.c.id == machine_id)
        .values(reserved_session_id=session_id, reserved_until=until)
    )


def reservation_of(transaction: Transaction, row: Row[Any]) -> str | None:
    """The session that has the machine now."""
    if row.reserved_until is not None and row.reserved_until <= transaction.now:
        return None
    session_id: str | None = row.reserved_session_id
    return session_id


def parameters_of(
    transaction: Transaction, machine_id: str | None, pool_ids: Sequence[str]
) -> Parameters:
    """The parameters of the machine over those of the pools a run selects; 404 for unknown ids.

    Among the pools the one named first wins (assumptions `pool-precedence`, `blank-parameters`).
    """
    sources = [
        (row.machine_parameters, row.machine_sensitive_parameters)
        for row in ([] if machine_id is None else [machine_row(transaction, machine_id)])
    ]
    for pool_id in pool_ids:
        row = pool_row(transaction, pool_id)
        sources.append((row.pool_parameters, row.pool_sensitive_parameters))
    values: dict[str, JsonValue] = {}
    aliases: dict[str, str] = {}
    for plain, sensitive in sources:
        for name, value in (plain or {}).items():
            if value is not None and value != "":
                values.setdefault(name, value)
        for name, alias in (sensitive or {}).items():
            aliases.setdefault(name, alias)
    return Parameters(values, aliases)


def _insert_machine(transaction: Transaction, **values: Any) -> str:
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(machines).values(
            id=identifier,
            organization_id=transaction.organization_id,
            created_at=transaction.now,
            last_seen=transaction.now,
            status=MachineStatus.CONNECTED.value,
            is_available=True,
            alerts_enabled=True,
            **values,
        )
    )
    return identifier


def _make_first_machine(transaction: Transaction, pool_ids: Sequence[str]) -> str:
    identifier = _insert_machine(
        transaction,
        fingerprint="emulated",
        unkey_key_id="key_emulated",
        name=_FIRST_MACHINE_NAME,
        hostname="EMULATED-01",
        os_info="Windows 11",
    )
    for pool_id in dict.fromkeys(pool_ids):
        transaction.connection.execute(
            insert(pool_machines).values(pool_id=pool_id, machine_id=identifier)
        )
    return identifier


def _has_machines(transaction: Transaction) -> bool:
    count = transaction.connection.scalar(
        select(func.count())
        .select_from(machines)
        .where(machines.c.organization_id == transaction.organization_id)
    )
    return bool(count)


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
