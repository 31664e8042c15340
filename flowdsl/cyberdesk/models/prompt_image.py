"""Images that prompts refer to, kept in a store of the whole organisation."""

from __future__ import annotations

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import ReadModel


class PromptImage(ReadModel):
    """A row of the image list, which has no hash of the content.

    `supabase_url` goes into a prompt, and `path` is what deleting takes.
    """

    supabase_url: str
    path: str
    filename: str
    size_bytes: int | None = None
    created_at: str | None = None


class UploadedImage(ReadModel):
    """The answer to an upload.

    `filename` may be a sanitised form of the one sent, and `signed_url` works for an hour.
    """

    supabase_url: str
    filename: str
    content_type: str | None = None
    size_bytes: int | None = None
    signed_url: str | None = Field(default=None, repr=False)


class SignedImage(ReadModel):
    """An address of a picture that works for anybody for `expires_in` seconds.

    It must not be stored.
    """

    signed_url: str = Field(repr=False)
    supabase_url: str | None = None
    expires_in: int | None = None
