"""`/v1/workflows/prompt-image(s)`: the organisation-wide store of images of prompts.

Prompts use addresses below `supabase://workflow-prompt-images/`; signed URLs serve the bytes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, Response, UploadFile
from sqlalchemy import Row

from flowdsl.emulator.context import context_of
from flowdsl.emulator.errors import invalid_request
from flowdsl.emulator.resources.rows import Resource
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.signed_urls import STORAGE_PREFIX, refuse_unsigned, sign_url
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import prompt_images
from flowdsl.emulator.wire.models import (
    WorkflowPromptImageListItem,
    WorkflowPromptImageResponse,
    WorkflowPromptImageSignedUrlResponse,
)

URL_PREFIX = "supabase://workflow-prompt-images/"
MAX_BYTES = 10 * 1024 * 1024

EXTENSIONS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
"""The four accepted media types, and the file extensions that a stored name of each may have."""

SIGNED_URL_SECONDS = 3600
"""One hour (SDK docstring of `get_prompt_image_signed_url`)."""

IMAGES = Resource(
    kind="prompt image",
    table=prompt_images,
    reply=WorkflowPromptImageListItem,
    order=(prompt_images.c.created_at, prompt_images.c.path),
    key="path",
)

_FOLDER = "workflow-prompt-images"

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")

_NAME_LIMIT = 120
_REFERENCE = re.compile(re.escape(URL_PREFIX) + r"[^\s\"'<>]+")


@router.post("/prompt-image", status_code=201)
async def upload_workflow_prompt_image(
    transaction: Current, request: Request, file: Annotated[UploadFile, File()]
) -> WorkflowPromptImageResponse:
    """Stores a PNG, JPEG, GIF or WebP of at most 10 MB."""
    # Reads the plain file object: the asynchronous one would yield to the event loop.
    content = file.file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise invalid_request(("body", "file"), "the image is larger than 10 MB", "too_large")
    content_type = image_type(content)
    if content_type is None:
        known = ", ".join(EXTENSIONS)
        raise invalid_request(("body", "file"), f"the file is none of {known}", "media_type")
    name = sanitize_filename(file.filename, content_type)
    row = insert_image(transaction, name, content_type, content)
    return WorkflowPromptImageResponse(
        supabase_url=URL_PREFIX + row.path,
        signed_url=_sign_image_url(request, row.path),
        filename=row.filename,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
    )


@router.get("/prompt-images")
async def list_workflow_prompt_images(
    transaction: Current,
) -> list[WorkflowPromptImageListItem]:
    """All prompt images of the organisation, oldest first."""
    columns = prompt_images.c
    shown = (columns.path, columns.filename, columns.size_bytes, columns.created_at)
    return [
        IMAGES.show(row, supabase_url=URL_PREFIX + row.path)
        for row in IMAGES.rows(transaction, columns=shown, is_list=True)
    ]


@router.get("/prompt-image/signed-url")
async def get_workflow_prompt_image_signed_url(
    transaction: Current, request: Request, path: str
) -> WorkflowPromptImageSignedUrlResponse:
    """An address that serves the image for one hour."""
    row = IMAGES.row(transaction, path)
    return WorkflowPromptImageSignedUrlResponse(
        supabase_url=URL_PREFIX + row.path,
        signed_url=_sign_image_url(request, row.path),
        expires_in=SIGNED_URL_SECONDS,
    )


@router.delete("/prompt-image", status_code=204)
async def delete_workflow_prompt_image(transaction: Current, path: str) -> None:
    """Deletes the image at a storage path; prompts that show it keep the address."""
    IMAGES.delete(transaction, path)


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_signed_image(request: Request, path: str, expires: str, token: str) -> Response:
    """The bytes, without a bearer key, until the address expires."""
    refuse_unsigned(request, _FOLDER, path, expires, token)
    with context_of(request).store.read(path.partition("/")[0]) as transaction:
        row = IMAGES.row(transaction, path)
    return Response(
        row.content,
        media_type=row.content_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )


def _sign_image_url(request: Request, path: str) -> str:
    return sign_url(request, _FOLDER, path, SIGNED_URL_SECONDS)


def image_type(content: bytes) -> str | None:
    """Return the media type that the first bytes indicate, or None for any other."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def sanitize_filename(name: str | None, content_type: str) -> str:
    """Return a name of ASCII letters, digits, `.`, `_` and `-`, ending as `content_type` requires.

    Folders and leading dots are removed, so the result is safe as one segment of a path.
    """
    base = re.split(r"[/\\]", name or "")[-1]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", base).strip(".-") or "image"
    extensions = EXTENSIONS[content_type]
    if stem.lower().endswith(extensions):
        stem, dot, ending = stem.rpartition(".")
        return stem[:_NAME_LIMIT] + dot + ending
    return stem[:_NAME_LIMIT] + extensions[0]


def insert_image(
    transaction: Transaction, filename: str, content_type: str, content: bytes
) -> Row[Any]:
    """Store an image under a unique path (assumption `image-name-taken`)."""
    path = _free_path(transaction, filename)
    IMAGES.insert(
        transaction,
        path=path,
        filename=path.rpartition("/")[2],
        content_type=content_type,
        size_bytes=len(content),
        content=content,
    )
    return IMAGES.row(transaction, path)


def copy_referenced_images(transaction: Transaction, prompt: str) -> str:
    """Copy the organisation's images that `prompt` shows; return the prompt with the new addresses.

    Addresses of images that do not exist are left unchanged.
    """
    addresses: dict[str, str] = {}
    for address in _REFERENCE.findall(prompt):
        path = address.removeprefix(URL_PREFIX)
        source = None if address in addresses else IMAGES.find(transaction, path)
        if source is not None:
            copy = insert_image(transaction, source.filename, source.content_type, source.content)
            addresses[address] = URL_PREFIX + copy.path
    return _REFERENCE.sub(lambda match: addresses.get(match[0], match[0]), prompt)


def _free_path(transaction: Transaction, filename: str) -> str:
    folder = f"{transaction.organization_id}/prompt-assets"
    stem, dot, ending = filename.rpartition(".")
    path = f"{folder}/{filename}"
    number = 1
    while IMAGES.find(transaction, path) is not None:
        number += 1
        path = f"{folder}/{stem}-{number}{dot}{ending}"
    return path
