"""Files that go into runs and come out of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Page, ReadModel, UuidText, WriteModel

AttachmentType = Literal["input", "output"]


class RunAttachmentCreate(WriteModel):
    """The body of `POST /v1/run-attachments`; `content` is base64."""

    run_id: UuidText
    filename: str
    content: str = Field(repr=False)
    content_type: str
    attachment_type: AttachmentType
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    expires_at: str | None = None


class RunAttachmentUpdate(WriteModel):
    """The body of `PUT /v1/run-attachments/{id}`, which sets nothing else."""

    always_sent: ClassVar[tuple[str, ...]] = ("expires_at",)

    expires_at: str | None = None


class RunAttachment(ReadModel):
    """A file of a run. `filename` comes from the machine and is no path to write to."""

    id: str
    filename: str
    run_id: str | None = None
    attachment_type: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    storage_path: str | None = None
    target_path: str | None = None
    cleanup_imports_after_run: bool | None = None
    organization_id: str | None = None
    user_id: str | None = None
    expires_at: str | None = None
    created_at: str | None = None


class RunAttachmentPage(Page[RunAttachment]):
    """One page of the attachment list."""


class DownloadUrl(ReadModel):
    """An address that gives the file to anybody for `expires_in` seconds."""

    url: str = Field(repr=False)
    expires_in: int | None = None
