"""The routes of files: input and output files of runs, and images of prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TypedDict, Unpack

from flowdsl.cyberdesk.models.prompt_image import PromptImage, SignedImage, UploadedImage
from flowdsl.cyberdesk.models.run_attachment import (
    AttachmentType,
    DownloadUrl,
    RunAttachment,
    RunAttachmentCreate,
    RunAttachmentUpdate,
)
from flowdsl.cyberdesk.routes.resource import Resource, redact_model
from flowdsl.cyberdesk.transport import Sender


class AttachmentFilter(TypedDict, total=False):
    """The conditions on the attachments of a list."""

    run_id: str | None
    attachment_type: AttachmentType | None


class RunAttachments(Resource[RunAttachment, RunAttachmentCreate, RunAttachmentUpdate]):
    """The routes below `/v1/run-attachments`; replies do not contain the content of files."""

    path, row, patch = "/v1/run-attachments", RunAttachment, RunAttachmentUpdate
    method_of_update = "PUT"

    def _clean(self, row: RunAttachment) -> RunAttachment:
        """Return the attachment with the secrets of its run redacted in its names."""
        return redact_model(row, self._sender.secrets_of_runs.of(row.run_id))

    async def list_all(self, **wanted: Unpack[AttachmentFilter]) -> Sequence[RunAttachment]:
        """Return every attachment that matches, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all(wanted)

    async def download(self, attachment_id: str, file: IO[bytes], *, limit: int) -> int:
        """Write the content to `file` at its position; return the number of bytes.

        `file` must be seekable. Raises `DownloadTooLarge` beyond `limit` bytes. After any failure
        the file is truncated to its original position.
        """
        return await self._sender.download(self._one(attachment_id, "download"), file, limit)

    async def download_url(self, attachment_id: str, *, expires_in: int = 300) -> DownloadUrl:
        """Return a URL of the content that is valid without a key for 10 to 3,600 seconds."""
        path = self._one(attachment_id, "download-url")
        return (await self._sender.get(path, {"expires_in": expires_in})).model(DownloadUrl)


class PromptImages:
    """The routes of prompt images, whose list has neither pages nor hashes."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[PromptImage]:
        """Return all images of the organisation."""
        return (await self._sender.get("/v1/workflows/prompt-images")).models(PromptImage)

    async def upload(
        self, filename: str, content: bytes, content_type: str, *, idempotency_key: str
    ) -> UploadedImage:
        """Store a PNG, JPEG, GIF or WebP up to 10 MB (docstring of the SDK); return the image."""
        part = (filename, content, content_type)
        reply = await self._sender.upload("/v1/workflows/prompt-image", idempotency_key, part)
        return reply.model(UploadedImage)

    async def sign(self, path: str) -> SignedImage:
        """Return a URL of the image at storage `path`, valid without a key for an hour."""
        reply = await self._sender.get("/v1/workflows/prompt-image/signed-url", {"path": path})
        return reply.model(SignedImage)

    async def delete(self, path: str, *, idempotency_key: str) -> bool:
        """Delete the image at the storage `path`; return False when it was already gone."""
        params = {"path": path}
        return await self._sender.delete("/v1/workflows/prompt-image", idempotency_key, params)
