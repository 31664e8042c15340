"""Reads a project from its folder: the project file, the files and the rules of its plugins."""

from __future__ import annotations

from flowdsl.config.errors import UNREADABLE_PROJECT_FILE, UNUSABLE_LIBRARY
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE, DiskFiles
from flowdsl.source.files import UnreadableFile
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.config.project import Project
    from flowdsl.lint.rule import Rule


class ProjectRead(Record):
    """A project as read from its folder.

    - `root`: the absolute folder that every path is relative to.
    - `files`: the files below it, and in the libraries of the project.
    - `problems`: the findings of `flowdsl.toml`. If there are any, or no such file, `project` is
      None.
    - `rules`: those of the project's plugins.
    """

    root: str
    files: DiskFiles
    project: Project | None
    problems: tuple[Diagnostic, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_project(root: str) -> ProjectRead:
    """Read the project of the folder `root`; never raises because of its content."""
    files = DiskFiles(root)
    try:
        text = files.read_text(PROJECT_FILE)
    except UnreadableFile as error:
        if error.missing:
            return ProjectRead(root, files, None)
        sink = Sink()
        span = Span(SourceFile(PROJECT_FILE, ""), 0, 0)
        sink.report(UNREADABLE_PROJECT_FILE, span, reason=error.reason)
        return ProjectRead(root, files, None, sink.findings_in_order())
    # Imported only if there is a project file, since it loads `tomllib`.
    from flowdsl.config.load import load_project

    sink = Sink()
    project = load_project(text, PROJECT_FILE, sink)
    rules: tuple[Rule, ...] = ()
    if project is not None:
        rules = _load_plugin_rules(project, root, sink)
        if project.libraries:
            files = _open_project_libraries(files, project, sink)
    return ProjectRead(root, files, project, sink.findings_in_order(), rules)


def _open_project_libraries(files: DiskFiles, project: Project, sink: Sink) -> DiskFiles:
    """Return the files of a project with those of its libraries.

    A folder that cannot be a library is reported at its declaration.
    """
    from flowdsl.host.libraries import open_libraries

    libraries, problems = open_libraries(files.root, project.libraries)
    for declared, reason in problems:
        sink.report(UNUSABLE_LIBRARY, declared.place(), name=declared.name, reason=reason)
    return DiskFiles(files.root, libraries)


def _load_plugin_rules(project: Project, root: str, sink: Sink) -> tuple[Rule, ...]:
    """Return the rules of the packages that the project names as plugins.

    A name without rules is reported at its place.
    """
    names = project.lint.plugins
    if not names:
        return ()
    from flowdsl.host.plugins import load_plugins
    from flowdsl.lint.errors import UNUSABLE_PLUGIN

    rules, problems = load_plugins(names, root)
    for name, reason in problems:
        place = project.lint.place("plugins", names.index(name))
        sink.report(UNUSABLE_PLUGIN, place, name=name, reason=reason)
    return rules
