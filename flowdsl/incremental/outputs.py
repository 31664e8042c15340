"""The files that were written of artifacts, and how they were left."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from typing import Any

from .index import FOLDER, MAX_BYTES, RACE, digest_of_file, read_sealed, write_sealed

PLACE = f"{FOLDER}/outputs.json"


class Outputs:
    """What is known about files in the absolute `folder`, from the last time of this project.

    For the digest of each artifact it has the digest of its files, and their sizes and times. `key`
    is what they depend on besides. It is kept below `root`, sealed with `secret`.
    """

    def __init__(self, root: str, key: str, secret: bytes, folder: str, now: int) -> None:
        self._root = root
        self._key = f"{key}\n{folder}"
        self._secret = secret
        self._folder = folder
        self._now = now
        self._folders: dict[str, bool] = {}
        self._left: dict[str, list[Any]] = {}
        self._touched = False
        document = read_sealed(root, PLACE, self._key, secret)
        self._written = 0 if document is None else int(document["written"])
        self._known: dict[str, list[Any]] = {} if document is None else document["files"]

    def are_there(self, digest: str, paths: Sequence[str]) -> bool:
        """Whether the files of an artifact, by absolute paths, are as they would be written."""
        known = self._known.get(digest)
        if known is None:
            return False
        found = self._look_up(paths)
        if found is None or found != known[1:]:
            return False
        if max(*found[1::3], *found[2::3]) >= self._written - RACE:
            if _digest_of_files(self._folder, paths) != known[0]:
                return False
            self._touched = True
        self._left[digest] = known
        return True

    def note(self, digest: str, paths: Sequence[str], written: str) -> None:
        """Note the files at absolute paths that were just written of an artifact.

        `written` is the `digest_of_contents` of what was written.
        """
        found = self._look_up(paths)
        self._touched = True
        if found is not None:
            self._left[digest] = [written, *found]

    def save(self) -> None:
        """Keep what is known, if it is not what was kept before."""
        if self._touched or len(self._left) != len(self._known):
            document = {"written": self._now, "files": self._left}
            write_sealed(self._root, PLACE, self._key, document, self._secret)

    def _look_up(self, paths: Sequence[str]) -> list[int] | None:
        """Size and times of each file; None if one is missing, or no file in a real folder."""
        found: list[int] = []
        last = ""
        for path in paths:
            folder = path[: path.rindex(os.sep)]
            if folder != last and not self._is_real_folder(folder):
                return None
            last = folder
            try:
                status = os.lstat(path)
            except OSError:
                return None
            if not stat.S_ISREG(status.st_mode):
                return None
            found += (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return found

    def _is_real_folder(self, path: str) -> bool:
        """Whether a path is a folder that no link below the folder of the files leads to."""
        if path not in self._folders:
            try:
                real = stat.S_ISDIR(os.lstat(path).st_mode)
            except OSError:
                real = False
            inner = path != self._folder and path.startswith(self._folder)
            self._folders[path] = real and (
                not inner or self._is_real_folder(os.path.dirname(path))
            )
        return self._folders[path]


def _digest_of_files(folder: str, paths: Iterable[str]) -> str | None:
    from flowdsl.host.folders import read_file

    try:
        contents = [read_file(path, below=folder, limit=MAX_BYTES) for path in paths]
    except (OSError, ValueError):
        return None
    return digest_of_contents(content or b"" for content in contents)


def digest_of_contents(contents: Iterable[bytes]) -> str:
    """Return the digest of the contents of several files."""
    return digest_of_file("".join(map(digest_of_file, contents)).encode())
