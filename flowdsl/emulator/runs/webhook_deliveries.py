"""Webhook events: created when a run has ended, kept until they are delivered.

Ended runs are processed in order, once each; the store records up to which time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, insert, select, update

from flowdsl.emulator.runs.rows import find_ended_runs
from flowdsl.emulator.runs.views import run_replies
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import store_facts, webhook_deliveries, workflows
from flowdsl.emulator.wire.models import RunCompletedEvent

_NAMESPACE = UUID("2b1f6a0e-9a0b-5f0e-8c53-6b1d7f1c0e55")
_SEEN_UNTIL = "webhooks_seen_until:"


def has_news(transaction: Transaction) -> bool:
    """Whether `collect_events` would change the store."""
    since = _read_seen_until(transaction)
    return since is None or bool(find_ended_runs(transaction, since=since, until=transaction.now))


def collect_events(transaction: Transaction) -> None:
    """Create an event for every run with a webhook that has ended since the previous call.

    The first call creates none (assumption `webhooks-from-now`). The transaction holds the write
    lock, so no other write is in progress and no end is missed.
    """
    since = _read_seen_until(transaction)
    if since is not None:
        rows = find_ended_runs(transaction, since=since, until=transaction.now)
        enabled = _find_enabled_workflows(transaction, {row.workflow_id for row in rows})
        wanted = [row for row in rows if row.workflow_id in enabled]
        for row, reply in zip(wanted, run_replies(transaction, wanted), strict=True):
            # The same run may end again after a retry.
            identifier = str(uuid5(_NAMESPACE, f"{row.id} {row.ends_at}"))
            event = RunCompletedEvent(event_id=identifier, occurred_at=row.ends_at, run=reply)
            transaction.connection.execute(
                insert(webhook_deliveries)
                .prefix_with("OR IGNORE")
                .values(
                    id=identifier,
                    organization_id=transaction.organization_id,
                    created_at=transaction.now,
                    body=event.model_dump_json().encode(),
                    attempts=0,
                    next_attempt_at=transaction.now,
                )
            )
    transaction.connection.execute(
        insert(store_facts)
        .prefix_with("OR REPLACE")
        .values(name=_SEEN_UNTIL + transaction.organization_id, value=transaction.now)
    )


def due_deliveries(transaction: Transaction, limit: int) -> Sequence[Row[Any]]:
    """Return the events whose next attempt is due, the longest waiting first."""
    columns = webhook_deliveries.c
    return transaction.connection.execute(
        select(webhook_deliveries)
        .where(
            columns.organization_id == transaction.organization_id,
            columns.next_attempt_at <= transaction.now,
        )
        .order_by(columns.next_attempt_at, columns.created_at, columns.id)
        .limit(limit)
    ).all()


def note_attempt(
    transaction: Transaction, event_id: str, *, delivered: bool, next_attempt_at: str | None
) -> None:
    """Count an attempt; the body of an event that needs no further attempt is dropped."""
    columns = webhook_deliveries.c
    values: dict[str, Any] = {
        "attempts": columns.attempts + 1,
        "next_attempt_at": next_attempt_at,
        "delivered_at": transaction.now if delivered else None,
    }
    if next_attempt_at is None:
        values["body"] = b""
    transaction.connection.execute(
        update(webhook_deliveries).where(columns.id == event_id).values(**values)
    )


def _read_seen_until(transaction: Transaction) -> str | None:
    name = _SEEN_UNTIL + transaction.organization_id
    return transaction.connection.scalar(
        select(store_facts.c.value).where(store_facts.c.name == name)
    )


def _find_enabled_workflows(transaction: Transaction, workflow_ids: set[str]) -> set[str]:
    return set(
        transaction.connection.scalars(
            select(workflows.c.id).where(
                workflows.c.id.in_(workflow_ids), workflows.c.is_webhooks_enabled.is_(True)
            )
        )
    )
