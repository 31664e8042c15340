"""The check and the compilation of groups, in this process or in several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

from flowdsl.compiler.collector import collector_paused
from flowdsl.compiler.pipeline import Analysis, CompileOptions, analyze, compile_analysis
from flowdsl.host import signals
from flowdsl.source.files import FileSystem, UnreadableFile, decode_text
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast

from .index import Group, Made, Request, digest_of_file, to_json

POOL_FROM = 250
"""Files from which on it pays to start several processes."""

SHARE = 100
"""Files that a process looks at before it hands over what it found, so that nothing piles up."""


class Recording:
    """A `FileSystem` that records in `read` which files were read, and in `digests` what was.

    `failed` is true when one could not be. The findings may then change although no file does, as
    when a permission is given.
    """

    def __init__(self, below: FileSystem) -> None:
        self._below = below
        self.read: set[str] = set()
        self.digests: dict[str, str] = {}
        self.failed = False

    def read_bytes(self, path: str) -> bytes:
        self.read.add(path)
        try:
            content = self._below.read_bytes(path)
        except UnreadableFile:
            self.failed = True
            raise
        digest = digest_of_file(content)
        # A file that is read twice and changed in between has no digest.
        self.digests[path] = digest if self.digests.get(path, digest) == digest else ""
        return content

    def read_text(self, path: str) -> str:
        try:
            return decode_text(path, self.read_bytes(path))
        except UnreadableFile:
            self.failed = True
            raise

    def siblings(self, path: str) -> list[str]:
        return self._below.siblings(path)


class Done(Record):
    """A group that was looked at anew, and whether the index may store it.

    `digests` are those of the files that were read, and `packed` has the bytes of the artifacts by
    their digests.
    """

    group: Group
    keep: bool
    digests: Mapping[str, str]
    packed: Mapping[str, bytes] = {}


def check_group(files: FileSystem, entries: Sequence[str], options: CompileOptions) -> Done:
    """Check one group."""
    recording = Recording(files)
    analysis = analyze(recording, entries, options)
    return Done(
        _group_of(entries, recording, analysis, options), not recording.failed, recording.digests
    )


def compile_group(files: FileSystem, entries: Sequence[str], options: CompileOptions) -> Done:
    """Check one group, and compile it when no error stops it."""
    recording = Recording(files)
    analysis = analyze(recording, entries, options)
    group = _group_of(entries, recording, analysis, options)
    if group.failed:
        return Done(group, not recording.failed, recording.digests)
    from .artifacts import describe_artifact, pack_artifact
    from .store import digest_of_packed

    with collector_paused():
        compilation = compile_analysis(analysis, options)
    late = compilation.analysis.diagnostics[len(analysis.diagnostics) :]
    packed: dict[str, bytes] = {}
    made: list[Made] = []
    bundle = compilation.bundle
    for artifact in () if bundle is None else bundle.artifacts:
        content = pack_artifact(artifact)
        digest = digest_of_packed(content)
        packed[digest] = content
        made.append(describe_artifact(artifact, digest))
    group = replace(
        group,
        late=[to_json(found) for found in late],
        made=tuple(made),
        pictures=tuple(sorted(analysis.model.images)),
    )
    return Done(group, not recording.failed, recording.digests, packed)


def _group_of(
    entries: Sequence[str], recording: Recording, analysis: Analysis, options: CompileOptions
) -> Group:
    names = tuple(
        declaration.name.text
        for module in analysis.model.modules
        for declaration in module.declarations
        if isinstance(declaration, ast.WorkflowDecl | ast.ChainDecl)
    )
    findings = [to_json(found) for found in analysis.diagnostics]
    failed = any(map(options.stops, analysis.diagnostics))
    flows = {module.source.path for module in analysis.model.modules}
    reads = (*sorted(flows), *sorted(recording.read - flows))
    return Group(tuple(entries), reads, len(flows), names, findings, failed)


def do_groups(
    files: FileSystem,
    groups: Sequence[Sequence[str]],
    options: CompileOptions,
    *,
    compiles: bool,
) -> list[Done]:
    """Check the groups, in their order, or compile them.

    Once one cannot be compiled, those after it are only checked: nothing is made of any of them.
    """
    done: list[Done] = []
    for group in groups:
        each = (compile_group if compiles else check_group)(files, group, options)
        done.append(each)
        compiles = compiles and not each.group.failed
    return done


def share_groups(
    request: Request, groups: Sequence[Sequence[str]], *, compiles: bool
) -> list[Done]:
    """Return the result of `do_groups`.

    Several processes share the groups when they have `POOL_FROM` files or more.
    """
    from os import cpu_count, environ

    options = request.options()
    count = sum(map(len, groups))
    workers = min(request.jobs or min(cpu_count() or 1, 8), len(groups))
    if count < POOL_FROM or workers < 2:
        return do_groups(request.files, groups, options, compiles=compiles)
    from concurrent.futures import ProcessPoolExecutor

    # Where processes are not forked, Python would import from the working folder as they start.
    environ["PYTHONSAFEPATH"] = "1"
    shares = _divide_into_shares(groups, max(workers, count // SHARE))
    name = None if options.environment is None else options.environment.name
    with ProcessPoolExecutor(workers) as pool, signals.BeforeEnding(end_processes):
        work = partial(_do_share, request.root, request.project_text, name, compiles)
        results = [done for share in pool.map(work, shares) for done in share]
    by_entries = {done.group.entries: done for done in results}
    return [by_entries[tuple(group)] for group in groups]


def end_processes(_number: int) -> None:
    """Kill the worker processes, for an ending by a signal.

    Each waits for work on a pipe that the others hold open, and would wait for ever.
    """
    from multiprocessing import active_children

    for process in active_children():
        process.kill()


def _divide_into_shares(groups: Sequence[Sequence[str]], count: int) -> list[list[Sequence[str]]]:
    """`groups` in `count` shares of about the same number of files, the largest dealt out first."""
    shares: list[list[Sequence[str]]] = [[] for _ in range(count)]
    sizes = [0] * count
    for group in sorted(groups, key=len, reverse=True):
        least = sizes.index(min(sizes))
        shares[least].append(group)
        sizes[least] += len(group)
    return shares


def _do_share(
    root: str,
    project_text: str,
    environment: str | None,
    compiles: bool,
    groups: Sequence[Sequence[str]],
) -> list[Done]:
    """A part of the work of a process."""
    files, options = _open_project(root, project_text, environment)
    return do_groups(files, groups, options, compiles=compiles)


@cache
def _open_project(
    root: str, project_text: str, environment: str | None
) -> tuple[FileSystem, CompileOptions]:
    """The files and options of a project, which each process makes for itself.

    They cannot be sent to it. A process works for one project, which does not change.
    """
    from flowdsl.config.load import load_project
    from flowdsl.diagnostics.sink import Sink
    from flowdsl.host.disk import PROJECT_FILE, DiskFiles
    from flowdsl.host.libraries import open_libraries
    from flowdsl.host.plugins import load_plugins

    project = load_project(project_text, PROJECT_FILE, Sink())
    assert project is not None, "a project file with mistakes has no groups"
    files = DiskFiles(
        root, open_libraries(root, project.libraries)[0] if project.libraries else None
    )
    rules = load_plugins(project.lint.plugins, root)[0] if project.lint.plugins else ()
    chosen = None if environment is None else project.environments[environment]
    return files, CompileOptions(project, chosen, rules=rules)
