"""`/v1/run-attachments`: the input and output files of runs."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row, func, select

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.context import context_of
from flowdsl.emulator.errors import Location, invalid_request, not_found
from flowdsl.emulator.resources.rows import Resource, conditions_of
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.rows import RUNS
from flowdsl.emulator.signed_urls import STORAGE_PREFIX, refuse_unsigned, sign_url
from flowdsl.emulator.simulation.files import base_name, media_type
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments
from flowdsl.emulator.wire.models import (
    AttachmentType,
    PaginatedResponseRunAttachmentResponse,
    RunAttachmentCreate,
    RunAttachmentDownloadUrlResponse,
    RunAttachmentResponse,
    RunAttachmentUpdate,
)
from flowdsl.emulator.wire.values import Paging

_FOLDER = "run-attachments"
_BYTES = "application/octet-stream"

router = APIRouter(prefix="/v1/run-attachments", tags=["run_attachments"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")

ATTACHMENTS = Resource(
    kind="run attachment",
    table=run_attachments,
    reply=RunAttachmentResponse,
    order=(run_attachments.c.created_at, run_attachments.c.position, run_attachments.c.id),
)


class AttachmentFilter(Paging):
    """The conditions on the attachments of a list."""

    run_id: UUID | None = None
    attachment_type: AttachmentType | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file from a request; without a media type, the file extension determines it."""

    filename: str
    content: bytes
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    content_type: str | None = None
    expires_at: str | None = None


@router.get("")
async def list_run_attachments(
    transaction: Current, wanted: Annotated[AttachmentFilter, Query()]
) -> PaginatedResponseRunAttachmentResponse:
    """One page, oldest first."""
    rows, total = ATTACHMENTS.page(transaction, wanted, *conditions_of(run_attachments, wanted))
    items = [ATTACHMENTS.show(row) for row in rows]
    return PaginatedResponseRunAttachmentResponse.of(wanted, items, total)


@router.post("", status_code=201)
async def create_run_attachment(
    transaction: Current, body: RunAttachmentCreate
) -> RunAttachmentResponse:
    """Adds a file to a run."""
    run = RUNS.row(transaction, body.run_id)
    file = NewFile(
        filename=body.filename,
        content=decode_content(body.content, ("body", "content")),
        target_path=body.target_path,
        cleanup_imports_after_run=body.cleanup_imports_after_run,
        content_type=body.content_type,
        expires_at=None if body.expires_at is None else format_time(body.expires_at),
    )
    identifier = insert_attachment(transaction, run.id, file, body.attachment_type)
    return ATTACHMENTS.get(transaction, identifier)


@router.get("/{attachment_id}")
async def get_run_attachment(transaction: Current, attachment_id: UUID) -> RunAttachmentResponse:
    """One attachment without its bytes."""
    return ATTACHMENTS.get(transaction, attachment_id)


@router.put("/{attachment_id}")
async def update_run_attachment(
    transaction: Current, attachment_id: UUID, body: RunAttachmentUpdate
) -> RunAttachmentResponse:
    """Changes when the file expires, if that was sent."""
    ATTACHMENTS.update(transaction, attachment_id, body)
    return ATTACHMENTS.get(transaction, attachment_id)


@router.delete("/{attachment_id}", status_code=204)
async def delete_run_attachment(transaction: Current, attachment_id: UUID) -> None:
    """Deletes a file; the run stays."""
    ATTACHMENTS.delete(transaction, attachment_id)


@router.get(
    "/{attachment_id}/download",
    response_class=Response,
    responses={200: {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_run_attachment(transaction: Current, attachment_id: UUID) -> Response:
    """The bytes of a file."""
    row = _find_unexpired_row(transaction, attachment_id)
    return _render_download(row.content, row.filename)


@router.get("/{attachment_id}/download-url")
async def get_run_attachment_download_url(
    transaction: Current,
    request: Request,
    attachment_id: UUID,
    expires_in: Annotated[int, Query(ge=10, le=3600)] = 300,
) -> RunAttachmentDownloadUrlResponse:
    """An address that serves the file for a while."""
    row = _find_unexpired_row(transaction, attachment_id)
    path = f"{row.organization_id}/{row.id}"
    return RunAttachmentDownloadUrlResponse(
        url=sign_url(request, _FOLDER, path, expires_in), expires_in=expires_in
    )


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_run_attachment(request: Request, path: str, expires: str, token: str) -> Response:
    """The bytes, without a bearer key, until the address expires."""
    refuse_unsigned(request, _FOLDER, path, expires, token)
    organization_id, _, attachment_id = path.rpartition("/")
    with context_of(request).store.read(organization_id) as transaction:
        row = _find_unexpired_row(transaction, attachment_id)
    return _render_download(row.content, row.filename)


def _render_download(content: bytes, filename: str) -> Response:
    """Return a download that a browser never renders as a page, whatever the file contains."""
    name = quote(filename, safe="", errors="replace")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=_BYTES, headers=headers)


def _find_unexpired_row(transaction: Transaction, attachment_id: UUID | str) -> Row[Any]:
    """Return one row whose bytes may be read; 404 for an expired one (`expired-attachment`)."""
    row = ATTACHMENTS.row(transaction, attachment_id)
    if row.expires_at is not None and row.expires_at <= transaction.now:
        raise not_found("content of run attachment", attachment_id)
    return row


def decode_content(content: str, location: Location) -> bytes:
    """Decode base64; raises a 422 for anything else."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_request(location, "the content is not base64", "base64") from None


def insert_attachment(
    transaction: Transaction,
    run_id: str,
    file: NewFile,
    kind: AttachmentType,
    *,
    position: int | None = None,
    at_ms: int | None = None,
) -> str:
    """Insert an attachment, the last one of its run unless `position` is given; return its id.

    It exists at once, or `at_ms` milliseconds after the start of the run.
    """
    identifier = transaction.new_id()
    if position is None:
        of_run = run_attachments.c.run_id == run_id
        counted = select(func.count()).select_from(run_attachments).where(of_run)
        position = transaction.connection.scalar(counted)
    folder = f"{transaction.organization_id}/{run_id}/{identifier}"
    return ATTACHMENTS.insert(
        transaction,
        id=identifier,
        run_id=run_id,
        position=position,
        at_ms=at_ms,
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
