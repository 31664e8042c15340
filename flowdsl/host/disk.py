"""The files of one project on disk."""

from __future__ import annotations

import os
import stat

from flowdsl.source.files import FileSystem, UnreadableFile, decode

PROJECT_FILE = "flowdsl.toml"
SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes that a file may have.

Above any prompt and picture that the service takes: a larger file is a mistake in a path or glob.
"""

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line breaks


class DiskFiles:
    """A `FileSystem` over the folder `root`.

    `root` is absolute and free of symbolic links. Paths are POSIX and relative to it. A path that
    leaves it, by itself or through a link, cannot be read.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._folders: dict[str, bool] = {}

    def read_text(self, path: str) -> str:
        return decode(path, self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        try:
            return self._read(path)
        except (FileNotFoundError, NotADirectoryError):
            raise UnreadableFile(path, "there is no such file", missing=True) from None
        except PermissionError:
            raise UnreadableFile(path, "permission is denied") from None
        except ValueError:
            raise UnreadableFile(path, "it is not a valid path") from None
        except OSError as error:
            raise UnreadableFile(path, (error.strerror or "it fails").lower()) from None

    def _read(self, path: str) -> bytes:
        full = self._locate(path)
        status = os.stat(full)
        if stat.S_ISDIR(status.st_mode):
            os.scandir(full).close()  # what forbids to list it is the better reason
            raise UnreadableFile(path, "it is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(path, "it is not a regular file")
        descriptor = os.open(full, os.O_RDONLY | _BINARY)
        try:
            # One byte more than allowed: a file may grow, and some file systems report no size.
            content = bytearray()
            while len(content) <= SIZE_LIMIT:
                piece = os.read(descriptor, max(status.st_size + 1 - len(content), 65536))
                if not piece:
                    return bytes(content)
                content += piece
        finally:
            os.close(descriptor)
        raise _too_large(path, max(status.st_size, len(content)))

    def _locate(self, path: str) -> str:
        parts = path.split("/")
        if (
            path.startswith("/")
            or ".." in parts
            or "\\" in path
            or (os.name == "nt" and ":" in path)
        ):
            raise UnreadableFile(path, "it is outside the project")
        folder = "/".join(parts[:-1])
        full = os.path.join(self.root, *parts)
        if folder not in self._folders:
            self._folders[folder] = self._inside(os.path.join(self.root, *parts[:-1]))
        if not self._folders[folder] or (os.path.islink(full) and not self._inside(full)):
            raise UnreadableFile(path, "a symbolic link leads out of the project")
        return full

    def _inside(self, full: str) -> bool:
        real = os.path.realpath(full)
        return real == self.root or real.startswith(self.root.rstrip(os.sep) + os.sep)

    def siblings(self, path: str) -> list[str]:
        folder = path.rpartition("/")[0]
        prefix = folder + "/" if folder else ""
        try:
            with os.scandir(os.path.join(self.root, *folder.split("/"))) as entries:
                return sorted(prefix + entry.name for entry in entries if entry.is_file())
        except (OSError, ValueError):
            return []


class Overlay:
    """A `FileSystem` in which given contents, such as standard input, replace some files."""

    def __init__(self, below: FileSystem, contents: dict[str, bytes]) -> None:
        self._below = below
        self._contents = contents

    def read_text(self, path: str) -> str:
        return decode(path, self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        content = self._contents.get(path)
        if content is None:
            return self._below.read_bytes(path)
        if len(content) > SIZE_LIMIT:
            raise _too_large(path, len(content))
        return content

    def siblings(self, path: str) -> list[str]:
        return self._below.siblings(path)


def _too_large(path: str, size: int) -> UnreadableFile:
    limit = SIZE_LIMIT // 1024 // 1024
    return UnreadableFile(path, f"it has {size / 1024 / 1024:.1f} MB; the limit is {limit} MB")


def find_root(folder: str) -> str | None:
    """The nearest folder at or above `folder` that holds a `flowdsl.toml`; None without one.

    The result is free of symbolic links.
    """
    here = os.path.realpath(folder)
    while True:
        if os.path.isfile(os.path.join(here, PROJECT_FILE)):
            return here
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above
