"""Replies of the prompt image routes. The upload itself is a multipart form."""

from __future__ import annotations

from flowdsl.emulator.wire.values import ReplyModel, ReplyTime


class WorkflowPromptImageResponse(ReplyModel):
    """An image just uploaded."""

    supabase_url: str
    signed_url: str
    filename: str
    content_type: str
    size_bytes: int


class WorkflowPromptImageListItem(ReplyModel):
    """One image of the list, which has no hash."""

    supabase_url: str
    path: str
    filename: str
    created_at: ReplyTime | None = None
    size_bytes: int | None = None


class WorkflowPromptImageSignedUrlResponse(ReplyModel):
    """A fresh address; `expires_in` is in seconds."""

    supabase_url: str
    signed_url: str
    expires_in: int
