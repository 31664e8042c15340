"""The compiler's access to files: a protocol, and an implementation in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

SUFFIX = ".flow"
"""How the name of a flow ends. Lower case alone: `a.flow` and `a.FLOW` may be two files or one."""

LIBRARY = "@"
"""How a name of a library begins where a flow names one of its files.

A flow writes `@epic/login.flow`. The path of that file is `@epic//login.flow`: no path of a project
has two slashes in a row, so that a folder `@epic` of the project is never taken for the library.
"""


class UnreadableFile(Exception):
    """A file that cannot be read: missing, a folder, not UTF-8, too large, or outside the project.

    `reason` finishes the sentence "`x.flow` cannot be read: ...". `missing` tells "no such file"
    from the rest.
    """

    def __init__(self, path: str, reason: str, *, missing: bool = False) -> None:
        super().__init__(f"`{spell_flow_path(path)}` cannot be read: {reason}")
        self.path = path
        self.reason = reason
        self.missing = missing


class UnknownLibrary(UnreadableFile):
    """A file of a library that the project does not declare; `known` are those that it declares."""

    def __init__(self, path: str, known: Iterable[str]) -> None:
        super().__init__(path, "the project declares no such library")
        self.name = library_of(path) or ""
        self.known = tuple(known)


class FileSystem(Protocol):
    """Read access to the files of one project, and of the libraries that it declares.

    Paths are POSIX, relative to the root of the project, without `..`; those of a library are
    `@NAME//FILE`, where FILE is relative to the library. A library that is not declared raises
    `UnknownLibrary`.
    """

    def read_text(self, path: str) -> str:
        """The decoded UTF-8 text of a file, line breaks untouched; raises `UnreadableFile`."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """The bytes of a file; raises `UnreadableFile`."""
        ...

    def siblings(self, path: str) -> list[str]:
        """Sorted paths of the files in the folder of `path`, empty when there is no such folder.

        Messages suggest one of them.
        """
        ...


class NotedFiles:
    """A `FileSystem` that records in `paths` which files were read from another one."""

    def __init__(self, below: FileSystem, paths: set[str]) -> None:
        self._below = below
        self._paths = paths

    def read_text(self, path: str) -> str:
        self._paths.add(path)
        return self._below.read_text(path)

    def read_bytes(self, path: str) -> bytes:
        self._paths.add(path)
        return self._below.read_bytes(path)

    def siblings(self, path: str) -> list[str]:
        return self._below.siblings(path)


class MemoryFiles:
    """A `FileSystem` over a dictionary of path to text or bytes."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self._files = files

    def read_bytes(self, path: str) -> bytes:
        if path not in self._files:
            known = {name for name in map(library_of, self._files) if name is not None}
            if library_of(path) not in {None, *known}:
                raise UnknownLibrary(path, sorted(known))
            raise UnreadableFile(path, "there is no such file", missing=True)
        content = self._files[path]
        return content.encode() if isinstance(content, str) else content

    def read_text(self, path: str) -> str:
        return decode_text(path, self.read_bytes(path))

    def siblings(self, path: str) -> list[str]:
        folder = path.rpartition("/")[0]
        return sorted(name for name in self._files if name.rpartition("/")[0] == folder)


def decode_text(path: str, content: bytes) -> str:
    """The text of a file's bytes: UTF-8, without a byte order mark.

    Raises `UnreadableFile`, whose reason names the byte and the line that are not UTF-8.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"it is not UTF-8 (byte {error.start}, line {line}); save it as UTF-8"
        raise UnreadableFile(path, reason) from None
    return text.removeprefix("\ufeff")


def resolve_path(from_file: str, target: str) -> str | None:
    """The path that `target`, written in `from_file`, means; None for one outside the project, or
    outside the library that it is written in or names.

    `target` is relative to the folder of `from_file`, with `/` as separator, or `@NAME/FILE` for a
    file of a library. Absolute paths, drive letters and backslashes never resolve.
    """
    if "\\" in target or ":" in target or "\0" in target:
        return None
    home, inner = split_library(from_file)
    parts = inner.split("/")[:-1]
    if target.startswith(LIBRARY):
        name, _, target = target.partition("/")
        home, parts = f"{name}//", []
    if target.startswith("/"):
        return None
    for part in target.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return home + "/".join(parts) or None


def split_library(path: str) -> tuple[str, str]:
    """`@epic//` and `a/b.flow` of `@epic//a/b.flow`; the first part is empty for other paths."""
    home, mark, inner = path.partition("//")
    return (home + mark, inner) if mark and home.startswith(LIBRARY) else ("", path)


def library_of(path: str) -> str | None:
    """The name of the library that a path lies in; None for a file of the project."""
    home, _ = split_library(path)
    return home[len(LIBRARY) : -2] if home else None


def spell_flow_path(path: str) -> str:
    """A path as a flow writes it, for messages: `@epic/login.flow`."""
    home, inner = split_library(path)
    return f"{home[:-1]}{inner}" if home else path
