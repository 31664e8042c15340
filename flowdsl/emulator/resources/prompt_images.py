"""Prompt images: the organisation-wide store behind `supabase://workflow-prompt-images/`."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.resources.filters import listed
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import prompt_images

URL_PREFIX = "supabase://workflow-prompt-images/"
MAX_BYTES = 10 * 1024 * 1024

EXTENSIONS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
"""The four types the service takes and the endings a stored name of each may have."""

_NAME_LIMIT = 120
_REFERENCE = re.compile(re.escape(URL_PREFIX) + r"[^\s\"'<>]+")


def image_type(content: bytes) -> str | None:
    """The media type the first bytes announce, or None for anything else."""
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
    """A name of ASCII letters, digits, `.`, `_` and `-`, ending as `content_type` ends.

    Folders are cut off and leading dots dropped, so the result is safe as one part of a path.
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
    """Stores an image under a path of its own (assumption `image-name-taken`)."""
    path = _free_path(transaction, filename)
    transaction.connection.execute(
        insert(prompt_images).values(
            path=path,
            organization_id=transaction.organization_id,
            filename=path.rpartition("/")[2],
            content_type=content_type,
            size_bytes=len(content),
            content=content,
            created_at=transaction.now,
        )
    )
    return get_image(transaction, path)


def list_images(transaction: Transaction) -> list[Row[Any]]:
    """All images of the organisation without their bytes, oldest first."""
    return list(
        transaction.connection.execute(
            select(
                prompt_images.c.path,
                prompt_images.c.filename,
                prompt_images.c.size_bytes,
                prompt_images.c.created_at,
            )
            .where(
                prompt_images.c.organization_id == transaction.organization_id,
                *listed(transaction, prompt_images.c.created_at),
            )
            .order_by(prompt_images.c.created_at, prompt_images.c.path)
        )
    )


def get_image(transaction: Transaction, path: str) -> Row[Any]:
    """One image with its bytes; 404 where the organisation has none at this path."""
    row = transaction.connection.execute(
        select(prompt_images).where(
            prompt_images.c.path == path,
            prompt_images.c.organization_id == transaction.organization_id,
        )
    ).one_or_none()
    if row is None:
        raise not_found("prompt image", path)
    return row


def delete_image(transaction: Transaction, path: str) -> None:
    """Removes an image; prompts that show it keep the address."""
    row = get_image(transaction, path)
    transaction.connection.execute(delete(prompt_images).where(prompt_images.c.path == row.path))


def copy_referenced_images(transaction: Transaction, prompt: str) -> str:
    """`prompt` with every image of the organisation copied and its address replaced.

    Addresses of images that do not exist stay as they are.
    """
    addresses: dict[str, str] = {}
    for address in _REFERENCE.findall(prompt):
        path = address.removeprefix(URL_PREFIX)
        if address not in addresses and _exists(transaction, path):
            source = get_image(transaction, path)
            copy = insert_image(transaction, source.filename, source.content_type, source.content)
            addresses[address] = URL_PREFIX + copy.path
    return _REFERENCE.sub(lambda match: addresses.get(match[0], match[0]), prompt)


def _free_path(transaction: Transaction, filename: str) -> str:
    folder = f"{transaction.organization_id}/prompt-assets"
    stem, dot, ending = filename.rpartition(".")
    path = f"{folder}/{filename}"
    number = 1
    while _exists(transaction, path):
        number += 1
        path = f"{folder}/{stem}-{number}{dot}{ending}"
    return path


def _exists(transaction: Transaction, path: str) -> bool:
    found = transaction.connection.scalar(
        select(func.count())
        .select_from(prompt_images)
        .where(
            prompt_images.c.path == path,
            prompt_images.c.organization_id == transaction.organization_id,
        )
    )
    return bool(found)
