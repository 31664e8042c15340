"""Images that prompts refer to, in one store per organisation."""

from __future__ import annotations

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import ReadModel


class PromptImage(ReadModel):
    """A row of the image list, which has no hash of the content.

    `supabase_url` is used in prompts, and `path` to delete the image.
    """

    supabase_url: str
    path: str
    filename: str
    size_bytes: int | None = None
    created_at: str | None = None


class UploadedImage(ReadModel):
    """The reply to an upload.

    `filename` may be a sanitised form of the one sent, and `signed_url` is valid for an hour.
    """

    supabase_url: str
    filename: str
    content_type: str | None = None
    size_bytes: int | None = None
    signed_url: str | None = Field(default=None, repr=False)


class SignedImage(ReadModel):
    """A URL of an image that is valid without a key for `expires_in` seconds.

    It must not be stored.
    """

    signed_url: str = Field(repr=False)
    supabase_url: str | None = None
    expires_in: int | None = None
