"""Stored replies of writes that carried an `Idempotency-Key`."""

from __future__ import annotations

from fastapi import Response
from sqlalchemy import insert, select

from flowdsl.emulator.clock import later
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import idempotent_replies

IDEMPOTENCY_HEADER = "Idempotency-Key"
STATUS_HEADER = "Idempotency-Status"
IN_PROGRESS = "in_progress"


def stored_reply(
    transaction: Transaction, key: str, seconds: float | None = None
) -> Response | None:
    """The first reply to `key`, or None for a new key (assumption `idempotency-first-reply-wins`).

    A key is new again after `seconds`, None for never.
    """
    since = "" if seconds is None else later(transaction.now, -round(seconds * 1000))
    row = transaction.connection.execute(
        select(
            idempotent_replies.c.status,
            idempotent_replies.c.media_type,
            idempotent_replies.c.body,
        ).where(
            idempotent_replies.c.organization_id == transaction.organization_id,
            idempotent_replies.c.key == key,
            idempotent_replies.c.created_at > since,
        )
    ).one_or_none()
    if row is None:
        return None
    return Response(row.body, status_code=row.status, media_type=row.media_type)


def store_reply(transaction: Transaction, key: str, reply: Response) -> None:
    """Keeps `reply` under `key`, in place of one that has expired; it becomes visible when the
    write itself commits."""
    transaction.connection.execute(
        insert(idempotent_replies)
        .prefix_with("OR REPLACE")
        .values(
            organization_id=transaction.organization_id,
            key=key,
            status=reply.status_code,
            media_type=reply.headers.get("content-type"),
            body=bytes(reply.body),
            created_at=transaction.now,
        )
    )
