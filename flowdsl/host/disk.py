"""The files of one project on disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Protocol

from flowdsl.source.files import (
    FileSystem,
    UnknownLibrary,
    UnreadableFile,
    decode_text,
    library_of,
    split_library,
)

PROJECT_FILE = "flowdsl.toml"
SIZE_LIMIT = 16 * 1024 * 1024
"""The size limit of a file, in bytes.

Above any prompt and picture that the service accepts: a larger file is a mistake in a path or glob.
"""

BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line breaks


class LibraryFiles(Protocol):
    """The files of one library (`libraries.Library`); `root` is its absolute folder."""

    @property
    def root(self) -> str: ...

    def read_bytes(self, path: str) -> bytes:
        """Return the bytes of the file `@NAME//FILE`; raises `UnreadableFile` and `OSError`."""
        ...

    def siblings(self, inner: str) -> list[str]:
        """Return sorted paths, relative to the library, of the files next to the one at `inner`."""
        ...


class DiskFiles:
    """A `FileSystem` over the folder `root`, and over the project's `libraries` by their names.

    `root` is absolute and free of symbolic links. Paths are POSIX and relative to it. A path that
    leaves it, by itself or through a link, cannot be read.
    """

    def __init__(self, root: str, libraries: Mapping[str, LibraryFiles] | None = None) -> None:
        self.root = os.path.realpath(root)
        self.libraries = libraries or {}
        self._folders: dict[str, bool] = {}

    @property
    def folders(self) -> dict[str, str]:
        """The absolute folders of the libraries by their names."""
        return {name: library.root for name, library in self.libraries.items()}

    def read_text(self, path: str) -> str:
        return decode_text(path, self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        try:
            library = self._find_library(path)
            return self._read(path) if library is None else library.read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            raise UnreadableFile(path, "there is no such file", missing=True) from None
        except PermissionError:
            raise UnreadableFile(path, "permission is denied") from None
        except ValueError:
            raise UnreadableFile(path, "it is not a valid path") from None
        except OSError as error:
            raise UnreadableFile(path, (error.strerror or "it fails").lower()) from None

    def _find_library(self, path: str) -> LibraryFiles | None:
        """Return the library that contains a path; raises `UnknownLibrary`."""
        name = library_of(path)
        if name is None:
            return None
        if name not in self.libraries:
            raise UnknownLibrary(path, self.libraries)
        return self.libraries[name]

    def _read(self, path: str) -> bytes:
        full = self._locate_file(path)
        status = os.stat(full)
        if stat.S_ISDIR(status.st_mode):
            os.scandir(full).close()  # The reason why it cannot be listed is the better message.
            raise UnreadableFile(path, "it is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(path, "it is not a regular file")
        descriptor = os.open(full, os.O_RDONLY | BINARY)
        try:
            return read_open(descriptor, path, status.st_size)
        finally:
            os.close(descriptor)

    def _locate_file(self, path: str) -> str:
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
            self._folders[folder] = self.is_inside_root(os.path.join(self.root, *parts[:-1]))
        if not self._folders[folder] or (os.path.islink(full) and not self.is_inside_root(full)):
            raise UnreadableFile(path, "a symbolic link leads out of the project")
        return full

    def is_inside_root(self, full: str) -> bool:
        """Whether an absolute path is the root or below it, once links are followed."""
        real = os.path.realpath(full)
        return real == self.root or real.startswith(self.root.rstrip(os.sep) + os.sep)

    def siblings(self, path: str) -> list[str]:
        home, inner = split_library(path)
        if home:
            library = self.libraries.get(library_of(path) or "")
            return [] if library is None else [home + each for each in library.siblings(inner)]
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
        return decode_text(path, self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        content = self._contents.get(path)
        if content is None:
            return self._below.read_bytes(path)
        if len(content) > SIZE_LIMIT:
            raise _too_large(path, len(content))
        return content

    def siblings(self, path: str) -> list[str]:
        return self._below.siblings(path)


def read_open(descriptor: int, path: str, size: int) -> bytes:
    """Return the bytes of an open file, whose size is `size` as far as known.

    Raises `UnreadableFile` for the file at `path` if it is too large.
    """
    # One byte more than allowed: a file may grow, and some file systems report no size.
    content = bytearray()
    while len(content) <= SIZE_LIMIT:
        piece = os.read(descriptor, max(size + 1 - len(content), 65536))
        if not piece:
            return bytes(content)
        content += piece
    raise _too_large(path, max(size, len(content)))


def _too_large(path: str, size: int) -> UnreadableFile:
    limit = SIZE_LIMIT // 1024 // 1024
    return UnreadableFile(path, f"it has {size / 1024 / 1024:.1f} MB; the limit is {limit} MB")


def find_root(folder: str) -> str | None:
    """Return the nearest folder at or above `folder` with a `flowdsl.toml`; None without one.

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
