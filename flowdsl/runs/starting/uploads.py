"""Files that go to the machine of a run."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence

from flowdsl.cyberdesk.models.run import FileInput
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.inputs.assemble import Upload
from flowdsl.runs.inputs.places import InputsRefused, Problem, make_refusal

MAX_UPLOAD = 100 * 1024 * 1024
"""The size limit of a file for a machine, in bytes: its driver reads and writes no more."""


def read_file(path: str, limit: int, place: str) -> bytes:
    """Return the bytes of a file, at most `limit`; raises `InputsRefused`."""
    shown = make_printable(path)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a path").lower()
        raise make_refusal(place, f"`{shown}` cannot be read: {reason}") from None
    if len(content) > limit:
        raise make_refusal(place, f"`{shown}` is larger than {limit // 1024**2} MB")
    return content


def read_upload(
    path: str, place: str, *, input: str | None, folder: str, is_temporary: bool
) -> Upload:
    """Read a local file for the machine of a run; raises `InputsRefused`.

    `input` is the input that gets its path there, `folder` is on that machine.
    """
    content = read_file(path, MAX_UPLOAD, place)
    return Upload(input, place, os.path.basename(path), content, folder, is_temporary)


def require_distinct_names(uploads: Iterable[Upload]) -> tuple[Upload, ...]:
    """Return the files; raises `InputsRefused` if two have the same name, also in two folders.

    A run names its files without their folders. Its machine runs Windows, to which names that
    differ in case only are the same; `ß` and `ss` differ.
    """
    files = tuple(uploads)
    first: dict[str, Upload] = {}
    problems: list[Problem] = []
    for upload in files:
        other = first.setdefault(upload.filename.lower(), upload)
        if other is not upload:
            shown = make_printable(other.filename)
            problems.append(Problem(upload.place, f"another file is named `{shown}`, too"))
    if problems:
        raise InputsRefused(problems)
    return files


def file_inputs(uploads: Sequence[Upload]) -> list[FileInput]:
    """Return the files in the form of a request."""
    return [
        FileInput(
            filename=each.filename,
            content=base64.b64encode(each.content).decode(),
            target_path=each.path,
            cleanup_imports_after_run=each.is_temporary,
        )
        for each in uploads
    ]
