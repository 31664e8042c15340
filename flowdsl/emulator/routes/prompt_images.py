"""`/v1/workflows/prompt-image(s)` and the address that serves an image's bytes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, File, HTTPException, Request, Response, UploadFile

from flowdsl.emulator.clock import format_time, parse_time
from flowdsl.emulator.context import Context, context_of
from flowdsl.emulator.errors import invalid
from flowdsl.emulator.records.prompt_images import (
    EXTENSIONS,
    MAX_BYTES,
    URL_PREFIX,
    delete_image,
    get_image,
    image_type,
    insert_image,
    list_images,
    sanitize_filename,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.prompt_images import (
    WorkflowPromptImageListItem,
    WorkflowPromptImageResponse,
    WorkflowPromptImageSignedUrlResponse,
)

SIGNED_URL_SECONDS = 3600
"""One hour (SDK docstring of `get_prompt_image_signed_url`)."""

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)
signed_router = APIRouter(prefix="/storage/v1/object/sign/workflow-prompt-images")


@router.post("/prompt-image", status_code=201)
async def upload_workflow_prompt_image(
    transaction: Current, request: Request, file: Annotated[UploadFile, File()]
) -> WorkflowPromptImageResponse:
    """Stores a PNG, JPEG, GIF or WebP of at most 10 MB."""
    # Read through the plain file object: the asynchronous one would give up the event loop.
    content = file.file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise invalid(("body", "file"), "the image is larger than 10 MB", "too_large")
    content_type = image_type(content)
    if content_type is None:
        known = ", ".join(EXTENSIONS)
        raise invalid(("body", "file"), f"the file is none of {known}", "media_type")
    name = sanitize_filename(file.filename, content_type)
    row = insert_image(transaction, name, content_type, content)
    return WorkflowPromptImageResponse(
        supabase_url=URL_PREFIX + row.path,
        signed_url=_signed_url(request, row.path),
        filename=row.filename,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
    )


@router.get("/prompt-images")
async def list_workflow_prompt_images(
    transaction: Current,
) -> list[WorkflowPromptImageListItem]:
    """All prompt images of the organisation."""
    return [
        WorkflowPromptImageListItem(
            supabase_url=URL_PREFIX + row.path,
            path=row.path,
            filename=row.filename,
            created_at=row.created_at,
            size_bytes=row.size_bytes,
        )
        for row in list_images(transaction)
    ]


@router.get("/prompt-image/signed-url")
async def get_workflow_prompt_image_signed_url(
    transaction: Current, request: Request, path: str
) -> WorkflowPromptImageSignedUrlResponse:
    """An address that serves the image for one hour."""
    row = get_image(transaction, path)
    return WorkflowPromptImageSignedUrlResponse(
        supabase_url=URL_PREFIX + row.path,
        signed_url=_signed_url(request, row.path),
        expires_in=SIGNED_URL_SECONDS,
    )


@router.delete("/prompt-image", status_code=204)
async def delete_workflow_prompt_image(transaction: Current, path: str) -> None:
    """Deletes the image at a storage path."""
    delete_image(transaction, path)


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_signed_image(request: Request, path: str, expires: str, token: str) -> Response:
    """The bytes, without a bearer key, until the address expires."""
    context = context_of(request)
    expected = _signature(context, path, expires)
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise HTTPException(400, "the signature does not fit the address")
    if format_time(context.store.clock()) > expires:
        raise HTTPException(400, "the address has expired")
    with context.store.read(path.partition("/")[0]) as transaction:
        row = get_image(transaction, path)
    return Response(
        row.content,
        media_type=row.content_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )


def _signed_url(request: Request, path: str) -> str:
    context = context_of(request)
    now = parse_time(format_time(context.store.clock()))
    expires = format_time(now + timedelta(seconds=SIGNED_URL_SECONDS))
    query = urlencode({"expires": expires, "token": _signature(context, path, expires)})
    return f"{request.base_url}{signed_router.prefix[1:]}/{quote(path)}?{query}"


def _signature(context: Context, path: str, expires: str) -> str:
    message = f"{expires}\n{path}".encode()
    return hmac.new(context.store.signing_key, message, hashlib.sha256).hexdigest()
