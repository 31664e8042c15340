"""The directory: model configurations, tags, tag groups and pictures of an organisation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from flowdsl.codegen.artifacts import ImageFile, ImageRef
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration
from flowdsl.cyberdesk.models.prompt_image import PromptImage
from flowdsl.cyberdesk.models.tag import Tag, TagGroup


@dataclass(frozen=True, slots=True)
class WantedLists:
    """Which lists a deploy has to read."""

    models: bool = False
    tags: bool = False
    tag_groups: bool = False
    images: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """The lists that were read, with archived models and tags; a list not needed is empty."""

    models: Sequence[ModelConfiguration] = ()
    tags: Sequence[Tag] = ()
    tag_groups: Sequence[TagGroup] = ()
    images: Sequence[PromptImage] = ()

    def organizations(self) -> set[str]:
        """The ids of the organisations that own something in it.

        The service's own defaults have no owner.
        """
        owners = [row.organization_id for row in self.models]
        owners += [row.organization_id for row in (*self.tags, *self.tag_groups)]
        return {owner for owner in owners if owner}


async def read_directory(client: CyberdeskClient, wanted_lists: WantedLists) -> Directory:
    """Return the lists in `wanted_lists`, none of which is paged; raises `CyberdeskError`."""
    models, tags, groups, images = await asyncio.gather(
        client.model_configurations.list() if wanted_lists.models else _nothing(),
        client.tags.list(include_archived=True) if wanted_lists.tags else _nothing(),
        client.tag_groups.list() if wanted_lists.tag_groups else _nothing(),
        client.prompt_images.list() if wanted_lists.images else _nothing(),
    )
    return Directory(models, tags, groups, images)


async def _nothing() -> tuple[()]:
    return ()


# Pictures in prompts, stored and found under the hash of their content


def image_file_name(image: ImageFile | ImageRef) -> str:
    """Return a picture's name in the service, without parts that it would rewrite."""
    return f"flowdsl-{image.sha256}.{image.extension}"


def find_image_url(directory: Directory, image: ImageRef) -> str | None:
    """Return the URL to put in a prompt, or None if the picture is not stored yet.

    Two concurrent deploys may both have uploaded it. The first by URL is taken, so that every
    deploy takes the same.
    """
    wanted = image_file_name(image)
    return min(
        (row.supabase_url for row in directory.images if row.filename == wanted), default=None
    )


async def upload_image(client: CyberdeskClient, image: ImageFile, *, key: str) -> None:
    """Store the picture; raises `CyberdeskError`."""
    await client.prompt_images.upload(
        image_file_name(image), image.content, image.media_type, idempotency_key=key
    )
