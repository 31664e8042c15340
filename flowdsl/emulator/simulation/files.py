"""The files that an emulated run attaches: small, valid, and identical for the same name."""

from __future__ import annotations

import re
import struct
import zlib

_TYPES = {
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "txt": "text/plain",
    "log": "text/plain",
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "zip": "application/zip",
}
_OTHER = "application/octet-stream"
_WIDTH, _HEIGHT = 64, 48

_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def base_name(path: str) -> str:
    """Return the last segment of a path with slashes or backslashes; never empty."""
    return re.split(r"[/\\]", path.strip())[-1].strip() or "file"


def media_type(name: str) -> str:
    """Return the media type for the extension of a name."""
    return _TYPES.get(name.rpartition(".")[2].lower(), _OTHER)


def content_of(name: str) -> bytes:
    """Return a picture, an empty PDF page, or a line of text, depending on the extension."""
    kind = media_type(name)
    if kind.startswith("image/"):
        return draw_picture(name)
    if kind == "application/pdf":
        return _PDF
    if kind == "application/json":
        return b"{}\n"
    return f"Emulated content of {name}\n".encode()


def draw_picture(name: str) -> bytes:
    """Return a PNG of one colour that depends on `name`."""
    color = zlib.crc32(name.encode("utf-8", "surrogatepass")).to_bytes(4, "big")[:3]
    rows = (b"\x00" + color * _WIDTH) * _HEIGHT
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
