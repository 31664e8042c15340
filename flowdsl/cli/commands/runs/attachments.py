"""`flowdsl runs attachments`: the files of a run, listed or saved under safe names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, DownloadTooLarge
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.names import find_run
from flowdsl.runs.safe_names import safe_name, unused_name

from ...runtime.console import Console
from ...runtime.exit_codes import PARTIAL, SUCCESS
from ...runtime.failure import UsageError
from ...runtime.runs.asking import opened, read
from ...views.runs import FORMAT_VERSION, dumped

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
MB = 1024 * 1024


def attachments(arguments: argparse.Namespace, console: Console) -> int:
    """List the files of a run, or save them; one that cannot be saved does not keep the others."""
    deployment = opened(arguments, console)
    folder = arguments.folder
    if folder is not None:
        folder = _folder(folder)

    async def work(
        client: CyberdeskClient,
    ) -> tuple[Run, Sequence[RunAttachment], dict[str, str], list[str]]:
        run = await find_run(client, arguments.run)
        files = await client.run_attachments.list_all(run_id=run.id, attachment_type=arguments.type)
        saved: dict[str, str] = {}
        failures: list[str] = []
        for file in files if folder is not None else ():
            try:
                saved[file.id] = await _save(client, file, folder, arguments.max_size * MB)
            except DownloadTooLarge:
                failures.append(
                    f"{file.filename} is larger than {arguments.max_size} MB; `--max-size` takes "
                    "more"
                )
            except CyberdeskError as error:
                failures.append(f"{file.filename}: {error}")
            except OSError as error:
                reason = (error.strerror or "it fails").lower()
                failures.append(f"{file.filename} cannot be written: {reason}")
        return run, files, saved, failures

    _, files, saved, failures = read(arguments, console, deployment, work)
    if arguments.json:
        items = [_object(file, saved) for file in files]
        found = {"format_version": FORMAT_VERSION, "items": items, "total": len(items)}
        console.out(dumped({**found, "failures": failures}))
    elif folder is None:
        for file in files:
            size = "" if file.size_bytes is None else f"{file.size_bytes:>12,} bytes"
            kind = file.attachment_type or ""
            console.out(f"{file.id}  {kind:<6}  {size}  {printable(file.filename)}")
    else:
        for path in saved.values():
            console.out(printable(path))
    if not files:
        console.err("the run has no files")
    for line in failures:
        console.err(f"error: {printable(line)}")
    return PARTIAL if failures else SUCCESS


async def _save(client: CyberdeskClient, file: RunAttachment, folder: str, limit: int) -> str:
    """The path of the file that was written; what cannot be fetched whole leaves nothing behind."""
    taken = os.listdir(folder)
    while True:
        path = os.path.join(folder, unused_name(safe_name(file.filename), taken))
        try:
            # Nothing that is there is opened, a symbolic link neither.
            descriptor = os.open(path, _NEW, 0o666)
            break
        except FileExistsError:
            taken.append(os.path.basename(path))
    try:
        with os.fdopen(descriptor, "w+b") as target:
            await client.run_attachments.download(file.id, target, limit=limit)
    except BaseException:
        os.unlink(path)
        raise
    return path


def _folder(path: str) -> str:
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a path").lower()
        raise UsageError(f"`{printable(path)}` cannot be written: {reason}") from None
    return path


def _object(file: RunAttachment, saved: dict[str, str]) -> dict[str, Any]:
    names = ("id", "filename", "attachment_type", "content_type", "size_bytes", "created_at")
    found = file.model_dump(mode="json", include=set(names))
    return {**{name: found.get(name) for name in names}, "saved_as": saved.get(file.id)}
