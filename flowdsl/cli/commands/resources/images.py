"""`flowdsl images`: the pictures of prompts, which belong to the whole organisation."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.prompt_image import PromptImage
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import by_name
from flowdsl.source.record import replace

from ...views.table import RECORD_WIDTH, Column
from .frame.actions import Objects, Row, delete_action
from .frame.resource import ResourceCommand, row_of
from .frame.session import ResourceSession


async def _list_images(session: ResourceSession) -> Sequence[Row]:
    rows = map(row_of, await session.client.prompt_images.list())
    return sorted(rows, key=lambda row: (row["filename"], row["path"]))


async def _find_image(session: ResourceSession, word: str) -> PromptImage:
    """Find an image by storage path, address in prompts, or file name."""
    rows = await session.client.prompt_images.list()
    for each in rows:
        if word in (each.path, each.supabase_url):
            return each
    return by_name(rows, word, "image", lambda each: each.filename, lambda each: each.path)


async def _find_image_and_note_uses(session: ResourceSession, word: str) -> PromptImage:
    image = await _find_image(session, word)
    for workflow in await session.client.workflows.list_all():
        if image.supabase_url in workflow.main_prompt:
            name = make_printable(workflow.name or workflow.id)
            session.console.err(
                f"note: {make_printable(image.filename)} is in the prompt of {name}"
            )
    return image


async def _image_with_address(session: ResourceSession, image: PromptImage) -> Row:
    signed = await session.client.prompt_images.sign(image.path)
    return {**row_of(image), "url": signed.signed_url, "url_expires_in": signed.expires_in}


IMAGE = Objects(
    "image",
    "IMAGE",
    lambda client: client.prompt_images,
    lambda _session, image: row_of(image),
    lambda image: make_printable(image.path),
    "flowdsl images list",
    _find_image,
    key="path",
)
IMAGES = ResourceCommand(
    word="images",
    objects=IMAGE,
    columns=(
        Column("PATH", "path", width=RECORD_WIDTH),
        Column("FILE", "filename"),
        Column("BYTES", "size_bytes"),
        Column("CREATED", "created_at"),
    ),
    read=_list_images,
    whole=_image_with_address,
    actions=(
        delete_action(
            replace(IMAGE, find=_find_image_and_note_uses),
            lost="prompts that show it show nothing there any more",
            help="delete a picture, which prompts may still show",
        ),
    ),
)

configure, run = IMAGES.configure, IMAGES.run
