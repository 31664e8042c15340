"""Paths on a command line: what they refer to, and how they are displayed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.disk import PROJECT_FILE, SIZE_LIMIT, find_root
from flowdsl.source.files import library_of, spell_flow_path, split_library
from flowdsl.source.globs import is_pattern

from .console import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario

STANDARD_INPUT = "<stdin>"

NAME_FLOWS = "name the flows to work on"
"""What a command that takes paths suggests outside of a project."""


class Place:
    """A path of the command line: its starting folder, with links resolved, and the rest.

    Raises `UsageError` for a path that does not exist and is not a glob.
    """

    def __init__(self, written: str) -> None:
        self.written = written
        if not written or "\0" in written:
            raise UsageError("an empty path names nothing")
        path = os.path.abspath(written)
        if os.path.isdir(path):
            self.folder, self._rest = os.path.realpath(path), []
        elif os.path.lexists(path):
            folder, name = os.path.split(path)
            self.folder, self._rest = os.path.realpath(folder), [name]
        elif is_pattern(written):
            parts = path.split(os.sep)
            literal = next(i for i, part in enumerate(parts) if is_pattern(part))
            self.folder = os.path.realpath(os.sep.join(parts[:literal]) or os.sep)
            self._rest = parts[literal:]
        else:
            raise UsageError(f"`{written}` does not exist")

    @classmethod
    def of(cls, folder: str, rest: Sequence[str]) -> Place:
        """The place `rest` in a folder with links resolved, whether it exists or not."""
        place = cls.__new__(cls)
        place.written = os.path.join(folder, *rest)
        place.folder, place._rest = folder, list(rest)
        return place

    def below(self, root: str) -> str:
        """The path relative to `root`, with `/`; raises `UsageError` for one outside."""
        relative = os.path.relpath(self.folder, root)
        parts = [] if relative == os.curdir else relative.split(os.sep)
        if parts[:1] == [os.pardir]:
            raise UsageError(f"`{self.written}` is outside `{root}`, the project of the first path")
        return "/".join([*parts, *self._rest])


class ShownFrom:
    """Converts a path below `root`, or of a library, to one relative to the folder `here`.

    The default of `here` is the working folder. `libraries` are absolute folders by name.
    """

    def __init__(
        self, root: str, libraries: Mapping[str, str] | None = None, here: str = os.curdir
    ) -> None:
        self._root = root
        self._libraries = libraries or {}
        self._here = os.path.realpath(here)

    def __call__(self, path: str) -> str:
        if path.startswith("<"):
            return path
        folder = self._root
        library = library_of(path)
        if library is not None:
            if library not in self._libraries:
                return spell_flow_path(path)
            folder, path = self._libraries[library], split_library(path)[1]
        full = os.path.join(folder, *path.split("/"))
        try:
            return os.path.relpath(full, self._here).replace(os.sep, "/")
        except ValueError:  # on another drive of Windows
            return full


def means_standard_input(paths: Sequence[str], stdin_filename: str | None) -> bool:
    """Whether the only path is `-`.

    Raises `UsageError` if `-` is mixed with others.
    """
    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("`-` reads standard input and cannot be combined with paths")
        return True
    if stdin_filename is not None:
        raise UsageError("`--stdin-filename` goes with `-`")
    return False


def standard_input(limit: int = SIZE_LIMIT) -> bytes:
    """Read standard input, up to `limit` plus one byte.

    Raises `UsageError` if it cannot be read.
    """
    try:
        return sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or "it fails").lower()
        raise UsageError(f"standard input cannot be read: {reason}") from None


def root_here(otherwise: str = "") -> str:
    """The root of the project around the working folder; raises `UsageError` without one.

    `otherwise` tells in the message what the command can do without a project.
    """
    root = find_root(os.curdir)
    if root is None:
        raise no_project(otherwise)
    return root


def no_project(otherwise: str = "") -> UsageError:
    """The failure for a working folder that is not in a project."""
    instead = f", or {otherwise}" if otherwise else ""
    return UsageError(
        f"there is no `{PROJECT_FILE}` in this folder or above; `flowdsl init` makes one{instead}"
    )


def nothing_found(patterns: Sequence[str], root: str) -> UsageError:
    """The failure for `patterns` that match no file below `root`."""
    shown = ", ".join(f"`{pattern or '.'}`" for pattern in patterns)
    return UsageError(f"no flow is found by {shown} in `{root}`")


def read_scenario(path: str) -> Scenario:
    """Read a scenario file; raises `UsageError` with the place and the valid values."""
    from pathlib import Path

    from flowdsl.emulator.scenario import ScenarioError, load_scenario

    try:
        return load_scenario(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read scenario `{path}`: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"scenario `{path}` is not UTF-8 text") from None
    except ScenarioError as error:
        raise UsageError(f"scenario `{path}`: {error}") from None


def read_named(path: str, limit: int) -> bytes:
    """Read the file that a command line names, up to `limit` plus one byte.

    Raises `UsageError` if it cannot be read.
    """
    from pathlib import Path

    try:
        with Path(path).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a path").lower()
        raise UsageError(f"`{make_printable(path)}` cannot be read: {reason}") from None
