"""`flowdsl attachments`: add, rename, keep and delete single files of runs.

`flowdsl runs attachments` lists and saves all files of a run.
"""

from __future__ import annotations

import argparse
import base64
import mimetypes
import os
from argparse import Namespace
from collections.abc import Sequence

from flowdsl.cyberdesk.models.run_attachment import (
    RunAttachment,
    RunAttachmentCreate,
    RunAttachmentUpdate,
)
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.uploads import MAX_UPLOAD, read_file

from ...runtime.command_line.options import add_options, number_between
from ...runtime.console import UsageError
from ...views.table import Column, id_column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    add_words,
    create_once,
    delete_action,
    new_key,
)
from .frame.resource import Filter, ResourceCommand, ResourceView, id_by, row_of
from .frame.session import ResourceSession, parse_filter_moment

TYPES = ("input", "output")


def _attachment_row(file: RunAttachment) -> Row:
    return row_of(file, "storage_path")


async def _list_attachments(session: ResourceSession, **filters: str) -> Sequence[Row]:
    files = await session.client.run_attachments.list_all(**filters)  # type: ignore[arg-type]
    rows = map(_attachment_row, files)
    return sorted(rows, key=lambda row: (row["created_at"] or "", row["id"]), reverse=True)


def _attachment_label(file: RunAttachment) -> str:
    return f"{make_printable(file.filename)} ({file.id})"


def _declare_add(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "run=RUN  its id, its first digits, or `last` for the newest")
    add_options(parser, "paths=PATH+  files of this machine")
    parser.add_argument(
        "--type", choices=TYPES, default="input", help="what they are to the run (default: input)"
    )
    add_options(parser, "--target PATH  where the file goes on the machine of the run")


async def _plan_add(session: ResourceSession, arguments: Namespace) -> Steps:
    if arguments.target is not None and len(arguments.paths) > 1:
        raise UsageError("`--target` is the place of one file, and several are named")
    files = session.client.run_attachments
    contents = [
        (path, read_file(path, MAX_UPLOAD, "`attachments add`"))
        for path in dict.fromkeys(arguments.paths)
    ]
    run = await find_run(session.client, arguments.run)
    steps = []
    for path, content in contents:
        filename = os.path.basename(path.rstrip("/" + os.sep))
        body = RunAttachmentCreate(
            run_id=run.id,
            filename=filename,
            content=base64.b64encode(content).decode(),
            content_type=mimetypes.guess_type(filename)[0] or "application/octet-stream",
            attachment_type=arguments.type,
            **({} if arguments.target is None else {"target_path": arguments.target}),
        )

        async def send(body: RunAttachmentCreate = body, size: int = len(content)) -> Ended:
            attachment = await create_once(
                lambda: files.create(body, idempotency_key=new_key()),
                lambda: files.list_all(run_id=run.id),
                lambda each: each.filename == body.filename and each.size_bytes in (None, size),
                lambda each: each.id,
            )
            message = f"{_attachment_label(attachment)} is a file of run {run.id}"
            return _attachment_row(attachment), message

        steps.append(ActionStep(make_printable(filename), send))
    return steps


def _declare_url(parser: argparse.ArgumentParser) -> None:
    add_words(parser, "ATTACHMENT", several=False)
    add_options(
        parser,
        "--expires-in SECONDS  how long it works, 10 to 3600 (default: 300)",
        expires_in={"type": number_between(10, 3600), "default": 300},
    )


async def _download_address_row(session: ResourceSession, arguments: Namespace) -> Row:
    file = await ATTACHMENT.find_one(session, arguments.words)
    address = await session.client.run_attachments.download_url(
        file.id, expires_in=arguments.expires_in
    )
    return {**_attachment_row(file), "url": address.url, "url_expires_in": address.expires_in}


def _declare_expire(parser: argparse.ArgumentParser) -> None:
    add_words(parser, "ATTACHMENT", several=False)
    add_options(
        parser,
        "at=TIME?  a day, or a time",
        at={"type": parse_filter_moment},
    )
    add_options(parser, "--never  it is kept for good")


async def _plan_expire(session: ResourceSession, arguments: Namespace) -> Steps:
    if (arguments.at is None) is not arguments.never:
        raise UsageError("say until when the file is kept: a time, or `--never`")
    file = await ATTACHMENT.find_one(session, arguments.words)

    async def send() -> Ended:
        update = RunAttachmentUpdate(expires_at=None if arguments.never else arguments.at)
        changed = await session.client.run_attachments.update(
            file.id, update, idempotency_key=new_key()
        )
        until = "for good" if changed.expires_at is None else f"until {changed.expires_at}"
        message = f"{_attachment_label(changed)} is kept {make_printable(until)}"
        return _attachment_row(changed), message

    return [ActionStep(_attachment_label(file), send)]


ATTACHMENT = Objects(
    "attachment",
    "ATTACHMENT",
    lambda client: client.run_attachments,
    lambda _session, file: _attachment_row(file),
    _attachment_label,
    "flowdsl attachments list",
)
ATTACHMENTS = ResourceCommand(
    word="attachments",
    objects=ATTACHMENT,
    columns=(
        id_column(),
        Column("FILE", "filename"),
        Column("TYPE", "attachment_type"),
        Column("BYTES", "size_bytes"),
        Column("RUN", "run_id"),
        Column("EXPIRES", "expires_at"),
        Column("CREATED", "created_at"),
    ),
    read=_list_attachments,
    filters=(
        Filter("--run", "run_id", "those of one run", "RUN", meaning=id_by(find_run)),
        Filter("--type", "attachment_type", "only these", "TYPE", choices=TYPES),
    ),
    views=(
        ResourceView(
            "url",
            "an address that serves a file to anybody",
            _declare_url,
            _download_address_row,
            "url",
        ),
    ),
    actions=(
        ResourceAction(
            "add",
            "add files of this machine to a run",
            _declare_add,
            _plan_add,
            list_command=ATTACHMENT.list_command,
        ),
        ResourceAction("expire", "say how long a file is kept", _declare_expire, _plan_expire),
        delete_action(ATTACHMENT, lost="it cannot be brought back", help="delete a file of a run"),
    ),
)

configure, run = ATTACHMENTS.configure, ATTACHMENTS.run
