"""`flowdsl runs attachments`: the files of a run, listed or saved under safe names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.folders import open_folder
from flowdsl.host.writing import reason_of
from flowdsl.runs.attachments import MB, save_attachments
from flowdsl.runs.names import find_run

from ...runtime.console import Console
from ...runtime.exit_codes import PARTIAL, SUCCESS
from ...runtime.failure import UsageError
from ...runtime.runs.asking import ask_service, open_runs_deployment
from ...views.json_objects import items_json


def attachments(arguments: argparse.Namespace, console: Console) -> int:
    """List the files of a run, or save them; a file that fails does not stop the others."""
    if arguments.more:
        if arguments.run in ("add", "delete", "url", "show", "expire"):
            raise UsageError(f"single files of runs are for `flowdsl attachments {arguments.run}`")
        raise UsageError(
            f"`{make_printable(arguments.more[0])}` is one argument too many: one run is named"
        )
    deployment = open_runs_deployment(arguments, console)
    folder = arguments.folder
    if folder is not None:
        _make_folder(folder)

    async def work(
        client: CyberdeskClient,
    ) -> tuple[Sequence[RunAttachment], dict[str, str], list[str]]:
        run = await find_run(client, arguments.run)
        files = await client.run_attachments.list_all(run_id=run.id, attachment_type=arguments.type)
        if folder is None:
            return files, {}, []
        limit = arguments.max_size * MB
        return files, *await save_attachments(
            client, files, folder, limit=limit, more="; `--max-size` takes more"
        )

    files, saved, failures = ask_service(arguments, console, deployment, work)
    if arguments.json:
        items = [_attachment_object(file, saved) for file in files]
        console.out(items_json(items, failures=failures))
    elif folder is None:
        for file in files:
            size = "" if file.size_bytes is None else f"{file.size_bytes:>12,} bytes"
            kind = file.attachment_type or ""
            console.out(f"{file.id}  {kind:<6}  {size}  {make_printable(file.filename)}")
    else:
        for path in saved.values():
            console.out(make_printable(path))
    if not files:
        console.err("the run has no files")
    for line in failures:
        console.err(f"error: {make_printable(line)}")
    return PARTIAL if failures else SUCCESS


def _make_folder(folder: str) -> None:
    try:
        open_folder(folder).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`{make_printable(folder)}` cannot be written: {reason_of(error)}"
        ) from None


def _attachment_object(file: RunAttachment, saved: dict[str, str]) -> dict[str, Any]:
    names = ("id", "filename", "attachment_type", "content_type", "size_bytes", "created_at")
    fields = file.model_dump(mode="json", include=set(names))
    return {**{name: fields.get(name) for name in names}, "saved_as": saved.get(file.id)}
