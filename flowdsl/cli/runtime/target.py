"""Resolves the paths of a command line to files, entries, a project and an environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.host.disk import PROJECT_FILE, DiskFiles, Overlay, find_root
from flowdsl.host.environment import API_KEY, ENVIRONMENT
from flowdsl.host.listing import Listed, expand_patterns
from flowdsl.source.files import (
    LIBRARY,
    SUFFIX,
    FileSystem,
    library_of,
    spell_flow_path,
    split_library,
)
from flowdsl.source.record import Record, replace
from flowdsl.workspace import environments
from flowdsl.workspace.project import read_project

from .console import CommandError, UsageError
from .exit_codes import SOURCE_ERRORS
from .places import (
    NAME_FLOWS,
    STANDARD_INPUT,
    Place,
    ShownFrom,
    means_standard_input,
    no_project,
    nothing_found,
    root_here,
    standard_input,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.compiler.pipeline import CompileOptions
    from flowdsl.diagnostics.findings import Findings
    from flowdsl.incremental.compiling import Compiled
    from flowdsl.incremental.index import Request
    from flowdsl.lint.rule import Rule

    from .console import Console


class CommandTarget(Record):
    """The files that a command works on, and its entries.

    - `root`: the absolute folder that every path is relative to: that of the project, or without
      one the folder of the named files.
    - `problems`: the findings of `flowdsl.toml`. If there are any, `project` is None and `entries`
      is empty.
    - `whole`: the entries are all flows of the project.
    - `rules`: those of the project's plugins.
    - `taken_in`: named files that the entries include.
    - `buffers`: the paths that standard input stands for: one, or several if flows include the file
      by several names.
    - `libraries`: the absolute folders of the project's libraries by name.
    """

    root: str
    files: FileSystem
    entries: tuple[str, ...]
    project: Project | None
    problems: tuple[Diagnostic, ...] = ()
    whole: bool = False
    rules: tuple[Rule, ...] = ()
    taken_in: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    libraries: Mapping[str, str] = MappingProxyType({})

    def options(self, environment: Environment | None) -> CompileOptions:
        """The options for checking and compiling the target for `environment`."""
        from flowdsl.compiler.pipeline import CompileOptions

        return CompileOptions(self.project, environment, self.whole, self.rules)

    def full_path(self, path: str) -> str:
        """The absolute path of a file of the target, from its path with `/`."""
        return os.path.join(self.root, *path.split("/"))

    @property
    def show_path(self) -> Callable[[str], str]:
        """The function that converts a path of the project to one from the working folder."""
        return ShownFrom(self.root, self.libraries)

    @property
    def from_root(self) -> Callable[[str], str]:
        """The function that converts a path of the project to one from the project's folder."""
        return ShownFrom(self.root, self.libraries, self.root)

    def show(self, diagnostics: Sequence[Diagnostic], file_count: int, console: Console) -> None:
        from flowdsl.diagnostics.render.text import render_text

        color = console.color_err
        console.err(render_text(diagnostics, file_count, color=color, show_path=self.show_path))

    def show_findings(self, findings: Findings, console: Console) -> None:
        """Print findings, and the remark on the folder of the imports."""
        self.show(findings.diagnostics, len(findings.paths), console)
        remark = root_remark(self, findings.diagnostics)
        if remark is not None:
            console.err(remark)

    def require_sound(self, console: Console) -> None:
        """Show errors of the project file, and raise `CommandError` if there are any."""
        if self.problems:
            self.show(self.problems, 1, console)
            message = f"`{PROJECT_FILE}` has errors; nothing was written"
            raise CommandError(message, SOURCE_ERRORS)

    def library_name_of(self, place: Place) -> str | None:
        """The name of the library that contains a place of the command line, if any."""
        folders = self.libraries.items()
        return next((name for name, folder in folders if _is_in(place.folder, folder)), None)

    def library_refusal(self, library: str, command: str) -> str:
        """The end of a sentence: why library files are not written, and what `command` does it."""
        folder = self.show_path(f"{LIBRARY}{library}//")
        return (
            f"what belongs to the library `{library}` is only read by this project, and changed "
            f"where it is kept, by `flowdsl -C {folder} {command}`"
        )


def root_remark(target: CommandTarget, diagnostics: Sequence[Diagnostic]) -> str | None:
    """A remark on the folder that imports must not leave.

    None unless an import leaves it and no `flowdsl.toml` defines the project.
    """
    if target.project is not None:
        return None
    from flowdsl.semantics.errors import IMPORT_OUTSIDE_PROJECT

    if all(found.spec is not IMPORT_OUTSIDE_PROJECT for found in diagnostics):
        return None
    folder = target.show_path(".")
    return (
        f"note: there is no `{PROJECT_FILE}`, so the project is the folder `{folder}` of what "
        f"was named; a `{PROJECT_FILE}` in a folder above lets flows import from there"
    )


def open_flows() -> CommandTarget:
    """All flows of the working folder's project; raises `UsageError` without one."""
    return _open_entries(_load_target(root_here()), None)


def open_target(paths: Sequence[str], stdin_filename: str | None = None) -> CommandTarget:
    """Resolve `paths` to a target: files, folders, globs, or `-` for standard input.

    Without paths, it is all flows of the project. A file that flows include stands for those flows.
    Raises `UsageError` if the paths match nothing, other files, or more than one project.
    """
    if means_standard_input(paths, stdin_filename):
        return _standard_input(stdin_filename)
    if not paths:
        return _open_entries(_load_target(root_here(NAME_FLOWS)), None)
    places = [Place(path) for path in paths]
    root = find_root(places[0].folder)
    reading = reader_of(places[0]) if root is None else None
    if reading is None:
        reading = _load_target(root or _common_folder(places))
    return _open_entries(reading, places)


def reader_of(place: Place) -> CommandTarget | None:
    """The working folder's project, without entries, if the place is in one of its libraries.

    None also for a place in a project of its own.
    """
    here = find_root(os.curdir)
    if here is None or find_root(place.folder) is not None:
        return None
    target = _load_target(here)
    return None if target.library_name_of(place) is None else target


def open_project(folder: str) -> CommandTarget:
    """The project around `folder`, with all its flows, which may be none.

    Without a project, it is the folder itself without entries; the folder need not exist.
    """
    root = find_root(folder) or os.path.realpath(folder)
    target = _load_target(root)
    if target.project is None:
        return target
    return replace(target, entries=tuple(flows_of_project(target)), whole=True)


def _standard_input(filename: str | None) -> CommandTarget:
    """Make the target of standard input in place of the file `filename`.

    Without a name, it stands for a file in the root folder.
    """
    folder = os.path.realpath(os.path.dirname(filename or "") or os.curdir)
    place = Place.of(folder, [os.path.basename(filename)]) if filename else None
    reading = None if place is None else reader_of(place)
    root = find_root(folder) or (folder if reading is None else reading.root)
    target = _load_target(root) if reading is None else reading
    path = STANDARD_INPUT if place is None else _project_path(place, target)
    if target.problems:
        return target
    entries: tuple[str, ...] = (path,)
    buffers = entries
    if filename and not path.endswith(SUFFIX):
        from .takers import find_takers, no_flow

        found = find_takers(root, target.files, flows_of_project(target), (path,)).get(path)
        if found is None:
            raise no_flow((filename,))
        entries, buffers = tuple(sorted(found.flows)), tuple(sorted(found.spellings))
    content = standard_input()
    files = Overlay(target.files, dict.fromkeys(buffers, content))
    taken_in = () if buffers == entries else buffers
    return replace(target, files=files, entries=entries, taken_in=taken_in, buffers=buffers)


def _common_folder(places: list[Place]) -> str:
    try:
        return os.path.commonpath([place.folder for place in places])
    except ValueError:  # on different drives of Windows
        raise UsageError("the paths have no folder in common; give each a run of its own") from None


def _is_in(folder: str, other: str) -> bool:
    return folder == other or folder.startswith(other.rstrip(os.sep) + os.sep)


def _project_path(place: Place, target: CommandTarget) -> str:
    """The path or pattern of a place, in the project or in the library that contains it."""
    library = target.library_name_of(place)
    if library is None:
        return place.below(target.root)
    return f"{LIBRARY}{library}//{place.below(target.libraries[library])}"


def _expand_patterns(patterns: Sequence[str], target: CommandTarget) -> Listed:
    by_home: dict[str, list[str]] = {}
    for pattern in patterns:
        home, inner = split_library(pattern)
        by_home.setdefault(home, []).append(inner)
    flows: list[str] = []
    named: list[str] = []
    matched: list[str] = []
    for home, inner_ones in by_home.items():
        folder = target.libraries[library_of(home) or ""] if home else target.root
        listed = expand_patterns(DiskFiles(folder), inner_ones)
        flows += (home + path for path in listed.flows)
        named += (home + path for path in listed.named)
        matched += (home + path for path in listed.matched)
    return Listed(sorted(flows), sorted(named), sorted(matched))


def _open_entries(target: CommandTarget, places: Sequence[Place] | None) -> CommandTarget:
    """Add entries to a target: the files that `places` match, or all flows of the project."""
    root = target.root
    if target.problems:
        return target
    taken_in: list[str] = []
    patterns = None if places is None else [_project_path(place, target) for place in places]
    if patterns is None:
        entries = flows_of_project(target)
    else:
        meant = _expand_patterns(patterns, target)
        entries = meant.flows
        others = [*meant.named, *meant.matched]
        if others:
            from .takers import find_takers, no_flow

            known = find_takers(root, target.files, [*flows_of_project(target), *entries], others)
            taken_in = sorted(known)
            strangers = [path for path in meant.named if path not in known]
            if strangers:
                raise no_flow([target.show_path(path) for path in strangers])
            entries = sorted({*entries, *(flow for each in known.values() for flow in each.flows)})
    if not entries:
        shown = _flow_patterns(target) if patterns is None else map(spell_flow_path, patterns)
        raise nothing_found(list(shown), root)
    return replace(target, entries=tuple(entries), whole=patterns is None, taken_in=tuple(taken_in))


def _flow_patterns(target: CommandTarget) -> list[str]:
    return [] if target.project is None else list(target.project.flows)


def flows_of_project(target: CommandTarget) -> list[str]:
    """Expand the flows of the project file; none without a project."""
    meant = expand_patterns(DiskFiles(target.root), _flow_patterns(target))
    if meant.named:
        from .takers import no_flow

        raise no_flow(
            meant.named, f"`{SUFFIX}` files, folders or globs in `flows` of `{PROJECT_FILE}`"
        )
    return meant.flows


def _load_target(root: str) -> CommandTarget:
    """The target at `root` without entries."""
    read = read_project(root)
    libraries = MappingProxyType(read.files.folders)
    return CommandTarget(
        root, read.files, (), read.project, read.problems, rules=read.rules, libraries=libraries
    )


INDEX_FROM = 50
"""The number of flows from which a project gets an index; fewer are checked in less time than the
index takes to read."""


def has_index(target: CommandTarget) -> bool:
    """Whether a target is a project that is large enough for an index."""
    return target.whole and len(target.entries) >= INDEX_FROM


def make_request(
    target: CommandTarget, environment: Environment | None, jobs: int | None = None
) -> Request:
    """Return the request to look at all flows of a project, up to `jobs` processes sharing them."""
    from time import time_ns

    from flowdsl.host.disk import PROJECT_FILE
    from flowdsl.host.environment import in_ci
    from flowdsl.host.machine_secret import machine_secret
    from flowdsl.incremental.index import Request

    # A CI build starts from a fresh checkout, so it has no index to reuse.
    secret = None if in_ci(os.environ) else machine_secret(target.root, os.environ)
    return Request(
        target.root,
        target.files,
        target.entries,
        target.files.read_text(PROJECT_FILE),
        lambda: target.options(environment),
        time_ns(),
        secret,
        jobs,
    )


def compile_target(
    target: CommandTarget, environment: Environment | None, *, by_content: bool
) -> Compiled:
    """Compile a target for an environment, a large project with its index.

    With `by_content` the index counts for files whose bytes are the same, and not for those of the
    same size and time. Rules of plugins are code that no index depends on, so there is none.
    """
    if has_index(target) and not target.rules:
        from flowdsl.incremental.compiling import compile_with_index

        return compile_with_index(
            make_request(target, environment), settings_of(environment), by_content=by_content
        )
    from flowdsl.compiler.pipeline import compile_project
    from flowdsl.incremental.compiling import compiled_at_once
    from flowdsl.source.files import NotedFiles

    read: set[str] = set()
    files = NotedFiles(target.files, read)
    compilation = compile_project(files, target.entries, target.options(environment))
    return compiled_at_once(compilation, read)


def settings_of(environment: Environment | None) -> dict[str, str]:
    """Return what an index depends on of an environment: its name, and its variables."""
    if environment is None:
        return {}
    settings = {f"vars.{name}": value for name, value in environment.vars.items()}
    return {**settings, "environment": environment.name}


def choose_environment(project: Project | None, option: str | None) -> Environment | None:
    """The environment named by `--env`, else by `FLOWDSL_ENV`, else the only one.

    None if none of them decides; without a project, `FLOWDSL_ENV` is ignored. Raises
    `NoSuchEnvironment` for a name that the project does not have.
    """
    if project is None:
        if option:
            raise no_project("leave out `--env`")
        return None
    return environments.find_environment(project, option, os.environ)


def any_environment(project: Project | None, option: str | None) -> Environment | None:
    """The environment whose values are used when nothing is sent: the named one, else any of them.

    None for a project without environments.
    """
    environment = choose_environment(project, option)
    if environment is not None or project is None:
        return environment
    return next(iter(project.environments.values()), None)


def require_environment(project: Project | None, option: str | None) -> Environment:
    """The environment of a command that needs one; raises `NoSuchEnvironment`."""
    if project is None and option:
        raise no_project("leave out `--env`")
    return environments.require_environment(project, option, os.environ, "`--env`")


def environment_without_project(option: str | None) -> Environment:
    """The environment of a read-only command outside of any project.

    It is the official service, with the key in `CYBERDESK_API_KEY`. Raises `UsageError` if an
    environment is named, since only a project can declare one, or if the variable is not set.
    """
    looks = f"to look at the organisation of `{API_KEY}`"
    if option:
        raise no_project(f"leave out `--env` {looks}")
    if os.environ.get(ENVIRONMENT):
        raise no_project(f"unset `{ENVIRONMENT}` {looks}")
    if not os.environ.get(API_KEY):
        raise no_project(f"set `{API_KEY}` to look at its organisation")
    return environments.official_environment()
