"""How the compiler reaches files: a protocol, and files that live in memory."""

from __future__ import annotations

from typing import Protocol

SUFFIX = ".flow"
"""How the name of a flow ends. Lower case alone: `a.flow` and `a.FLOW` may be two files or one."""


class UnreadableFile(Exception):
    """A file that cannot be read: missing, a folder, not UTF-8, too large, or outside the project.

    `reason` finishes the sentence "`x.flow` cannot be read: ...". `missing` tells "no such file"
    from the rest.
    """

    def __init__(self, path: str, reason: str, *, missing: bool = False) -> None:
        super().__init__(f"`{path}` cannot be read: {reason}")
        self.path = path
        self.reason = reason
        self.missing = missing


class FileSystem(Protocol):
    """Read access to the files of one project.

    Paths are POSIX, relative to the root of the project, without `..`.
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
    """A `FileSystem` that notes in `paths` what was read from another one."""

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
            raise UnreadableFile(path, "there is no such file", missing=True)
        content = self._files[path]
        return content.encode() if isinstance(content, str) else content

    def read_text(self, path: str) -> str:
        return decode(path, self.read_bytes(path))

    def siblings(self, path: str) -> list[str]:
        folder = path.rpartition("/")[0]
        return sorted(name for name in self._files if name.rpartition("/")[0] == folder)


def decode(path: str, content: bytes) -> str:
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
    """The project path that `target`, written in `from_file`, means; None for one outside the
    project.

    `target` is relative to the folder of `from_file`, with `/` as separator. Absolute paths, drive
    letters and backslashes never resolve.
    """
    if target.startswith("/") or "\\" in target or ":" in target or "\0" in target:
        return None
    parts = from_file.split("/")[:-1]
    for part in target.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or None
