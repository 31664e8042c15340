"""Entry files and everything they import, each parsed once."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import closest
from flowdsl.source.files import SUFFIX, FileSystem, UnreadableFile, resolve_path
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module

from . import errors


class Sources(Record):
    """The modules of a program in path order. `targets` has the module of each import that could be loaded."""

    modules: tuple[ast.Module, ...]
    targets: dict[ast.Import, ast.Module]


def load(files: FileSystem, entries: Sequence[str], sink: Sink) -> Sources:
    """Read and parse `entries` (project paths) and what they import, directly or not.

    Files that cannot be read are reported at the import that names them, entries at their own first character.
    """
    loader = _Loader(files, sink)
    for path in sorted(set(entries)):
        nowhere = Span(SourceFile(path, ""), 0, 0)
        loader.module(path, nowhere)
    modules = {path: module for path, module in loader.loaded.items() if module is not None}
    ordered = tuple(modules[path] for path in sorted(modules))
    _report_cycles(ordered, loader.targets, sink)
    return Sources(ordered, loader.targets)


class _Loader:
    def __init__(self, files: FileSystem, sink: Sink) -> None:
        self.files = files
        self.sink = sink
        self.loaded: dict[str, ast.Module | None] = {}
        self.targets: dict[ast.Import, ast.Module] = {}

    def module(self, path: str, named_at: Span) -> ast.Module | None:
        """The module at `path`; None, reported at every place that names it, when it cannot be read."""
        if self.loaded.get(path) is not None:
            return self.loaded[path]
        text = read_text(self.files, path, named_at, self.sink)
        if text is None:
            self.loaded[path] = None
            return None
        module = parse_module(SourceFile(path, text), self.sink)
        self.loaded[path] = module
        for import_ in module.imports:
            target = self.target(module, import_)
            if target is not None:
                self.targets[import_] = target
        return module

    def target(self, module: ast.Module, import_: ast.Import) -> ast.Module | None:
        span = import_.path.span(module.source)
        written = import_.path.value
        if not written.endswith(SUFFIX):
            self.sink.report(errors.IMPORT_NOT_FLOW, span, written=written)
            return None
        path = project_path(module.source, import_.path, errors.IMPORT_OUTSIDE_PROJECT, self.sink)
        return None if path is None else self.module(path, span)


def project_path(
    source: SourceFile, written: ast.StringLit, outside: DiagnosticSpec, sink: Sink
) -> str | None:
    """The project path of the file that `written` names; None, reported as `outside`, when there is none."""
    path = resolve_path(source.path, written.value)
    if path is None:
        sink.report(outside, written.span(source), written=written.value)
    return path


def read_text(files: FileSystem, path: str, named_at: Span, sink: Sink) -> str | None:
    """The text of a file; None, reported at `named_at`, when it cannot be read."""
    try:
        return files.read_text(path)
    except UnreadableFile as error:
        report_unreadable(files, error, named_at, sink)
        return None


def report_unreadable(files: FileSystem, error: UnreadableFile, named_at: Span, sink: Sink) -> None:
    """Report a file that cannot be read at the place that names it, with the nearest file that exists."""
    if not error.missing:
        sink.report(errors.UNREADABLE_FILE, named_at, path=error.path, reason=error.reason)
        return
    siblings = files.siblings(error.path)
    near = _nearest_file(error.path, siblings)
    if near is None:
        sink.report(errors.MISSING_FILE, named_at, path=error.path)
        return
    folder, _, name = near.rpartition("/")
    fixes: tuple[Fix, ...] = ()
    written = named_at.text
    wrong = error.path.rpartition("/")[2]
    if wrong and written.count(wrong) == 1:
        fixed = Edit(named_at, written.replace(wrong, name))
        fixes = (Fix(f"use `{name}`", (fixed,)),)
    place = f" in `{folder}`" if folder else ""
    sink.report(
        errors.MISSING_FILE,
        named_at,
        path=error.path,
        help=f"a file named `{name}` exists{place}",
        fixes=fixes,
    )


def _nearest_file(path: str, siblings: list[str]) -> str | None:
    """The sibling nearest to `path`; files with the same suffix are compared by what is in front of it."""
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    same = {
        sibling.rpartition("/")[2].removesuffix(f".{suffix}"): sibling
        for sibling in siblings
        if sibling.endswith(f".{suffix}")
    }
    near = closest(stem, same)
    if near is not None:
        return same[near]
    by_name = {sibling.rpartition("/")[2]: sibling for sibling in siblings}
    near = closest(name, by_name)
    return by_name[near] if near is not None else None


def _report_cycles(
    modules: tuple[ast.Module, ...], targets: dict[ast.Import, ast.Module], sink: Sink
) -> None:
    finished: set[ast.Module] = set()
    path: list[ast.Module] = []

    def visit(module: ast.Module) -> None:
        path.append(module)
        for import_ in module.imports:
            target = targets.get(import_)
            if target is None or target in finished:
                continue
            if target in path:
                cycle = [*path[path.index(target) :], target]
                shown = " -> ".join(entry.source.path for entry in cycle)
                sink.report(errors.IMPORT_CYCLE, import_.path.span(module.source), cycle=shown)
            else:
                visit(target)
        path.pop()
        finished.add(module)

    for module in modules:
        if module not in finished:
            visit(module)
