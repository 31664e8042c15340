"""Folders that are opened once and then known by what was opened, not by their path.

Below a folder that was opened, every step is opened by its name in the one above, and a symbolic
link is no step. So nothing leads out, and a folder that somebody replaces by a link meanwhile makes
no difference. Windows cannot open folders: there each step is looked at by its path just before it
is used, which somebody who replaces a folder at that very moment can outrun.
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
"""How a folder is opened to go on from there: where the system can tell, without listing it."""

_MOUNT_POINT = 0xA0000003
"""`IO_REPARSE_TAG_MOUNT_POINT`: a junction of Windows, which leads elsewhere as a link does."""

_LINKS = 40
"""Symbolic links in a row that are followed, as many as Linux follows."""

_AT_ONCE = 100
"""Folders of a tree that are open at a time; some systems let a process open only 256 files."""


class LinkInTheWay(OSError):
    """A symbolic link stands where something was to be written; `strerror` names it."""

    def __init__(self, link: str, why: str) -> None:
        super().__init__(errno.ELOOP, f"`{link}` is a symbolic link{why}", link)


def is_link(found: os.stat_result) -> bool:
    """Whether a status that was taken without following links is that of one, or of a junction."""
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


def link_in_the_way(path: str) -> LinkInTheWay:
    """The error for a link where none is followed."""
    return LinkInTheWay(path, ", and none is followed here; put a real file or folder in its place")


class OpenFolder:
    """A folder that is open; `path` is where it was found, for messages alone.

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
        """The folder `name` in this one, made when it is missing and `make` says so.

        Raises `LinkInTheWay` for a link.
        """
        with self._told(name):
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
        """What stands under a name, of a link itself; None for nothing."""
        with self._told(name):
            try:
                return os.lstat(self._at(name), dir_fd=self._descriptor)
            except FileNotFoundError:
                return None

    def is_link(self, name: str) -> bool:
        """Whether a symbolic link, or a junction of Windows, stands under a name."""
        found = self.status(name)
        return found is not None and is_link(found)

    def link_target(self, name: str) -> str:
        """What a symbolic link says."""
        with self._told(name):
            return os.readlink(self._at(name), dir_fd=self._descriptor)

    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        if self._descriptor is None:
            return sorted(os.listdir(self.path))
        with self._open_readable() as descriptor:
            return sorted(os.listdir(descriptor))

    def read(self, name: str, limit: int | None = None) -> bytes:
        """The bytes of a regular file, one more than `limit` at most; links are not followed."""
        descriptor = self.open(name, os.O_RDONLY | _NO_WAIT)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", os.path.join(self.path, name))
            return file.read(-1 if limit is None else limit + 1)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor of the file `name`; raises `LinkInTheWay` for a link."""
        with self._told(name):
            if self.is_link(name):
                raise link_in_the_way(os.path.join(self.path, name))
            flags |= _BINARY | _NO_LINK
            return os.open(self._at(name), flags, mode, dir_fd=self._descriptor)

    def create(self, name: str, mode: int = 0o666) -> int:
        """A descriptor of a new file to write to; raises `FileExistsError` where one is."""
        with self._told(name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
            return os.open(self._at(name), flags, mode, dir_fd=self._descriptor)

    def replace(self, name: str, by: str) -> None:
        """Put the file `by` of this folder in the place of `name`, which may be missing."""
        with self._told(name):
            ours = self._descriptor
            os.replace(self._at(by), self._at(name), src_dir_fd=ours, dst_dir_fd=ours)

    def remove(self, name: str) -> None:
        """Delete a file, or a link itself; nothing happens where none is."""
        with self._told(name), suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Wait until the disk has the names of this folder; Windows needs no such call."""
        if self._descriptor is not None:
            with self._open_readable() as descriptor:
                os.fsync(descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)

    @contextmanager
    def _open_readable(self) -> Iterator[int]:
        """A descriptor of this folder that can be listed and waited for."""
        descriptor = os.open(os.curdir, os.O_RDONLY, dir_fd=self._descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _told(self, name: str) -> _Told:
        """A context whose errors are about the whole path of an entry."""
        return _Told(self.path, name)


class _Told:
    """The context of `OpenFolder._told`; one of a generator takes as long as a call of the disk."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder, self._name = folder, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, OSError):
            error.filename, error.filename2 = os.path.join(self._folder, self._name), None


def open_folder(path: str, *, make: bool = True) -> OpenFolder:
    """A folder that somebody named; links on the way to it are theirs, and are followed.

    It is made when it is missing and `make` says so. Raises `OSError`.
    """
    real = os.path.realpath(path)
    if make:
        os.makedirs(real, exist_ok=True)
    if not _BY_DESCRIPTOR:
        os.scandir(real).close()
        return OpenFolder(real, None)
    return OpenFolder(real, os.open(real, _PASSING | os.O_DIRECTORY | _NO_LINK))


class Tree:
    """The folders below `root`, each opened from the one above when it is needed."""

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
        """The folder that the names lead to, missing ones made when `make` says so.

        It stays open until others are needed: ask anew instead of keeping it. Raises
        `LinkInTheWay` for a link on the way, `OSError`.
        """
        if not parts:
            return self._root
        folder = self._open.pop(parts, None)
        if folder is None:
            folder = self.folder(parts[:-1], make=make).enter(parts[-1], make=make)
        self._open[parts] = folder  # the last one used stands last
        if len(self._open) > _AT_ONCE:
            self._open.pop(next(iter(self._open))).close()
        return folder

    def locate(
        self, parts: Sequence[str], *, follow: bool = False, make: bool = True
    ) -> tuple[tuple[str, ...], str]:
        """Where the file at these names really is: its folder, as for `folder`, and its name there.

        A link is followed when `follow` says so and it stays below the root and out of the folders
        of git; any other raises `LinkInTheWay`. Folders on the way are made when `make` says so.
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
        """The absolute path that a link says, from the root."""
        folder, name = os.path.split(target)
        full = os.path.join(os.path.realpath(folder), name)
        if not full.startswith(os.path.join(self.root, "")):
            raise LinkInTheWay(self._shown(parts), _LEADS_OUT)
        return os.path.relpath(full, self.root)

    def _shown(self, parts: Sequence[str]) -> str:
        return os.path.join(self.root, *parts)


def names_below(path: str, root: str) -> list[str]:
    """The names that lead from a folder to a path that begins with it."""
    rest = path[len(os.path.join(root, "")) :]
    return rest.replace(os.altsep or os.sep, os.sep).split(os.sep)


def read_file(path: str, *, below: str, limit: int) -> bytes | None:
    """The bytes of a regular file that the program wrote, one more than `limit` at most.

    None when it is missing. `path` begins with the folder `below`. Raises `OSError`, also for a
    link between that folder and the file.
    """
    try:
        with Tree(below, make=False) as tree:
            parts, name = tree.locate(names_below(path, below), make=False)
            return tree.folder(parts, make=False).read(name, limit)
    except FileNotFoundError:
        return None


_LEADS_OUT = " that leads out of its folder; name the file that it leads to"
