"""Pictures of prompts: their identity and kind."""

from __future__ import annotations

import hashlib

EXTENSIONS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp"}
"""The first bytes of the picture formats that the service takes, and their usual file name extension."""

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def image_extension(content: bytes) -> str:
    """The extension of a picture, by its first bytes; the content is one of the known formats."""
    return next(name for magic, name in EXTENSIONS.items() if content.startswith(magic))


def image_hash(content: bytes) -> str:
    """The SHA-256 of a picture, in hex: its identity."""
    return hashlib.sha256(content).hexdigest()
