"""The projects that an editor has open: their folders, settings, buffers and findings."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.load import load_project
from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.baseline import Baseline, InvalidBaseline, parse_baseline
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE, DiskFiles, Overlay, find_root
from flowdsl.host.listing import expand_patterns
from flowdsl.ide.session import Session
from flowdsl.source.files import SUFFIX, UnreadableFile, library_of, split_library
from flowdsl.workspace.environments import NoSuchEnvironment, find_environment
from flowdsl.workspace.project import read_project


class OpenProject:
    """One project: `session` holds its analyses, `shown` what was published of each file last.

    `root` is the folder of `flowdsl.toml`; for a file without one, its own folder. `generation`
    counts changes of files and settings.
    """

    def __init__(self, root: str, buffers: dict[str, str]) -> None:
        self.root = root
        self._buffers = buffers
        self.shown: dict[str, tuple[Diagnostic, ...]] = {}
        self.generation = 0
        self._contents: dict[str, bytes] = {}
        self.libraries: dict[str, str] = {}
        self.problems: tuple[Diagnostic, ...] = ()
        self.baseline: Baseline | None = None
        self.project: Project | None = None
        self.session = Session(DiskFiles(root), CompileOptions())
        self.reload()

    def reload(self) -> None:
        """Read `flowdsl.toml`, the plugins, the libraries and the baseline anew."""
        self.generation += 1
        read = read_project(self.root)
        self.problems, self.project = read.problems, read.project
        self.libraries = dict(read.files.folders)
        self._contents.clear()
        for full, text in self._buffers.items():
            path = self.path_of(full)
            if path is not None:
                self._contents[path] = text.encode("utf-8", "surrogatepass")
        options = CompileOptions(read.project, self._environment(), rules=read.rules)
        self.session.configure(Overlay(read.files, self._contents), options)
        self.baseline = self._read_baseline(read.files)
        self.list_flows()

    def _environment(self) -> Environment | None:
        if self.project is None:
            return None
        try:
            return find_environment(self.project, None, os.environ)
        except NoSuchEnvironment:
            return None

    def _read_baseline(self, files: DiskFiles) -> Baseline | None:
        path = None if self.project is None else self.project.lint.baseline
        if path is None:
            return None
        try:
            return parse_baseline(files.read_text(path))
        except (InvalidBaseline, UnreadableFile):
            return None

    def list_flows(self) -> None:
        """Look for the flows of the project on the disk."""
        flows: list[str] = []
        if self.project is not None:
            files = DiskFiles(self.root)
            flows = expand_patterns(files, list(self.project.flows)).flows
        self.session.set_entries(flows)

    # Paths

    def path_of(self, full: str) -> str | None:
        """Return the path of a file in the project or in one of its libraries; None for others."""
        for name, folder in self.libraries.items():
            if full.startswith(os.path.join(folder, "")):
                return f"@{name}//" + os.path.relpath(full, folder).replace(os.sep, "/")
        if not full.startswith(os.path.join(self.root, "")):
            return None
        return os.path.relpath(full, self.root).replace(os.sep, "/")

    def full_path(self, path: str) -> str:
        """Return the absolute path of a file of the project or of a library."""
        home, inner = split_library(path)
        folder = self.libraries.get(library_of(path) or "", self.root) if home else self.root
        return os.path.join(folder, *inner.split("/"))

    # Buffers

    def set_buffer(self, path: str, text: str | None) -> None:
        """Take what an editor holds of a file instead of the file; None for the file again."""
        if text is None:
            self._contents.pop(path, None)
        else:
            self._contents[path] = text.encode("utf-8", "surrogatepass")
        self.note_change(path)

    def note_change(self, path: str) -> None:
        """Drop what was computed from a file, also by a check that is under way."""
        self.generation += 1
        self.session.change(path)

    def check_project_file(self) -> tuple[Diagnostic, ...]:
        """Return the findings of `flowdsl.toml` as an editor holds it, or as it was read."""
        content = self._contents.get(PROJECT_FILE)
        if content is None:
            return self.problems
        sink = Sink()
        load_project(content.decode("utf-8", "replace"), PROJECT_FILE, sink)
        return sink.findings_in_order()

    def stale_flows(self, path: str) -> Iterator[str]:
        """Yield a flow of each group whose findings a change of a file affects."""
        if path.endswith(SUFFIX):
            yield path
            return
        seen: set[str] = set()
        for taker in self.session.takers_of(path):
            if taker not in seen:
                seen.update(self.session.group_of(taker))
                yield taker


class Projects:
    """All open projects by their folders, and the texts of all open files by their full paths."""

    def __init__(self) -> None:
        self.buffers: dict[str, str] = {}
        self._by_root: dict[str, OpenProject] = {}

    def __iter__(self) -> Iterator[OpenProject]:
        return iter(list(self._by_root.values()))

    def project_of(self, full: str) -> tuple[OpenProject, str]:
        """Return the project of a file, opened if need be, and the path of the file in it."""
        folder = os.path.dirname(full)
        root = find_root(folder) if os.path.isdir(folder) else None
        project = self.open(root or folder)
        path = project.path_of(os.path.join(os.path.realpath(folder), os.path.basename(full)))
        return project, path or os.path.basename(full)

    def open(self, root: str) -> OpenProject:
        """Return the project of a folder, opened if need be."""
        if root not in self._by_root:
            self._by_root[root] = OpenProject(os.path.realpath(root), self.buffers)
        return self._by_root[root]

    def find_in(self, folder: str) -> Iterator[OpenProject]:
        """Yield the projects at, above and directly below the folder of a workspace."""
        root = find_root(folder)
        if root is not None:
            yield self.open(root)
            return
        try:
            with os.scandir(folder) as entries:
                below = sorted(each.path for each in entries if each.is_dir(follow_symlinks=False))
        except OSError:
            return
        for each in below:
            if os.path.isfile(os.path.join(each, PROJECT_FILE)):
                yield self.open(os.path.realpath(each))
