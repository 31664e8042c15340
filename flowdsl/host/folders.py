"""Folders that are opened once and then identified by the open descriptor, not by their path.

Below an opened folder, every component is opened by its name relative to its parent, and a symbolic
link is refused. So no path leads out, and replacing a folder by a link meanwhile has no effect.

Windows cannot open folders: there each component is checked by its path just before it is used, so
replacing a folder at that very moment is not detected.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_PASSING = getattr(os, "O_PATH", os.O_RDONLY)
"""How a folder is opened only to reach entries below it: without listing, if supported."""

_MOUNT_POINT = 0xA0000003
"""`IO_REPARSE_TAG_MOUNT_POINT`: a Windows junction, which leads elsewhere like a link."""

_LINKS = 40
"""The number of symbolic links in a row that are followed; the same as Linux."""

_AT_ONCE = 100
"""The number of folders of a tree open at a time; some systems allow only 256 open files."""


class LinkInTheWay(OSError):
    """There is a symbolic link at a path to be written; `strerror` names it."""

    def __init__(self, link: str, why: str) -> None:
        super().__init__(errno.ELOOP, f"`{link}` is a symbolic link{why}", link)


def is_link(found: os.stat_result) -> bool:
    """Whether a status, taken without following links, is that of a link or a junction."""
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


def link_in_the_way(path: str) -> LinkInTheWay:
    """Return the error for a link where none is followed."""
    return LinkInTheWay(path, ", and none is followed here; put a real file or folder in its place")


class OpenFolder:
    """An open folder; `path` is where it was found, for messages only.

    Names are those of entries of the folder. Every function raises `OSError` with the whole path.
    """

    def __init__(self, path: str, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def enter(self, name: str, *, make: bool) -> OpenFolder:
        """Return the folder `name` in this one; with `make` it is created if missing.

        Raises `LinkInTheWay` for a link.
        """
        with self._naming_errors(name):
            if make and self.status(name) is None:
                with suppress(FileExistsError):
                    os.mkdir(self._at(name), dir_fd=self._descriptor)
            if self.is_link(name):
                raise link_in_the_way(os.path.join(self.path, name))
            full = os.path.join(self.path, name)
            if self._descriptor is None:
                os.scandir(full).close()
                return OpenFolder(full, None)
            flags = _PASSING | os.O_DIRECTORY | _NO_LINK
            return OpenFolder(full, os.open(name, flags, dir_fd=self._descriptor))

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of an entry, of a link itself; None if it does not exist."""
        with self._naming_errors(name):
            try:
                return os.lstat(self._at(name), dir_fd=self._descriptor)
            except FileNotFoundError:
                return None

    def is_link(self, name: str) -> bool:
        """Whether an entry is a symbolic link, or a junction of Windows."""
        found = self.status(name)
        return found is not None and is_link(found)

    def link_target(self, name: str) -> str:
        """Return the target of a symbolic link."""
        with self._naming_errors(name):
            return os.readlink(self._at(name), dir_fd=self._descriptor)

    def names(self) -> list[str]:
        """Return the names of all entries, sorted."""
        if self._descriptor is None:
            return sorted(os.listdir(self.path))
        with self._open_readable() as descriptor:
            return sorted(os.listdir(descriptor))

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of a regular file, at most `limit` plus one; links are not followed."""
        descriptor = self.open(name, os.O_RDONLY | _NO_WAIT)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", os.path.join(self.path, name))
            return file.read(-1 if limit is None else limit + 1)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Return a descriptor of the file `name`; raises `LinkInTheWay` for a link."""
        with self._naming_errors(name):
            if self.is_link(name):
                raise link_in_the_way(os.path.join(self.path, name))
            flags |= _BINARY | _NO_LINK
            return os.open(self._at(name), flags, mode, dir_fd=self._descriptor)

    def create(self, name: str, mode: int = 0o666) -> int:
        """Return a descriptor of a new file to write; raises `FileExistsError` if it exists."""
        with self._naming_errors(name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
            return os.open(self._at(name), flags, mode, dir_fd=self._descriptor)

    def replace(self, name: str, by: str) -> None:
        """Replace `name`, which may be missing, by the file `by` of this folder."""
        with self._naming_errors(name):
            ours = self._descriptor
            os.replace(self._at(by), self._at(name), src_dir_fd=ours, dst_dir_fd=ours)

    def remove(self, name: str) -> None:
        """Delete a file, or a link itself; do nothing if it is missing."""
        with self._naming_errors(name), suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Flush the entries of this folder to disk; Windows needs no such call."""
        if self._descriptor is not None:
            with self._open_readable() as descriptor:
                os.fsync(descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)

    @contextmanager
    def _open_readable(self) -> Iterator[int]:
        """Return a descriptor of this folder that can be listed and flushed."""
        descriptor = os.open(os.curdir, os.O_RDONLY, dir_fd=self._descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _naming_errors(self, name: str) -> _NamingErrors:
        """Return a context in which errors have the whole path of an entry."""
        return _NamingErrors(self.path, name)


class _NamingErrors:
    """The context of `OpenFolder._naming_errors`.

    One that is made of a generator would take as long as a call of the disk.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._folder, self._name = folder, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, OSError):
            error.filename, error.filename2 = os.path.join(self._folder, self._name), None


def open_folder(path: str, *, make: bool = True) -> OpenFolder:
    """Open a folder that a person named; links on the path to it are followed.

    With `make` it is created if missing. Raises `OSError`.
    """
    real = os.path.realpath(path)
    if make:
        os.makedirs(real, exist_ok=True)
    if not _BY_DESCRIPTOR:
        os.scandir(real).close()
        return OpenFolder(real, None)
    return OpenFolder(real, os.open(real, _PASSING | os.O_DIRECTORY | _NO_LINK))


class Tree:
    """The folders below `root`, each opened from its parent when it is needed."""

    def __init__(self, root: str, *, make: bool = True) -> None:
        self._root = open_folder(root, make=make)
        self._open: dict[tuple[str, ...], OpenFolder] = {}

    @property
    def root(self) -> str:
        """The absolute path, free of symbolic links."""
        return self._root.path

    def close(self) -> None:
        for folder in (*self._open.values(), self._root):
            folder.close()
        self._open.clear()

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def folder(self, parts: tuple[str, ...], *, make: bool = True) -> OpenFolder:
        """Return the folder that the names lead to; with `make` missing ones are created.

        It stays open until others are needed: call this again instead of keeping it. Raises
        `LinkInTheWay` for a link on the path, `OSError`.
        """
        if not parts:
            return self._root
        folder = self._open.pop(parts, None)
        if folder is None:
            folder = self.folder(parts[:-1], make=make).enter(parts[-1], make=make)
        self._open[parts] = folder  # The last one used is at the end.
        if len(self._open) > _AT_ONCE:
            self._open.pop(next(iter(self._open))).close()
        return folder

    def locate(
        self, parts: Sequence[str], *, follow: bool = False, make: bool = True
    ) -> tuple[tuple[str, ...], str]:
        """Return the real place of a file: its folder, as for `folder`, and its name there.

        With `follow`, a link is followed if it stays below the root and out of git's folders; any
        other raises `LinkInTheWay`. With `make`, folders on the path are created.
        """
        pending, here, followed = [*reversed(parts)], list[str](), 0
        while pending:
            name = pending.pop()
            if name in ("", os.curdir):
                continue
            if name == os.pardir:
                if not here:
                    raise LinkInTheWay(self._shown(parts), _LEADS_OUT)
                here.pop()
                continue
            folder = self.folder(tuple(here), make=make)
            if not folder.is_link(name):
                if followed and name.casefold() == ".git":
                    raise LinkInTheWay(self._shown(parts), " into the folder of git itself")
                here.append(name)
                continue
            followed += 1
            if not follow or followed > _LINKS:
                raise link_in_the_way(os.path.join(folder.path, name))
            target = folder.link_target(name)
            if os.path.isabs(target):
                target, here = self._below(target, parts), []
            pending += reversed(target.split(os.sep))
        if not here:
            raise IsADirectoryError(errno.EISDIR, "it is a folder", self._shown(parts))
        return tuple(here[:-1]), here[-1]

    def _below(self, target: str, parts: Sequence[str]) -> str:
        """Return the absolute `target` of a link, relative to the root."""
        folder, name = os.path.split(target)
        full = os.path.join(os.path.realpath(folder), name)
        if not full.startswith(os.path.join(self.root, "")):
            raise LinkInTheWay(self._shown(parts), _LEADS_OUT)
        return os.path.relpath(full, self.root)

    def _shown(self, parts: Sequence[str]) -> str:
        return os.path.join(self.root, *parts)


def names_below(path: str, root: str) -> list[str]:
    """Return the names that lead from a folder to a path that begins with it."""
    rest = path[len(os.path.join(root, "")) :]
    return rest.replace(os.altsep or os.sep, os.sep).split(os.sep)


def read_file(path: str, *, below: str, limit: int) -> bytes | None:
    """Return the bytes of a regular file that the program wrote, at most `limit` plus one.

    None if it is missing. `path` begins with the folder `below`. Raises `OSError`, also for a link
    between that folder and the file.
    """
    try:
        with Tree(below, make=False) as tree:
            parts, name = tree.locate(names_below(path, below), make=False)
            return tree.folder(parts, make=False).read(name, limit)
    except FileNotFoundError:
        return None


_LEADS_OUT = " that leads out of its folder; name the file that it leads to"
