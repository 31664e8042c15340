"""The routes of prompt images."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.prompt_image import PromptImage, SignedImage, UploadedImage
from flowdsl.cyberdesk.transport import Sender


class PromptImages:
    """The routes of prompt images, whose list has no pages and no hashes."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[PromptImage]:
        """All images of the organisation."""
        return (await self._sender.get("/v1/workflows/prompt-images")).models(PromptImage)

    async def upload(
        self, filename: str, content: bytes, content_type: str, *, idempotency_key: str
    ) -> UploadedImage:
        """The stored image: PNG, JPEG, GIF or WebP up to 10 MB (docstring of the SDK)."""
        part = (filename, content, content_type)
        reply = await self._sender.upload("/v1/workflows/prompt-image", idempotency_key, part)
        return reply.model(UploadedImage)

    async def sign(self, path: str) -> SignedImage:
        """An address of the image at the storage `path` that works without a key for an hour."""
        reply = await self._sender.get("/v1/workflows/prompt-image/signed-url", {"path": path})
        return reply.model(SignedImage)

    async def delete(self, path: str, *, idempotency_key: str) -> bool:
        """True when the image at the storage `path` was deleted, False when it was already gone."""
        params = {"path": path}
        return await self._sender.delete("/v1/workflows/prompt-image", idempotency_key, params)
