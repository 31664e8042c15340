"""Pictures of prompts: their hash and format."""

from __future__ import annotations

import hashlib

EXTENSIONS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp"}
"""The first bytes of the picture formats that the service takes, with a file name extension."""

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def image_extension(content: bytes) -> str:
    """Return the extension for the first bytes of a picture, whose format must be a known one."""
    return next(name for magic, name in EXTENSIONS.items() if content.startswith(magic))


def image_hash(content: bytes) -> str:
    """The SHA-256 of a picture in hex, by which it is identified."""
    return hashlib.sha256(content).hexdigest()
