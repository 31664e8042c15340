"""Files of a run, saved under safe names: none that is there is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, DownloadTooLarge
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.host.folders import OpenFolder, open_folder
from flowdsl.host.writing import reason_of
from flowdsl.runs.safe_names import safe_name, unused_name

MB = 1024 * 1024

MAX_FILE = 100 * MB
"""Bytes of one file that are saved where nobody says otherwise."""


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
    with open_folder(folder) as opened:
        for file in files:
            try:
                name = await _save(client, file, opened, limit)
                saved[file.id] = os.path.join(folder, name)
            except DownloadTooLarge:
                failures.append(f"{file.filename} is larger than {limit / MB:g} MB{more}")
            except CyberdeskError as error:
                failures.append(f"{file.filename}: {error}")
            except OSError as error:
                failures.append(f"{file.filename} cannot be written: {reason_of(error)}")
    return saved, failures


async def _save(
    client: CyberdeskClient, file: RunAttachment, folder: OpenFolder, limit: int
) -> str:
    """The name of the file that was written; what cannot be fetched whole leaves nothing behind."""
    taken = folder.names()
    while True:
        name = unused_name(safe_name(file.filename), taken)
        try:
            # Nothing that is there is opened, a symbolic link neither.
            descriptor = folder.create(name)
            break
        except FileExistsError:
            taken.append(name)
    try:
        with os.fdopen(descriptor, "w+b") as target:
            await client.run_attachments.download(file.id, target, limit=limit)
    except BaseException:
        folder.remove(name)
        raise
    return name
