"""Input and output files of runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import ReadModel, UuidText, WriteModel

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
    """The body of `PUT /v1/run-attachments/{id}`, which accepts no other fields."""

    always_sent: ClassVar[tuple[str, ...]] = ("expires_at",)

    expires_at: str | None = None


class RunAttachment(ReadModel):
    """A file of a run. `filename` is chosen by the machine: do not use it as a path."""

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


class DownloadUrl(ReadModel):
    """A URL that serves the file without a key for `expires_in` seconds."""

    url: str = Field(repr=False)
    expires_in: int | None = None
