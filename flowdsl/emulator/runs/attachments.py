"""Attachments: the files that go into a run and come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.filters import find_page
from flowdsl.emulator.simulation.files import base_name, media_type
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments
from flowdsl.emulator.wire.models import AttachmentType, RunAttachmentResponse, RunAttachmentUpdate

_SHOWN = (
    "id",
    "run_id",
    "organization_id",
    "filename",
    "content_type",
    "attachment_type",
    "size_bytes",
    "storage_path",
    "created_at",
    "target_path",
    "cleanup_imports_after_run",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as a request brings it; without a media type the name's ending says it."""

    filename: str
    content: bytes
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    content_type: str | None = None
    expires_at: str | None = None


def insert_attachment(
    transaction: Transaction, run_id: str, file: NewFile, kind: AttachmentType
) -> str:
    """The id of a new attachment, there at once."""
    identifier = transaction.new_id()
    position = transaction.connection.scalar(
        select(func.count()).select_from(run_attachments).where(run_attachments.c.run_id == run_id)
    )
    folder = f"{transaction.organization_id}/{run_id}/{identifier}"
    transaction.connection.execute(
        insert(run_attachments).values(
            id=identifier,
            organization_id=transaction.organization_id,
            run_id=run_id,
            created_at=transaction.now,
            position=position,
            filename=file.filename,
            content_type=file.content_type or media_type(file.filename),
            attachment_type=kind.value,
            size_bytes=len(file.content),
            storage_path=f"{folder}/{base_name(file.filename)}",
            target_path=file.target_path,
            cleanup_imports_after_run=file.cleanup_imports_after_run,
            expires_at=file.expires_at,
            content=file.content,
        )
    )
    return identifier


def attachment_row(transaction: Transaction, attachment_id: UUID | str) -> Row[Any]:
    """One row with its bytes; 404 where the organisation has none of this id by now."""
    row = transaction.connection.execute(
        select(run_attachments).where(
            run_attachments.c.id == str(attachment_id),
            run_attachments.c.organization_id == transaction.organization_id,
            run_attachments.c.created_at <= transaction.now,
        )
    ).one_or_none()
    if row is None:
        raise not_found("run attachment", attachment_id)
    return row


def unexpired_row(transaction: Transaction, attachment_id: UUID | str) -> Row[Any]:
    """One row whose bytes may be read; an expired one is not found (`expired-attachment`)."""
    row = attachment_row(transaction, attachment_id)
    if row.expires_at is not None and row.expires_at <= transaction.now:
        raise not_found("content of run attachment", attachment_id)
    return row


def attachment_reply(row: Row[Any]) -> RunAttachmentResponse:
    """The reply of one row."""
    return RunAttachmentResponse(**{name: getattr(row, name) for name in _SHOWN})


def find_attachments(
    transaction: Transaction,
    run_id: UUID | None,
    kind: AttachmentType | None,
    *,
    skip: int,
    limit: int,
) -> tuple[list[RunAttachmentResponse], int]:
    """One page, oldest first, and the number of all that match."""
    columns = run_attachments.c
    conditions = [columns.created_at <= transaction.now]
    if run_id is not None:
        conditions.append(columns.run_id == str(run_id))
    if kind is not None:
        conditions.append(columns.attachment_type == kind.value)
    rows, total = find_page(
        transaction,
        run_attachments,
        conditions,
        (columns.created_at, columns.position, columns.id),
        skip=skip,
        limit=limit,
    )
    return [attachment_reply(row) for row in rows], total


def update_attachment(
    transaction: Transaction, attachment_id: UUID, body: RunAttachmentUpdate
) -> RunAttachmentResponse:
    """The attachment with `expires_at` changed if it was sent."""
    row = attachment_row(transaction, attachment_id)
    if "expires_at" in body.model_fields_set:
        moment = None if body.expires_at is None else format_time(body.expires_at)
        transaction.connection.execute(
            update(run_attachments).where(run_attachments.c.id == row.id).values(expires_at=moment)
        )
    return attachment_reply(attachment_row(transaction, attachment_id))


def delete_attachment(transaction: Transaction, attachment_id: UUID) -> None:
    """Removes the file; the run stays."""
    row = attachment_row(transaction, attachment_id)
    transaction.connection.execute(delete(run_attachments).where(run_attachments.c.id == row.id))
