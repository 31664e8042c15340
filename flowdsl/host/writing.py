"""Writes files, completely or not at all, and never through a symbolic link.

All files that the program writes are written here (`tests/meta/test_writes.py`). Files that it
writes on its own stay below a folder (`write_files`); a file that a person names (`write_named`)
stays in the named folder. Both use the opened folder, see `folders`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import NamedTuple

from . import signals
from .folders import LinkInTheWay, OpenFolder, Tree, is_link, link_in_the_way, names_below

_LINKS = 40
"""The number of symbolic links in a row that may lead to an open file."""

_TEMPORARY = re.compile(r"\.flowdsl-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}\.tmp")
_UNKNOWN_MACHINE = "0" * 8
_ABANDONED_NS = 24 * 3600 * 10**9
"""The age in nanoseconds at which a temporary file of another machine counts as abandoned.

A live writer replaces its target within moments.
"""


class ChangedFile(Exception):
    """A file to be replaced has changed since it was read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` has changed")
        self.path = path


class _Staged(NamedTuple):
    """A content under a temporary name: its tree, the names to its folder, and both names there."""

    tree: Tree
    parts: tuple[str, ...]
    temporary: str
    name: str


class MadeContents(Mapping[str, bytes]):
    """The contents of files by path, each made when it is asked for: never all in memory."""

    def __init__(self, makers: Mapping[str, Callable[[], bytes]]) -> None:
        self._makers = makers

    def __getitem__(self, path: str) -> bytes:
        return self._makers[path]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def write_files(
    contents: Mapping[str, bytes],
    *,
    below: str | Collection[str],
    durable: bool = True,
    expected: Mapping[str, bytes] | None = None,
) -> None:
    """Replace or create every file below one of the folders `below`, creating folders as needed.

    All paths begin with one of them, and the innermost one applies. All contents are on disk under
    temporary names next to their targets before the first target changes, so that a full disk or a
    folder without permission leaves everything unchanged. An existing file keeps its permissions.
    Contents are asked for one after the other, so that a mapping may make them as they are written.
    `durable` waits until everything is on disk; results that can be regenerated need not.

    `expected` is the content that files must have before. If one has another content, nothing is
    written and `ChangedFile` is raised. Such a file was read through the links that stay below the
    folder, which stay links. Nothing is written through any other link. Raises `OSError`, as for a
    link: see `reason_of`.
    """
    expected = expected or {}
    roots = [below] if isinstance(below, str) else below
    with ExitStack() as opened:
        trees: dict[str, Tree] = {}
        places: dict[str, tuple[Tree, tuple[str, ...], str]] = {}
        for path in (*contents, *expected):
            root, names = _below_root(path, roots)
            if root not in trees:
                trees[root] = opened.enter_context(Tree(root))
            if path in expected or not {"", os.curdir, os.pardir}.isdisjoint(names):
                found = trees[root].locate(names, follow=path in expected)
            else:  # A link is detected where it is encountered.
                found = tuple(names[:-1]), names[-1]
            places[path] = trees[root], *found
        staged: list[_Staged] = []
        with signals.BeforeEnding(lambda _number: _remove_staged(staged)):
            try:
                for path, content in contents.items():
                    _stage_file(*places[path], content, durable, staged)
                for path, content in expected.items():
                    if _read_if_there(*places[path]) != content:
                        raise ChangedFile(path)
                _replace_targets(staged, durable)
            finally:
                _remove_staged(staged)


def write_named(path: str, content: bytes, *, durable: bool = True) -> None:
    """Replace or create the file that a person named, completely or not at all.

    Links on the path to its folder are followed. A link in place of the file stays a link, and may
    not lead out of that folder. Folders are created as needed. A device or a pipe is not replaced:
    the content is written into it, and likewise into the open file that a link such as
    `/dev/stdout` names. Raises `OSError`, see `reason_of`, and `ValueError` for an invalid path.
    """
    descriptor = _find_descriptor(path)
    if descriptor is not None:
        sys.stdout.flush()  # Earlier output is written first.
        sys.stderr.flush()
        with os.fdopen(os.dup(descriptor), "wb", buffering=0) as stream:
            _write_all(stream.fileno(), content)
        return
    staged: list[_Staged] = []
    with (
        _open_tree(path) as (tree, parts, name),
        signals.BeforeEnding(lambda _number: _remove_staged(staged)),
    ):
        folder = tree.folder(parts)
        found = folder.status(name)
        if found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            with os.fdopen(folder.open(name, os.O_WRONLY), "wb", buffering=0) as stream:
                _write_all(stream.fileno(), content)
            return
        try:
            _stage_file(tree, parts, name, content, durable, staged)
            _replace_targets(staged, durable)
        finally:
            _remove_staged(staged)


def append_named(path: str, content: bytes) -> None:
    """Append to a file that a person named, or create it; otherwise like `write_named`."""
    descriptor = _find_descriptor(path)
    if descriptor is not None:
        write_named(path, content)
        return
    with _open_tree(path) as (tree, parts, name):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(tree.folder(parts).open(name, flags, 0o644), "wb", buffering=0) as stream:
            _write_all(stream.fileno(), content)


def open_lock(path: str, below: str | None) -> int:
    """Return a descriptor of a file to lock, created if it is missing.

    `below` is the folder that it has to stay in; None is for a file that a person named. Raises
    `OSError`.
    """
    with _open_tree(path, below) as (tree, parts, name):
        return tree.folder(parts).open(name, os.O_RDWR | os.O_CREAT, 0o644)


def make_database(path: str, below: str | None) -> tuple[str, tuple[int, int]]:
    """Create an empty file for SQLite if it is missing; return its real path and its identity.

    SQLite opens it by that path, and then it has to be this very file: the caller compares device
    and inode. SQLite itself opens the files that it creates next to it through no link. `below` is
    as in `open_lock`. Raises `OSError`.
    """
    with _open_tree(path, below) as (tree, parts, name):
        folder = tree.folder(parts)
        for beside in (f"{name}-wal", f"{name}-shm", f"{name}-journal"):
            if folder.is_link(beside):
                raise LinkInTheWay(os.path.join(folder.path, beside), "; delete it")
        descriptor = folder.open(name, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", path)
        finally:
            os.close(descriptor)
        return os.path.join(folder.path, name), (found.st_dev, found.st_ino)


def remove_files(paths: Collection[str], *, below: str) -> None:
    """Delete files below a folder; missing ones are ignored. Raises `OSError`."""
    for path in paths:
        with _open_tree(path, below, make=False) as (tree, parts, name):
            tree.folder(parts, make=False).remove(name)


def reason_of(error: Exception) -> str:
    """Return why a file cannot be written, to follow "cannot be written: "."""
    if isinstance(error, LinkInTheWay):
        return str(error.strerror)
    if isinstance(error, OSError):
        return (error.strerror or "it fails").lower()
    return "it is not a path"


@contextmanager
def _open_tree(
    path: str, below: str | None = None, *, make: bool = True
) -> Iterator[tuple[Tree, tuple[str, ...], str]]:
    """Yield the tree of a file, and its place in it; `below` is as in `open_lock`."""
    if below is None:
        root, name = os.path.split(os.path.join(os.getcwd(), path.rstrip("/" + os.sep)))
        if name in ("", os.curdir, os.pardir):
            raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
        names: Sequence[str] = [name]
    else:
        root, names = _below_root(path, [below])
    with Tree(root, make=make) as tree:
        yield tree, *tree.locate(names, follow=below is None, make=make)


def _below_root(path: str, roots: Collection[str]) -> tuple[str, list[str]]:
    """Return the innermost of some folders that contains a path, and the names from there."""
    around = [root for root in roots if path.startswith(os.path.join(root, ""))]
    if not around:
        raise PermissionError(errno.EPERM, "it is outside of the folder to write to", path)
    root = max(around, key=len)
    return root, names_below(path, root)


def _stage_file(
    tree: Tree,
    parts: tuple[str, ...],
    name: str,
    content: bytes,
    durable: bool,
    staged: list[_Staged],
) -> None:
    """Write a content under a temporary name and add it to `staged`."""
    folder = tree.folder(parts)
    found = folder.status(name)
    path = os.path.join(folder.path, name)
    if found is not None and is_link(found):
        raise link_in_the_way(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    temporary = f".flowdsl-{_identify_machine()}-{os.getpid()}-{os.urandom(4).hex()}.tmp"
    staged.append(_Staged(tree, parts, temporary, name))
    try:
        descriptor = folder.create(temporary)
        try:
            _write_all(descriptor, content)
            if found is not None:
                mode = stat.S_IMODE(found.st_mode)
                by_descriptor = os.chmod in os.supports_fd
                os.chmod(
                    descriptor if by_descriptor else os.path.join(folder.path, temporary), mode
                )
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        error.filename = path  # Nobody knows the temporary file.
        raise


def _replace_targets(staged: list[_Staged], durable: bool) -> None:
    """Replace the targets by all staged files, and remove temporary files left by others."""
    folders = {(each.tree, each.parts): each.name for each in staged}
    with signals.HeldBack():  # All of them or none.
        while staged:
            tree, parts, temporary, name = staged[-1]
            tree.folder(parts).replace(name, temporary)
            staged.pop()
    for (tree, parts), name in folders.items():
        if durable:
            tree.folder(parts).sync()
        with suppress(OSError):
            _clear_abandoned(tree.folder(parts), name)


def _remove_staged(staged: list[_Staged]) -> None:
    """Delete the remaining temporary files."""
    for tree, parts, temporary, _ in staged:
        tree.folder(parts).remove(temporary)


def _clear_abandoned(folder: OpenFolder, written: str) -> None:
    """Delete the temporary files of writers that were killed; `written` was just written there.

    They are recognised as ours by their names and their owner. For a writer of this machine, its
    process number shows whether it is alive. A file of another machine that shares the folder is
    abandoned if it is a day older than `written`, by the clock of the disk.
    """
    now = folder.status(written)
    for name in folder.names():
        made = _TEMPORARY.fullmatch(name)
        if made is None or now is None:
            continue
        found = folder.status(name)
        if found is None or not stat.S_ISREG(found.st_mode) or found.st_uid != now.st_uid:
            continue
        machine, process = made.groups()
        if machine == _identify_machine() != _UNKNOWN_MACHINE:
            abandoned = not _is_alive(int(process))
        else:
            abandoned = found.st_mtime_ns < now.st_mtime_ns - _ABANDONED_NS
        if abandoned:
            folder.remove(name)


@cache
def _identify_machine() -> str:
    """Identify this boot of this machine, and the namespace that numbers its processes.

    Only Linux provides this; elsewhere it is `_UNKNOWN_MACHINE`.
    """
    try:
        boot = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY)
        try:
            said = os.read(boot, 64) + os.readlink("/proc/self/ns/pid").encode()
        finally:
            os.close(boot)
    except OSError:
        return _UNKNOWN_MACHINE
    from zlib import crc32

    return f"{crc32(said):08x}"


def _is_alive(process: int) -> bool:
    """Whether a process of this machine has this number, if `_identify_machine` knows it."""
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # Another user's process, or not a process number.
        pass
    return True


def _read_if_there(tree: Tree, parts: tuple[str, ...], name: str) -> bytes | None:
    """Return the content of a file; None if it is gone."""
    try:
        return tree.folder(parts).read(name)
    except FileNotFoundError:
        return None


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _find_descriptor(link: str) -> int | None:
    """Return the descriptor number that a path such as `/dev/stdout` names; None for others."""
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
