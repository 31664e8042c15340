"""Files are written completely or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from functools import cache

_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_OLD = os.O_RDONLY | _BINARY


class ChangedFile(Exception):
    """A file that was to be replaced is not what it was when it was read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` has changed")
        self.path = path


def write_files(
    contents: Mapping[str, bytes],
    *,
    durable: bool = True,
    expected: Mapping[str, bytes] | None = None,
) -> None:
    """Replace or create every file, by absolute or working-folder path; folders are made as needed.

    All contents are on disk under temporary names beside their targets before the first target changes: a full disk or
    a folder without permission leaves everything as it was. An existing file keeps its permissions, and a symbolic link
    stays one. `durable` waits until the disk has everything; results that can be made again need not. `expected` is what
    files hold before: when one of them differs, nothing is written and `ChangedFile` is raised. Raises `OSError`.
    """
    staged: list[tuple[str, str]] = []
    real_folder = cache(_real_folder)
    try:
        for path, content in contents.items():
            above, name = os.path.split(path.rstrip("/" + os.sep))
            target = os.path.join(real_folder(above), name)
            mode = _mode(target)
            if mode is not None and stat.S_ISLNK(mode):
                target = os.path.realpath(target)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                mode = _mode(target)
            if mode is not None and stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
            temporary = f"{target}.{os.urandom(4).hex()}.tmp"
            staged.append((temporary, target))
            _write(temporary, content, durable)
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
        for path, content in (expected or {}).items():
            if _read(path) != content:
                raise ChangedFile(path)
        folders = {os.path.dirname(target) for _, target in staged}
        while staged:
            os.replace(*staged[-1])
            staged.pop()
        if durable:
            for folder in sorted(folders):
                _sync_folder(folder)
    finally:
        for temporary, _ in staged:
            if os.path.exists(temporary):
                os.unlink(temporary)


def _real_folder(path: str) -> str:
    """A folder without symbolic links in its path, made where there is none."""
    real = os.path.realpath(path)
    os.makedirs(real, exist_ok=True)
    return real


def _mode(path: str) -> int | None:
    """Kind and permissions of what is there; a link is not followed."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None


def _read(path: str) -> bytes | None:
    """The content of a file; None when it has gone."""
    try:
        with os.fdopen(os.open(path, _OLD), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: str, content: bytes, durable: bool) -> None:
    descriptor = os.open(path, _NEW, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: str) -> None:
    """Make a rename durable; Windows cannot open folders and needs no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
