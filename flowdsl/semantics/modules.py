"""Entry files and everything they import, each parsed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.source.files import (
    LIBRARY,
    SUFFIX,
    FileSystem,
    UnknownLibrary,
    UnreadableFile,
    library_of,
    resolve_path,
    spell_flow_path,
)
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module

from . import errors


class Sources(Record):
    """The modules of a program in path order.

    `targets` maps each import that could be loaded to its module.
    """

    modules: tuple[ast.Module, ...]
    targets: dict[ast.Import, ast.Module]


Parse: TypeAlias = Callable[[SourceFile, Sink], ast.Module]


def load_sources(
    files: FileSystem, entries: Sequence[str], sink: Sink, parse: Parse = parse_module
) -> Sources:
    """Read and parse `entries` (project paths) and what they import, directly or not.

    An unreadable file is reported at the import that names it, an entry at its own first character.
    """
    loader = _Loader(files, sink, parse)
    for path in sorted(set(entries)):
        nowhere = Span(SourceFile(path, ""), 0, 0)
        loader.load(path, nowhere)
    modules = {path: module for path, module in loader.loaded.items() if module is not None}
    ordered = tuple(modules[path] for path in sorted(modules))
    _report_cycles(ordered, loader.targets, sink)
    return Sources(ordered, loader.targets)


class _Loader:
    """Loads modules; `loaded` has None for an unreadable file."""

    def __init__(self, files: FileSystem, sink: Sink, parse: Parse) -> None:
        self.files = files
        self.sink = sink
        self.parse = parse
        self.loaded: dict[str, ast.Module | None] = {}
        self.targets: dict[ast.Import, ast.Module] = {}

    def load(self, path: str, named_at: Span) -> None:
        """Read the module at `path` and everything that it imports.

        The chain of imports may have any length, since nothing here is recursive.
        """
        pending = self._stack_imports(self._load_module(path, named_at))
        while pending:
            module, import_ = pending.pop()
            path_ = self._path(module, import_)
            if path_ is None:
                continue
            is_new = self.loaded.get(path_) is None
            target = self._load_module(path_, import_.path.span(module.source))
            if target is not None:
                self.targets[import_] = target
                if is_new:
                    pending += self._stack_imports(target)

    def _load_module(self, path: str, named_at: Span) -> ast.Module | None:
        """Return the module at `path`, parsed once; None if it cannot be read.

        That is reported at every place that names the file.
        """
        if self.loaded.get(path) is not None:
            return self.loaded[path]
        text = read_text(self.files, path, named_at, self.sink)
        module = None if text is None else self.parse(SourceFile(path, text), self.sink)
        self.loaded[path] = module
        return module

    def _stack_imports(self, module: ast.Module | None) -> list[tuple[ast.Module, ast.Import]]:
        """Return the imports of a module in reverse, for a stack."""
        if module is None:
            return []
        return [(module, import_) for import_ in reversed(module.imports)]

    def _path(self, module: ast.Module, import_: ast.Import) -> str | None:
        """Return the project path of an import; None, with a report, if it is invalid."""
        written = import_.path.value
        if not written.endswith(SUFFIX):
            span = import_.path.span(module.source)
            self.sink.report(errors.IMPORT_NOT_FLOW, span, written=written)
            return None
        return project_path(module.source, import_.path, errors.IMPORT_OUTSIDE_PROJECT, self.sink)


def project_path(
    source: SourceFile, written: ast.StringLit, outside: DiagnosticSpec, sink: Sink
) -> str | None:
    """Return the project path of the file that `written` names.

    None if it is outside of the project, which is reported as `outside`, or outside of a library.
    """
    path = resolve_path(source.path, written.value)
    if path is None:
        library = library_of(source.path)
        if written.value.startswith(LIBRARY):
            library = written.value.removeprefix(LIBRARY).partition("/")[0]
        if library is None:
            sink.report(outside, written.span(source), written=written.value)
        else:
            span = written.span(source)
            sink.report(errors.OUTSIDE_LIBRARY, span, written=written.value, name=library)
    return path


def read_text(files: FileSystem, path: str, named_at: Span, sink: Sink) -> str | None:
    """Read the text of a file; None, with a report at `named_at`, if it cannot be read."""
    try:
        return files.read_text(path)
    except UnreadableFile as error:
        report_unreadable(files, error, named_at, sink)
        return None


def report_unreadable(files: FileSystem, error: UnreadableFile, named_at: Span, sink: Sink) -> None:
    """Report, at `named_at`, a file that cannot be read.

    If it does not exist, the help names the most similar file that does.
    """
    shown = spell_flow_path(error.path)
    if isinstance(error, UnknownLibrary):
        _report_unknown_library(error, named_at, sink)
        return
    if not error.missing:
        sink.report(errors.UNREADABLE_FILE, named_at, path=shown, reason=error.reason)
        return
    siblings = files.siblings(error.path)
    near = _nearest_file(error.path, siblings)
    if near is None:
        sink.report(errors.MISSING_FILE, named_at, path=shown)
        return
    folder, _, name = spell_flow_path(near).rpartition("/")
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
        path=shown,
        help=f"a file named `{name}` exists{place}",
        fixes=fixes,
    )


def _report_unknown_library(error: UnknownLibrary, named_at: Span, sink: Sink) -> None:
    """Report, at `named_at`, a library that is not declared; the help names a similar one."""
    written = f"{LIBRARY}{error.name}"
    near = find_closest_name(error.name, error.known)
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        help = f"a library `{near}` is declared"
        fixed = Edit(named_at, named_at.text.replace(f"{written}/", f"{LIBRARY}{near}/", 1))
        fixes = (Fix(f"use `{LIBRARY}{near}`", (fixed,)),) if f"{written}/" in named_at.text else ()
    elif error.known:
        help = f"declared are {join_names(error.known)}"
    else:
        help = (
            "`[project] libraries` of `flowdsl.toml` declares none; it is written "
            '`libraries = { NAME = "../FOLDER" }`, and a folder of the project itself '
            f"`./{written}/...`"
        )
    shown = spell_flow_path(error.path)
    sink.report(errors.UNKNOWN_LIBRARY, named_at, written=shown, help=help, fixes=fixes)


def _nearest_file(path: str, siblings: list[str]) -> str | None:
    """Return the sibling whose name is most similar to that of `path`, if one is similar.

    Files with the same suffix are preferred, and compared without it.
    """
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    same = {
        sibling.rpartition("/")[2].removesuffix(f".{suffix}"): sibling
        for sibling in siblings
        if sibling.endswith(f".{suffix}")
    }
    near = find_closest_name(stem, same)
    if near is not None:
        return same[near]
    by_name = {sibling.rpartition("/")[2]: sibling for sibling in siblings}
    near = find_closest_name(name, by_name)
    return by_name[near] if near is not None else None


def _report_cycles(
    modules: tuple[ast.Module, ...], targets: dict[ast.Import, ast.Module], sink: Sink
) -> None:
    """Report each cycle of imports once, by a depth-first walk without recursion."""
    finished: set[ast.Module] = set()
    path: dict[ast.Module, Iterator[ast.Import]] = {}
    for start in modules:
        if start in finished:
            continue
        path[start] = iter(start.imports)
        while path:
            module, imports = next(reversed(path.items()))
            import_ = next(imports, None)
            if import_ is None:
                del path[module]
                finished.add(module)
                continue
            target = targets.get(import_)
            if target is None or target in finished:
                continue
            if target in path:
                around = list(path)
                cycle = [*around[around.index(target) :], target]
                shown = " -> ".join(spell_flow_path(entry.source.path) for entry in cycle)
                sink.report(errors.IMPORT_CYCLE, import_.path.span(module.source), cycle=shown)
            else:
                path[target] = iter(target.imports)
