"""`/v1/run-attachments`: the files of runs and the addresses that serve their bytes."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.context import context_of
from flowdsl.emulator.routes.signed_urls import STORAGE_PREFIX, refuse_unsigned, signed_url
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.attachments import (
    NewFile,
    attachment_reply,
    attachment_row,
    delete_attachment,
    find_attachments,
    insert_attachment,
    unexpired_row,
    update_attachment,
)
from flowdsl.emulator.runs.requests import decoded
from flowdsl.emulator.runs.rows import run_row
from flowdsl.emulator.wire.models import (
    AttachmentType,
    PaginatedResponseRunAttachmentResponse,
    RunAttachmentCreate,
    RunAttachmentDownloadUrlResponse,
    RunAttachmentResponse,
    RunAttachmentUpdate,
)
from flowdsl.emulator.wire.values import Limit, Skip

_FOLDER = "run-attachments"
_BYTES = "application/octet-stream"

router = APIRouter(prefix="/v1/run-attachments", tags=["run_attachments"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")


@router.get("")
async def list_run_attachments(
    transaction: Current,
    run_id: UUID | None = None,
    attachment_type: AttachmentType | None = None,
    skip: Skip = 0,
    limit: Limit = 100,
) -> PaginatedResponseRunAttachmentResponse:
    """One page, oldest first."""
    items, total = find_attachments(transaction, run_id, attachment_type, skip=skip, limit=limit)
    return PaginatedResponseRunAttachmentResponse(items=items, total=total, skip=skip, limit=limit)


@router.post("", status_code=201)
async def create_run_attachment(
    transaction: Current, body: RunAttachmentCreate
) -> RunAttachmentResponse:
    """Adds a file to a run."""
    run = run_row(transaction, body.run_id)
    file = NewFile(
        filename=body.filename,
        content=decoded(body.content, ("body", "content")),
        target_path=body.target_path,
        cleanup_imports_after_run=body.cleanup_imports_after_run,
        content_type=body.content_type,
        expires_at=None if body.expires_at is None else format_time(body.expires_at),
    )
    identifier = insert_attachment(transaction, run.id, file, body.attachment_type)
    return attachment_reply(attachment_row(transaction, identifier))


@router.get("/{attachment_id}")
async def get_run_attachment(transaction: Current, attachment_id: UUID) -> RunAttachmentResponse:
    """One attachment without its bytes."""
    return attachment_reply(attachment_row(transaction, attachment_id))


@router.put("/{attachment_id}")
async def update_run_attachment(
    transaction: Current, attachment_id: UUID, body: RunAttachmentUpdate
) -> RunAttachmentResponse:
    """Changes when the file expires."""
    return update_attachment(transaction, attachment_id, body)


@router.delete("/{attachment_id}", status_code=204)
async def delete_run_attachment(transaction: Current, attachment_id: UUID) -> None:
    """Deletes a file."""
    delete_attachment(transaction, attachment_id)


@router.get(
    "/{attachment_id}/download",
    response_class=Response,
    responses={200: {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_run_attachment(transaction: Current, attachment_id: UUID) -> Response:
    """The bytes of a file."""
    row = unexpired_row(transaction, attachment_id)
    return _file(row.content, row.filename)


@router.get("/{attachment_id}/download-url")
async def get_run_attachment_download_url(
    transaction: Current,
    request: Request,
    attachment_id: UUID,
    expires_in: Annotated[int, Query(ge=10, le=3600)] = 300,
) -> RunAttachmentDownloadUrlResponse:
    """An address that serves the file for a while."""
    row = unexpired_row(transaction, attachment_id)
    path = f"{row.organization_id}/{row.id}"
    return RunAttachmentDownloadUrlResponse(
        url=signed_url(request, _FOLDER, path, expires_in), expires_in=expires_in
    )


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_run_attachment(request: Request, path: str, expires: str, token: str) -> Response:
    """The bytes, without a bearer key, until the address expires."""
    refuse_unsigned(request, _FOLDER, path, expires, token)
    organization_id, _, attachment_id = path.rpartition("/")
    with context_of(request).store.read(organization_id) as transaction:
        row = unexpired_row(transaction, attachment_id)
    return _file(row.content, row.filename)


def _file(content: bytes, filename: str) -> Response:
    """A download a browser never shows as a page, whatever the file holds."""
    name = quote(filename, safe="", errors="replace")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=_BYTES, headers=headers)
