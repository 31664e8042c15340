"""`/v1/workflows/prompt-image(s)` and the address that serves an image's bytes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Request, Response, UploadFile

from flowdsl.emulator.context import context_of
from flowdsl.emulator.errors import invalid
from flowdsl.emulator.resources.prompt_images import (
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
from flowdsl.emulator.routes.signed_urls import STORAGE_PREFIX, refuse_unsigned, signed_url
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    WorkflowPromptImageListItem,
    WorkflowPromptImageResponse,
    WorkflowPromptImageSignedUrlResponse,
)

SIGNED_URL_SECONDS = 3600
"""One hour (SDK docstring of `get_prompt_image_signed_url`)."""

_FOLDER = "workflow-prompt-images"

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")


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
    refuse_unsigned(request, _FOLDER, path, expires, token)
    with context_of(request).store.read(path.partition("/")[0]) as transaction:
        row = get_image(transaction, path)
    return Response(
        row.content,
        media_type=row.content_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )


def _signed_url(request: Request, path: str) -> str:
    return signed_url(request, _FOLDER, path, SIGNED_URL_SECONDS)
