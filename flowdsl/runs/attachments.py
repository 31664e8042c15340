"""Saves the files of a run under safe names; no existing file is replaced.

The name of an attachment was chosen by the machine, or by an agent on it: it may contain a path, a
device name or terminal control characters. The name that is used is a single file name in one
folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, DownloadTooLarge
from flowdsl.cyberdesk.models.run_attachment import RunAttachment
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.folders import OpenFolder, open_folder
from flowdsl.host.writing import reason_of

MB = 1024 * 1024

MAX_FILE = 100 * MB
"""The default size limit of one saved file, in bytes."""


async def save_attachments(
    client: CyberdeskClient,
    files: Iterable[RunAttachment],
    folder: str,
    *,
    limit: int = MAX_FILE,
    more: str = "",
) -> tuple[dict[str, str], list[str]]:
    """Return the path of each saved file, by its id, and why others were not saved.

    `folder` exists; `limit` is in bytes of one file, and `more` says how to take larger ones.
    """
    saved: dict[str, str] = {}
    failures: list[str] = []
    with open_folder(folder) as opened:
        for file in files:
            shown = make_printable(file.filename)
            try:
                name = await _save_attachment(client, file, opened, limit)
                saved[file.id] = os.path.join(folder, name)
            except DownloadTooLarge:
                failures.append(f"{shown} is larger than {limit / MB:g} MB{more}")
            except CyberdeskError as error:
                failures.append(f"{shown}: {error}")
            except OSError as error:
                failures.append(f"{shown} cannot be written: {reason_of(error)}")
    return saved, failures


async def _save_attachment(
    client: CyberdeskClient, file: RunAttachment, folder: OpenFolder, limit: int
) -> str:
    """Return the name of the file that was written; an incomplete download leaves no file."""
    taken = folder.names()
    while True:
        name = find_unused_name(safe_name(file.filename), taken)
        try:
            # No existing file is opened, nor a symbolic link.
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


LONGEST = 200
"""Bytes of a name in UTF-8; file systems allow 255, and a number may be added."""

NAMELESS = "attachment"

_UNSAFE = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)")


def safe_name(name: str) -> str:
    """Return a file name valid in any folder of any system, as close to `name` as possible."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(each if each.isprintable() else "_" for each in last)
    shown = _UNSAFE.sub("_", shown).strip().rstrip(". ").lstrip(" ")
    if not shown.strip(".") or shown.startswith("."):
        shown = shown.lstrip(".")
    shown = shown or NAMELESS
    if _DEVICES.match(shown):
        shown = f"_{shown}"
    return _cut_file_name(shown)


def find_unused_name(name: str, taken: Collection[str]) -> str:
    """Return `name`, or one with a number if it is taken; case differences do not count."""
    known = {each.casefold() for each in taken}
    if name.casefold() not in known:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    number = 2
    while f"{stem} ({number}){dot}{ending}".casefold() in known:
        number += 1
    return f"{stem} ({number}){dot}{ending}"


def _cut_file_name(name: str) -> str:
    """Cut the name to `LONGEST` bytes, keeping a short ending."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = LONGEST - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
