"""The routes of files that go into runs and come out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.run_attachment import (
    AttachmentType,
    DownloadUrl,
    RunAttachment,
    RunAttachmentCreate,
    RunAttachmentPage,
    RunAttachmentUpdate,
)
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.routes.told import redacted_model
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/run-attachments"


class RunAttachments:
    """The routes below `/v1/run-attachments`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        run_id: str | None = None,
        attachment_type: AttachmentType | None = None,
    ) -> RunAttachmentPage:
        """One page."""
        params = chosen(skip=skip, limit=limit, run_id=run_id, attachment_type=attachment_type)
        page = (await self._sender.get(_PATH, params)).model(RunAttachmentPage)
        page.items[:] = map(self._clean, page.items)
        return page

    def _clean(self, attachment: RunAttachment) -> RunAttachment:
        """The attachment without a secret of its run in its names."""
        secrets = self._sender.secrets_of_runs.of(attachment.run_id)
        return redacted_model(attachment, secrets)

    async def list_all(
        self, *, run_id: str | None = None, attachment_type: AttachmentType | None = None
    ) -> Sequence[RunAttachment]:
        """Every attachment that matches, once, whatever is edited meanwhile (see `walk_all`)."""
        return await walk_all(
            lambda skip: self.list(
                skip=skip, limit=LIST_LIMIT, run_id=run_id, attachment_type=attachment_type
            ),
            "run attachments",
        )

    async def get(self, attachment_id: str) -> RunAttachment:
        """One attachment, without its content."""
        return self._clean((await self._sender.get(_one(attachment_id))).model(RunAttachment))

    async def create(
        self, attachment: RunAttachmentCreate, *, idempotency_key: str
    ) -> RunAttachment:
        """The new attachment."""
        body = attachment.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=True)
        return reply.model(RunAttachment)

    async def update(
        self, attachment_id: str, update: RunAttachmentUpdate, *, idempotency_key: str
    ) -> RunAttachment:
        """The attachment after the change."""
        path = _one(attachment_id)
        reply = await self._sender.write("PUT", path, idempotency_key, update.to_wire())
        return reply.model(RunAttachment)

    async def delete(self, attachment_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, False when it was already gone."""
        return await self._sender.delete(_one(attachment_id), idempotency_key)

    async def download(self, attachment_id: str, file: IO[bytes], *, limit: int) -> int:
        """Write the content to `file` at its position; returns the number of bytes.

        `file` must be seekable. Raises `DownloadTooLarge` beyond `limit` bytes. After any failure
        the file ends where it stood.
        """
        return await self._sender.download(f"{_one(attachment_id)}/download", file, limit)

    async def download_url(self, attachment_id: str, *, expires_in: int = 300) -> DownloadUrl:
        """An address of the content that works without a key for 10 to 3,600 seconds."""
        path = f"{_one(attachment_id)}/download-url"
        return (await self._sender.get(path, chosen(expires_in=expires_in))).model(DownloadUrl)


def _one(attachment_id: str) -> str:
    return f"{_PATH}/{segment(attachment_id)}"
