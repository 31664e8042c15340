"""Reads the text of the deployed files.

From the working tree if it is unchanged, else from the copy stored next to state, else from the
commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flowdsl.host.disk import SIZE_LIMIT
from flowdsl.host.git import NoCheckout, file_at
from flowdsl.ir.source_map import text_digest
from flowdsl.source.files import LIBRARY, FileSystem, UnreadableFile, decode_text, split_library
from flowdsl.tracing.maps import FoundMap, Get, load_kept_source
from flowdsl.tracing.versions import match_lines

Now = Literal["same", "moved", "gone", "unknown"]
"""How a file in the working tree compares with the deployed one; `unknown` if that is missing."""

_MAX_COMPARED = 20_000
"""Maximum number of lines of a file that is compared with another version."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A deployed file.

    `lines` are None if its text was not found. `where` is where the text was found. `now_at` maps a
    line to its line in the working tree.
    """

    path: str
    now: Now
    lines: tuple[str, ...] | None
    where: Literal["checkout", "state", "commit"] | None
    now_at: Mapping[int, int]

    def line(self, number: int) -> str | None:
        """Return the text of a line, from 1; None if it is not known."""
        lines = self.lines
        return lines[number - 1] if lines is not None and 0 < number <= len(lines) else None


def read_sources(
    found: FoundMap,
    files: FileSystem,
    root: str,
    libraries: Mapping[str, str],
    get: Get = lambda _name: None,
) -> dict[str, SourceText]:
    """Return every file that contains places of a map, by path; raises `StateError`.

    `root` is the folder of the project, `libraries` are those of its libraries by name, and `get`
    reads what is stored next to state.
    """
    folders = {f"{LIBRARY}{name}//": folder for name, folder in libraries.items()} | {"": root}
    paths = sorted({place.path for place in found.places.values()})
    return {path: _load_source_text(path, found, files, folders, get) for path in paths}


def _load_source_text(
    path: str, found: FoundMap, files: FileSystem, folders: Mapping[str, str], get: Get
) -> SourceText:
    try:
        present = files.read_text(path)
    except UnreadableFile:
        present = None
    digest = found.digests.get(path)
    if present is not None and digest == text_digest(present):
        return SourceText(path, "same", _split_source_lines(present), "checkout", {})
    where: Literal["state", "commit"] = "state"
    deployed = None if digest is None else load_kept_source(get, digest)
    if deployed is None:
        deployed, where = _read_committed_file(path, found, folders), "commit"
        if deployed is not None and digest is not None and text_digest(deployed) != digest:
            deployed = None
    if deployed is None:
        # If the map has a digest, the file is known to have changed.
        missing: Now = "gone" if present is None else "unknown" if digest is None else "moved"
        return SourceText(path, missing, None, None, {})
    lines = _split_source_lines(deployed)
    if present is None:
        return SourceText(path, "gone", lines, where, {})
    if present == deployed:
        return SourceText(path, "same", lines, "checkout", {})
    now_at = dict(match_lines(lines, _split_source_lines(present), _MAX_COMPARED))
    return SourceText(path, "moved", lines, where, now_at)


def _read_committed_file(path: str, found: FoundMap, folders: Mapping[str, str]) -> str | None:
    """Return a file as of the deployed commit; None if unknown (a dirty tree, no digest)."""
    if found.commit is None or (found.is_dirty and path not in found.digests):
        return None
    home, inner = split_library(path)
    if home not in folders:
        return None
    try:
        content = file_at(folders[home], found.commit, inner, limit=SIZE_LIMIT)
        return None if content is None else decode_text(path, content)
    except (NoCheckout, UnreadableFile):
        return None


def _split_source_lines(text: str) -> tuple[str, ...]:
    """Split lines as a `SourceFile` counts them; `splitlines` breaks at more characters."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
