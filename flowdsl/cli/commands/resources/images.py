"""`flowdsl images`: the pictures of prompts, which belong to the whole organisation."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.prompt_image import PromptImage
from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.names import by_name
from flowdsl.source.record import replace

from ...views.table import RECORD_WIDTH, Column
from .frame.actions import Objects, Row, deletion, new_key
from .frame.resource import Resource, fields_of
from .frame.session import Session


def _row(image: PromptImage) -> Row:
    return fields_of(image, "path", "filename", "size_bytes", "supabase_url", "created_at")


async def _read(session: Session) -> Sequence[Row]:
    rows = map(_row, await session.client.prompt_images.list())
    return sorted(rows, key=lambda row: (row["filename"], row["path"]))


async def _image(session: Session, word: str) -> PromptImage:
    """The picture of a storage path, an address in prompts, or a file name."""
    rows = await session.client.prompt_images.list()
    for each in rows:
        if word in (each.path, each.supabase_url):
            return each
    return by_name(rows, word, "image", lambda each: each.filename, lambda each: each.path)


async def _told_where_shown(session: Session, word: str) -> PromptImage:
    """The picture; a note says which workflows show it."""
    image = await _image(session, word)
    for workflow in await session.client.workflows.list_all():
        if image.supabase_url in workflow.main_prompt:
            name = printable(workflow.name or workflow.id)
            session.console.err(f"note: {printable(image.filename)} is in the prompt of {name}")
    return image


async def _whole(session: Session, image: PromptImage) -> Row:
    signed = await session.client.prompt_images.sign(image.path)
    return {**_row(image), "url": signed.signed_url, "url_expires_in": signed.expires_in}


async def _shown(_session: Session, image: PromptImage) -> Row:
    return _row(image)


async def _delete(session: Session, image: PromptImage) -> bool:
    return await session.client.prompt_images.delete(image.path, idempotency_key=new_key())


IMAGE = Objects(
    "image", "IMAGE", _image, _shown, lambda image: printable(image.path), "flowdsl images list"
)
IMAGES = Resource(
    word="images",
    objects=IMAGE,
    columns=(
        Column("PATH", "path", width=RECORD_WIDTH),
        Column("FILE", "filename"),
        Column("BYTES", "size_bytes"),
        Column("CREATED", "created_at"),
    ),
    read=_read,
    whole=_whole,
    actions=(
        deletion(
            replace(IMAGE, find=_told_where_shown),
            _delete,
            lost="prompts that show it show nothing there any more",
            help="delete a picture, which prompts may still show",
        ),
    ),
)

configure, run = IMAGES.configure, IMAGES.run
