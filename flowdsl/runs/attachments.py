"""Files of a run, saved under safe names: none that is there is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, DownloadTooLarge
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.runs.safe_names import safe_name, unused_name

MB = 1024 * 1024

MAX_FILE = 100 * MB
"""Bytes of one file that are saved where nobody says otherwise."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


async def save_attachments(
    client: CyberdeskClient,
    files: Iterable[RunAttachment],
    folder: str,
    *,
    limit: int = MAX_FILE,
    more: str = "",
) -> tuple[dict[str, str], list[str]]:
    """The path of each file that was saved, by its id, and why others were not.

    `folder` exists; `limit` is in bytes of one file, and `more` says how to take larger ones.
    """
    saved: dict[str, str] = {}
    failures: list[str] = []
    for file in files:
        try:
            saved[file.id] = await _save(client, file, folder, limit)
        except DownloadTooLarge:
            failures.append(f"{file.filename} is larger than {limit / MB:g} MB{more}")
        except CyberdeskError as error:
            failures.append(f"{file.filename}: {error}")
        except OSError as error:
            reason = (error.strerror or "it fails").lower()
            failures.append(f"{file.filename} cannot be written: {reason}")
    return saved, failures


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
