"""Libraries: folders outside a project, inside the same git work tree, that its flows only read.

A pull request shows every change of a library, so no file from outside the work tree may get into
one. From the top of the work tree to a file of a library, every component has to be a real folder
whose name is exactly as written, without a `.git` of its own. Links, submodules, nested
repositories and other spellings of a name are refused, before a file is opened and again once it is
open.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from errno import ENOENT

from flowdsl.config.project import LibraryFolder
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.source.files import UnreadableFile, split_library
from flowdsl.source.record import Record

from .disk import BINARY, read_open
from .folders import is_link
from .gitignore import work_tree

_GIT = ".git"
_OPEN = os.O_RDONLY | BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""How a file is opened: no link is followed, and a pipe does not wait for a writer."""

Identity = tuple[int, int]
"""Identifies a file or folder on the machine: device and inode."""


class UnusableLibrary(Exception):
    """The folder cannot be a library; the message completes "it cannot be used: ..."."""


class Library(Record):
    """A folder that is a library: `name` is the project's name for it, `root` its absolute path.

    `top` is the work tree, and `steps` are the names of the folders from there.
    """

    name: str
    root: str
    top: str
    steps: tuple[str, ...]

    def read_bytes(self, path: str) -> bytes:
        """Return the bytes of the file `@NAME//FILE` of this library.

        Raises `UnreadableFile`, and `OSError` for errors of the disk.
        """
        inner = split_library(path)[1]
        steps = (*self.steps, *filter(None, inner.split("/")))
        try:
            before = _identities_along(self.top, steps)
            full = os.path.join(self.top, *steps)
            kind = os.lstat(full).st_mode
            if stat.S_ISDIR(kind):
                raise UnreadableFile(path, "it is a folder")
            if not stat.S_ISREG(kind):
                raise UnreadableFile(path, "it is not a regular file")
            descriptor = os.open(full, _OPEN)
            try:
                status = os.fstat(descriptor)
                if before[-1] != _identity_of(status) or before != _identities_along(
                    self.top, steps
                ):
                    raise UnreadableFile(path, "it was replaced while it was opened; try again")
                return read_open(descriptor, path, status.st_size)
            finally:
                os.close(descriptor)
        except _Crooked as crooked:
            raise UnreadableFile(path, str(crooked)) from None

    def siblings(self, inner: str) -> list[str]:
        """Return sorted paths, relative to the library, of the files in the folder of `inner`."""
        parts = inner.split("/")[:-1]
        try:
            _identities_along(self.top, (*self.steps, *parts))
            with os.scandir(os.path.join(self.root, *parts)) as entries:
                names = [each.name for each in entries if each.is_file(follow_symlinks=False)]
        except (OSError, ValueError, _Crooked):
            return []
        return sorted("/".join((*parts, name)) for name in names)


def open_libraries(
    root: str, declared: Iterable[LibraryFolder]
) -> tuple[dict[str, Library], list[tuple[LibraryFolder, str]]]:
    """Return the libraries of the project in `root` by name, and unusable ones with the reason.

    `root` is absolute and free of symbolic links.
    """
    top = work_tree(root)
    opened: dict[str, tuple[Library, list[Identity]]] = {}
    problems: list[tuple[LibraryFolder, str]] = []
    for each in declared:
        try:
            library, chain = _open_library(root, top, each)
            for other, others in opened.values():
                if chain[-1] in others or others[-1] in chain:
                    raise UnusableLibrary(
                        f"`{each.path}` and the library `{other.name}` are one folder, or one lies "
                        "in the other; declare the outer one alone"
                    )
        except UnusableLibrary as unusable:
            problems.append((each, str(unusable)))
        else:
            opened[each.name] = library, chain
    return {name: library for name, (library, _) in opened.items()}, problems


def _open_library(
    root: str, top: str | None, declared: LibraryFolder
) -> tuple[Library, list[Identity]]:
    """Return a library, and the folders from the work tree to it; raises `UnusableLibrary`."""
    if top is None:
        raise UnusableLibrary(
            "the project is in no git work tree, and a library is a folder of the same one; make "
            "the repository with `git init`, or copy the files into the project"
        )
    own = [part for part in os.path.relpath(root, top).split(os.sep) if part != os.curdir]
    parts = declared.path.rstrip("/").split("/")
    up = parts.count(os.pardir)
    if up > len(own):
        raise UnusableLibrary(
            f"`{declared.path}` lies above the git work tree `{os.path.basename(top)}`, and so "
            "outside of what a review of this repository shows"
        )
    steps = (*own[: len(own) - up], *parts[up:])
    try:
        project = [
            _identity_of(os.lstat(os.path.join(top, *own[:count]))) for count in range(len(own) + 1)
        ]
        chain = _identities_along(top, steps)
        os.scandir(os.path.join(top, *steps)).close()
    except _Crooked as crooked:
        raise UnusableLibrary(str(crooked)) from None
    except FileNotFoundError as missing:
        near = _suggest_folder(missing)
        raise UnusableLibrary(f"there is no folder `{declared.path}`{near}") from None
    except NotADirectoryError:
        raise UnusableLibrary(f"`{declared.path}` is no folder") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a valid path").lower()
        raise UnusableLibrary(f"`{declared.path}` cannot be read: {reason}") from None
    if chain[-1] in project:
        raise UnusableLibrary(f"`{declared.path}` is the project itself or lies around it")
    if project[-1] in chain:
        raise UnusableLibrary(
            f"`{declared.path}` lies in the project, whose files are named by relative paths"
        )
    return Library(declared.name, os.path.join(top, *steps), top, steps), chain


def _suggest_folder(missing: FileNotFoundError) -> str:
    """Suggest the folder that was probably meant instead of a missing one."""
    parent, name = os.path.split(missing.filename)
    try:
        folders = [each.name for each in os.scandir(parent) if each.is_dir(follow_symlinks=False)]
    except (OSError, ValueError):
        return ""
    near = find_closest_name(name, (each for each in folders if each != _GIT))
    return "" if near is None else f"; a folder named `{near}` exists there"


class _Crooked(Exception):
    """A component is not a plain folder of the work tree; the message says which and why."""


def _identities_along(top: str, steps: Sequence[str]) -> list[Identity]:
    """Return the identities of the folder `top` and of each step from there.

    Raises `_Crooked` for a step that leads elsewhere, and `OSError` for a missing one.
    """
    found = [_identity_of(os.lstat(top))]
    git = _identity_at(os.path.join(top, _GIT))
    full = top
    for number, name in enumerate(steps, 1):
        folder, full = full, os.path.join(full, name)
        status = os.lstat(full)
        if not _is_exact(folder, name):
            raise FileNotFoundError(ENOENT, "there is no such file", full)
        shown = "/".join(steps[:number])
        if is_link(status):
            raise _Crooked(
                f"`{shown}` of the work tree is a symbolic link, which may lead anywhere"
            )
        if _identity_of(status) == git:
            raise _Crooked(f"`{shown}` of the work tree belongs to git itself")
        if stat.S_ISDIR(status.st_mode) and os.path.lexists(os.path.join(full, _GIT)):
            raise _Crooked(
                f"`{shown}` of the work tree has a `{_GIT}` of its own: it is a submodule or "
                "another repository, whose changes no review of this one shows"
            )
        found.append(_identity_of(status))
    return found


def _is_exact(folder: str, name: str) -> bool:
    """Whether an entry found by a name has exactly this name.

    A disk may also find it by other capital letters, by a short name, or by another Unicode
    composition. Only a listing shows this; none is needed if the disk is case-sensitive and the
    name is of ASCII letters.
    """
    swapped = name.swapcase()
    if name.isascii() and swapped != name and not os.path.lexists(os.path.join(folder, swapped)):
        return True
    return name in os.listdir(folder)


def _identity_of(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _identity_at(path: str) -> Identity | None:
    try:
        return _identity_of(os.lstat(path))
    except OSError:
        return None
