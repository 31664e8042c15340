"""The writing of files, completely or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Mapping
from functools import cache

from . import signals

_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_OLD = os.O_RDONLY | _BINARY
_LINKS = 40
"""Symbolic links in a row that are followed, as many as Linux follows."""


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

    All contents are on disk under temporary names beside their targets before the first target
    changes, so that a full disk or a folder without permission leaves everything as it was. An
    existing file keeps its permissions, and a symbolic link stays one. `durable` waits until the
    disk has everything; results that can be made again need not.

    `expected` is the content that files must have before. When one has another content, nothing is
    written and `ChangedFile` is raised. Raises `OSError`.

    A device or a pipe is not replaced: the content is written into it, and likewise into the open
    file that a link such as `/dev/stdout` stands for. That happens when everything else is on disk
    under temporary names.
    """
    staged: list[tuple[str, str]] = []
    streams: list[tuple[str | int, bytes]] = []
    with signals.Ending(lambda _number: _remove(staged)):
        try:
            _stage(contents, durable, staged, streams)
            for path, content in (expected or {}).items():
                if _read(path) != content:
                    raise ChangedFile(path)
            for place, content in streams:
                _write_into(place, content)
            folders = {os.path.dirname(target) for _, target in staged}
            with signals.HeldBack():  # all of them or none
                while staged:
                    os.replace(*staged[-1])
                    staged.pop()
            if durable:
                for folder in sorted(folders):
                    _sync_folder(folder)
        finally:
            _remove(staged)


def _stage(
    contents: Mapping[str, bytes],
    durable: bool,
    staged: list[tuple[str, str]],
    streams: list[tuple[str | int, bytes]],
) -> None:
    """Write contents under temporary names.

    Adds each temporary name and its target to `staged`. What is no regular file is added to
    `streams` with its content instead.
    """
    real_folder = cache(_real_folder)
    for path, content in contents.items():
        above, name = os.path.split(path.rstrip("/" + os.sep))
        target = os.path.join(real_folder(above), name)
        mode = _mode(target)
        if mode is not None and stat.S_ISLNK(mode):
            descriptor = _descriptor(target)
            if descriptor is not None:
                streams.append((descriptor, content))
                continue
            target = os.path.realpath(target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            mode = _mode(target)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
        if mode is not None and not stat.S_ISREG(mode):
            streams.append((target, content))
            continue
        temporary = f"{target}.{os.urandom(4).hex()}.tmp"
        staged.append((temporary, target))
        _write(temporary, content, durable)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))


def _remove(staged: list[tuple[str, str]]) -> None:
    """Delete the temporary files that are left."""
    for temporary, _ in staged:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _real_folder(path: str) -> str:
    """The path of a folder without symbolic links in it; the folder is made when it is missing."""
    real = os.path.realpath(path)
    os.makedirs(real, exist_ok=True)
    return real


def _mode(path: str) -> int | None:
    """Kind and permissions of a path, of a link itself; None when nothing is there."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None


def _read(path: str) -> bytes | None:
    """The content of a file; None when it is gone."""
    try:
        with os.fdopen(os.open(path, _OLD), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: str, content: bytes, durable: bool) -> None:
    descriptor = os.open(path, _NEW, 0o666)
    try:
        _write_all(descriptor, content)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_into(place: str | int, content: bytes) -> None:
    """Write to a device or pipe by its path, or to an open file by its number, where it stands."""
    if isinstance(place, int):
        sys.stdout.flush()  # what was said before comes first
        sys.stderr.flush()
        descriptor = os.dup(place)
    else:
        descriptor = os.open(place, os.O_WRONLY | _BINARY)
    try:
        _write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _descriptor(link: str) -> int | None:
    """The number of the open file that a link such as `/dev/stdout` stands for.

    None for any other link.
    """
    ours = {os.path.realpath(folder) for folder in ("/proc/self/fd", "/dev/fd")}
    for _ in range(_LINKS):
        folder, name = os.path.split(link)
        folder = os.path.realpath(folder)
        if folder in ours and name.isdecimal():
            return int(name)
        try:
            link = os.path.join(folder, os.readlink(os.path.join(folder, name)))
        except OSError:
            break
    return None


def _sync_folder(folder: str) -> None:
    """Make a rename durable; Windows cannot open folders and needs no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
