"""What a command works on: from the paths of a command line to files, entries and a project."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from flowdsl.config.errors import UNREADABLE_PROJECT_FILE
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE, SIZE_LIMIT, DiskFiles, Overlay, find_root
from flowdsl.host.listing import expand
from flowdsl.semantics.errors import IMPORT_OUTSIDE_PROJECT
from flowdsl.source.files import FileSystem, UnreadableFile
from flowdsl.source.globs import is_pattern
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

from .failure import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.compiler.pipeline import CompileOptions
    from flowdsl.config.project import Environment, Project
    from flowdsl.lint.rule import Rule

STANDARD_INPUT = "<stdin>"


class Target(Record):
    """Files and where to begin.

    `root` is the absolute folder that every path is relative to: the project's, or without one the folder of the named
    files. `problems` are the findings of `flowdsl.toml`; when there are any, `project` is None and `entries` is empty. `whole` says
    that the entries are all flows of the project; `rules` are those of its plugins.
    """

    root: str
    files: FileSystem
    entries: tuple[str, ...]
    project: Project | None
    problems: tuple[Diagnostic, ...] = ()
    whole: bool = False
    rules: tuple[Rule, ...] = ()

    def options(self, environment: Environment | None) -> CompileOptions:
        """How to check and compile the target for `environment`."""
        from flowdsl.compiler.pipeline import CompileOptions

        return CompileOptions(self.project, environment, self.whole, self.rules)

    @property
    def show_path(self) -> Callable[[str], str]:
        """Turns a project path into one that works from the working folder."""
        return _Shown(self.root)


def root_remark(target: Target, diagnostics: Sequence[Diagnostic]) -> str | None:
    """Which folder imports may not leave, when one does and no `flowdsl.toml` says what the project is."""
    if target.project is not None or not any(
        found.spec is IMPORT_OUTSIDE_PROJECT for found in diagnostics
    ):
        return None
    folder = target.show_path(".")
    return (
        f"note: there is no `{PROJECT_FILE}`, so the project is the folder `{folder}` of what was named; "
        f"a `{PROJECT_FILE}` in a folder above lets flows import from there"
    )


class _Shown:
    def __init__(self, root: str) -> None:
        self._root = root
        self._here = os.path.realpath(os.curdir)

    def __call__(self, path: str) -> str:
        if path.startswith("<"):
            return path
        full = os.path.join(self._root, *path.split("/"))
        try:
            return os.path.relpath(full, self._here).replace(os.sep, "/")
        except ValueError:  # another drive on Windows
            return full


def open_target(paths: Sequence[str], stdin_filename: str | None = None) -> Target:
    """What `paths` mean: files, folders, globs, or `-` for standard input; without any, the project's flows.

    Raises `UsageError` when they mean nothing, or more than one project.
    """
    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("`-` reads standard input and cannot be combined with paths")
        return _standard_input(stdin_filename)
    if stdin_filename is not None:
        raise UsageError("`--stdin-filename` goes with `-`")
    if not paths:
        root = find_root(os.curdir)
        if root is None:
            raise UsageError(
                f"there is no `{PROJECT_FILE}` in this folder or above; name the flows to work on"
            )
        return _open(root, None)
    places = [_Place(path) for path in paths]
    root = find_root(places[0].folder) or _common_folder(places)
    return _open(root, [place.below(root) for place in places])


class _Place:
    """A path of the command line: the folder it starts in, without symbolic links, and the rest."""

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

    def below(self, root: str) -> str:
        """The path relative to `root`, POSIX."""
        relative = os.path.relpath(self.folder, root)
        parts = [] if relative == os.curdir else relative.split(os.sep)
        if parts[:1] == [os.pardir]:
            raise UsageError(f"`{self.written}` is outside `{root}`, the project of the first path")
        return "/".join([*parts, *self._rest])


def _standard_input(filename: str | None) -> Target:
    """Standard input in the place of the file `filename`; without one, of a file in the root's own folder."""
    folder = os.path.realpath(os.path.dirname(filename or "") or os.curdir)
    root = find_root(folder) or folder
    path = STANDARD_INPUT
    if filename:
        relative = os.path.relpath(folder, root).replace(os.sep, "/")
        path = f"{relative}/{os.path.basename(filename)}".removeprefix("./")
    target = _load(root)
    if target.problems:
        return target
    content = sys.stdin.buffer.read(SIZE_LIMIT + 1)
    files = Overlay(target.files, {path: content})
    return Target(root, files, (path,), target.project, rules=target.rules)


def _common_folder(places: list[_Place]) -> str:
    try:
        return os.path.commonpath([place.folder for place in places])
    except ValueError:  # two drives on Windows
        raise UsageError("the paths have no folder in common; give each a run of its own") from None


def _open(root: str, patterns: list[str] | None) -> Target:
    """The target at `root`: the files that `patterns` mean, or the project's flows."""
    target = _load(root)
    if target.problems:
        return target
    whole = patterns is None
    if patterns is None and target.project is not None:
        patterns = list(target.project.flows)
    entries = expand(DiskFiles(root), patterns or [])
    if not entries:
        shown = ", ".join(f"`{pattern or '.'}`" for pattern in patterns or [])
        raise UsageError(f"no flow is found by {shown} in `{root}`")
    return Target(
        root, target.files, tuple(entries), target.project, whole=whole, rules=target.rules
    )


def _load(root: str) -> Target:
    """The target at `root` without entries."""
    files = DiskFiles(root)
    try:
        text = files.read_text(PROJECT_FILE)
    except UnreadableFile as error:
        if error.missing:
            return Target(root, files, (), None)
        sink = Sink()
        span = Span(SourceFile(PROJECT_FILE, ""), 0, 0)
        sink.report(UNREADABLE_PROJECT_FILE, span, reason=error.reason)
        return Target(root, files, (), None, sink.sorted())
    from flowdsl.config.load import (
        load_project,  # tomllib is loaded only where there is a file for it
    )

    sink = Sink()
    project = load_project(text, PROJECT_FILE, sink)
    rules = () if project is None else _plugins(project, sink)
    return Target(root, files, (), project, sink.sorted(), rules=rules)


def _plugins(project: Project, sink: Sink) -> tuple[Rule, ...]:
    """The rules of the packages that the project names; a name without rules is reported where it stands."""
    names = project.lint.plugins
    if not names:
        return ()
    from flowdsl.host.plugins import load_plugins
    from flowdsl.lint.errors import UNUSABLE_PLUGIN

    rules, problems = load_plugins(names)
    for name, reason in problems:
        place = project.lint.place("plugins", names.index(name))
        sink.report(UNUSABLE_PLUGIN, place, name=name, reason=reason)
    return rules
