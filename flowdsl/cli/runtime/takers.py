"""Files on a command line that are not flows: finds the flows that include them.

If there are none, the failure says what to name instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.semantics.names.files import find_files_taken_in, imports_in
from flowdsl.source.files import SUFFIX, FileSystem, UnreadableFile, library_of
from flowdsl.source.record import Record

from .console import UsageError

NEITHER = (
    f"`{SUFFIX}` files, or files that one of them takes in by `prompt from`, `image` and the like"
)
"""What may be given on a command line, for a message."""


class Takers(Record):
    """The flows that include a file.

    `flows` are those that include it and all that import them; `spellings` are the paths by which
    they refer to it.
    """

    flows: frozenset[str]
    spellings: frozenset[str]


def find_takers(
    root: str, files: FileSystem, flows: Iterable[str], named: Iterable[str]
) -> dict[str, Takers]:
    """Find what includes each file of `named`; files that nothing includes are left out.

    Searches `flows`, the flows next to a file, and their imports. Two paths are the same file if
    the disk says so: through a symbolic link, or in different case. Paths are relative to the
    project at `root`; in a library a file has one path.
    """
    names = list(named)

    def identity(path: str) -> object:
        if library_of(path) is not None:
            return path
        try:
            status = os.stat(os.path.join(root, path))
        except (OSError, ValueError):
            return path
        return status.st_dev, status.st_ino

    beside = (each for path in names for each in files.siblings(path) if each.endswith(SUFFIX))
    importers, taking = _read_imports(files, {*flows, *beside})
    same: dict[object, set[str]] = {}
    for path in taking:
        same.setdefault(identity(path), set()).add(path)
    takers: dict[str, Takers] = {}
    for name in names:
        spellings = same.get(identity(name))
        if spellings:
            direct = {flow for path in spellings for flow in taking[path]}
            takers[name] = Takers(
                _importers_closure(direct, importers), frozenset((*spellings, name))
            )
    return takers


def find_files_reached_by(
    files: FileSystem, flows: Iterable[str], named: Iterable[str]
) -> frozenset[str]:
    """Return the `named` files and the `flows` that import or include them, also indirectly."""
    importers, taking = _read_imports(files, set(flows))
    direct = {each for path in named for each in (path, *taking.get(path, ()))}
    return _importers_closure(direct, importers)


def _read_imports(
    files: FileSystem, flows: set[str]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Find for `flows` and their imports which flows import each flow and include each file."""
    importers: dict[str, set[str]] = {}
    taking: dict[str, set[str]] = {}
    pending, seen = list(flows), set(flows)
    while pending:
        flow = pending.pop()
        try:
            text = files.read_text(flow)
        except UnreadableFile:
            continue
        for path in imports_in(flow, text):
            importers.setdefault(path, set()).add(flow)
            if path not in seen:
                seen.add(path)
                pending.append(path)
        for path in find_files_taken_in(flow, text):
            taking.setdefault(path, set()).add(flow)
    return importers, taking


def _importers_closure(flows: set[str], importers: Mapping[str, set[str]]) -> frozenset[str]:
    pending, seen = list(flows), set(flows)
    while pending:
        for importer in importers.get(pending.pop(), ()):
            if importer not in seen:
                seen.add(importer)
                pending.append(importer)
    return frozenset(seen)


def no_flow(shown: Sequence[str], expected: str = NEITHER) -> UsageError:
    """The failure for files that are neither flows nor included by one.

    `expected` says what to name instead.
    """
    if list(map(os.path.basename, shown)) == [PROJECT_FILE]:
        return UsageError(
            f"`{shown[0]}` is the project file, which every command reads by itself; name "
            f"{expected}"
        )
    are = "is no flow" if len(shown) == 1 else "are no flows"
    capital = [path for path in shown if path.lower().endswith(SUFFIX)]
    hint = f"; the ending of `{capital[0]}` has to be `{SUFFIX}`, in lower case" if capital else ""
    return UsageError(f"{join_names(shown)} {are}; name {expected}{hint}")
