"""Bodies of the files that go into a run and come out of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from flowdsl.emulator.wire.values import ReplyId, ReplyModel, ReplyTime, RequestModel


class AttachmentType(StrEnum):
    """Whether a file went into the run or came out of it."""

    INPUT = "input"
    OUTPUT = "output"


class RunAttachmentCreate(RequestModel):
    """A new attachment; `content` is base64."""

    run_id: UUID
    filename: str
    content: str
    content_type: str
    attachment_type: AttachmentType
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    expires_at: datetime | None = None


class RunAttachmentUpdate(RequestModel):
    """An absent `expires_at` stays, null means never."""

    expires_at: datetime | None = None


class RunAttachmentResponse(ReplyModel):
    """One attachment without its bytes."""

    filename: str
    content_type: str
    attachment_type: AttachmentType
    id: ReplyId
    run_id: ReplyId
    size_bytes: int
    storage_path: str
    created_at: ReplyTime
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    user_id: ReplyId | None = None
    organization_id: str | None = None
    expires_at: ReplyTime | None = None


class RunAttachmentDownloadUrlResponse(ReplyModel):
    """An address that serves the file for a while."""

    url: str
    expires_in: int
