"""Changing a machine, and what the end of its reservation brings with it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from flowdsl.emulator.resources.machines import get_machine, machine_row, update_machine
from flowdsl.emulator.runs.changes import cancel_runs_of_machine
from flowdsl.emulator.runs.upkeep import replan
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines
from flowdsl.emulator.wire.models import MachineResponse, MachineUpdate


def change_machine(
    transaction: Transaction, machine_id: UUID, body: MachineUpdate
) -> MachineResponse:
    """The machine with the keys sent changed.

    Null for `reserved_session_id` clears the reservation and makes the machine available.
    """
    row = machine_row(transaction, machine_id)
    if "reserved_session_id" in body.model_fields_set and body.reserved_session_id is None:
        cancel_runs_of_machine(transaction, row.id)
        transaction.connection.execute(
            update(machines).where(machines.c.id == row.id).values(is_available=True)
        )
    update_machine(transaction, machine_id, body)
    replan(transaction, row.id)
    return get_machine(transaction, machine_id)
