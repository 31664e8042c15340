"""The order the user gives to tags and tag groups."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Table, func, select, update

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.store import Transaction


def next_position(transaction: Transaction, table: Table) -> int:
    """The position after the organisation's last row; 0 for the first."""
    last = transaction.connection.scalar(
        select(func.max(table.c.position)).where(
            table.c.organization_id == transaction.organization_id
        )
    )
    return 0 if last is None else int(last) + 1


def reorder(transaction: Transaction, table: Table, kind: str, ids: Sequence[UUID]) -> None:
    """Puts the rows `ids` first, in this order; the others follow in their old order.

    404 for an id the organisation does not have (assumption `partial-reorder`).
    """
    known = list(
        transaction.connection.scalars(
            select(table.c.id)
            .where(table.c.organization_id == transaction.organization_id)
            .order_by(table.c.position)
        )
    )
    wanted = list(dict.fromkeys(str(identifier) for identifier in ids))
    for identifier in wanted:
        if identifier not in known:
            raise not_found(kind, identifier)
    chosen = set(wanted)
    wanted += [identifier for identifier in known if identifier not in chosen]
    for position, identifier in enumerate(wanted):
        transaction.connection.execute(
            update(table).where(table.c.id == identifier).values(position=position)
        )
