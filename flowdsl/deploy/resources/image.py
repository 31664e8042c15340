"""Pictures in prompts, which are stored and found again by the hash of their content."""

from __future__ import annotations

from flowdsl.codegen.artifacts import ImageFile, ImageRef
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.resources.directory import Directory


def file_name(image: ImageFile | ImageRef) -> str:
    """The name under which a picture is stored, without anything that a service would rewrite."""
    return f"flowdsl-{image.sha256}.{image.extension}"


def find_url(directory: Directory, image: ImageRef) -> str | None:
    """The URL to put in a prompt, or None when the picture is not stored yet.

    Two deploys at once may both have uploaded it. The first by URL is taken, so that every deploy
    takes the same.
    """
    wanted = file_name(image)
    return min(
        (row.supabase_url for row in directory.images if row.filename == wanted), default=None
    )


async def upload(client: CyberdeskClient, image: ImageFile, *, key: str) -> None:
    """Store the picture; raises `CyberdeskError`."""
    await client.prompt_images.upload(
        file_name(image), image.content, image.media_type, idempotency_key=key
    )
