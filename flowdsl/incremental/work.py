"""The check of groups, in this process or in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.host import signals
from flowdsl.source.files import FileSystem, UnreadableFile, decode_text
from flowdsl.syntax import ast

from .index import Group, to_json

POOL_FROM = 250
"""Files from which on it pays to start several processes."""


class Recording:
    """A `FileSystem` that records in `read` which files were read.

    `failed` is true when one could not be. The findings may then change although no file does, as
    when a permission is given.
    """

    def __init__(self, below: FileSystem) -> None:
        self._below = below
        self.read: set[str] = set()
        self.failed = False

    def read_bytes(self, path: str) -> bytes:
        self.read.add(path)
        try:
            return self._below.read_bytes(path)
        except UnreadableFile:
            self.failed = True
            raise

    def read_text(self, path: str) -> str:
        try:
            return decode_text(path, self.read_bytes(path))
        except UnreadableFile:
            self.failed = True
            raise

    def siblings(self, path: str) -> list[str]:
        return self._below.siblings(path)


def check_group(
    files: FileSystem, entries: Sequence[str], options: CompileOptions
) -> tuple[Group, bool]:
    """Check one group; returns its findings, and whether the index may store them."""
    recording = Recording(files)
    analysis = analyze(recording, entries, options)
    names = tuple(
        declaration.name.text
        for module in analysis.model.modules
        for declaration in module.declarations
        if isinstance(declaration, ast.WorkflowDecl | ast.ChainDecl)
    )
    findings = [to_json(found) for found in analysis.diagnostics]
    group = Group(tuple(entries), tuple(sorted(recording.read)), names, findings)
    return group, not recording.failed


def check_groups(
    root: str,
    groups: Sequence[Sequence[str]],
    files: FileSystem,
    options: CompileOptions,
    jobs: int | None,
) -> list[tuple[Group, bool]]:
    """Return the result of `check_group` for each group, in the order of `groups`.

    Up to `jobs` processes share the groups when they have `POOL_FROM` files or more.
    """
    from os import cpu_count, environ

    count = sum(map(len, groups))
    workers = min(jobs or min(cpu_count() or 1, 8), len(groups))
    if count < POOL_FROM or workers < 2:
        return [check_group(files, group, options) for group in groups]
    from concurrent.futures import ProcessPoolExecutor

    # Where processes are not forked, Python would import from the working folder as they start.
    environ["PYTHONSAFEPATH"] = "1"
    shares = _divide_into_shares(groups, workers)
    with ProcessPoolExecutor(workers) as pool, signals.BeforeEnding(end_processes):
        results = list(pool.map(_check_share, [root] * workers, shares))
    by_entries: dict[tuple[str, ...], tuple[Group, bool]] = {}
    for share in results:
        for entries, reads, names, findings, keep in share:
            by_entries[entries] = Group(entries, reads, names, findings), keep
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


def _check_share(root: str, groups: Sequence[Sequence[str]]) -> list[tuple[Any, ...]]:
    """The work of one process: fields of each group, and whether the index may keep it.

    A `Project` cannot be sent to a process, so each reads the project file itself.
    """
    from flowdsl.config.load import load_project
    from flowdsl.diagnostics.sink import Sink
    from flowdsl.host.disk import PROJECT_FILE, DiskFiles
    from flowdsl.host.libraries import open_libraries
    from flowdsl.host.plugins import load_plugins

    files = DiskFiles(root)
    project = load_project(files.read_text(PROJECT_FILE), PROJECT_FILE, Sink())
    if project is not None and project.libraries:
        files = DiskFiles(root, open_libraries(root, project.libraries)[0])
    rules = (
        load_plugins(project.lint.plugins, root)[0]
        if project is not None and project.lint.plugins
        else ()
    )
    options = CompileOptions(project, rules=rules)
    results = []
    for entries in groups:
        group, keep = check_group(files, entries, options)
        results.append((group.entries, group.reads, group.names, group.findings, keep))
    return results
