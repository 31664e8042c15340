"""The check of a project with the help of its index."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.findings import Findings
from flowdsl.semantics.names.paths import group_connected_paths, imports_in
from flowdsl.source.files import SUFFIX, FileSystem, UnreadableFile, decode_text, library_of
from flowdsl.source.text import SourceFile

from .index import NOTHING, FileFacts, Group, Index, from_json, program_key, read_index, write_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.compiler.pipeline import CompileOptions


def check_project(
    root: str,
    files: FileSystem,
    entries: Sequence[str],
    project_text: str,
    options: Callable[[], CompileOptions],
    *,
    now: int,
    secret: bytes | None,
    jobs: int | None = None,
) -> Findings:
    """Check all flows of the project below `root`, and return the findings.

    `entries` are those flows, `project_text` is the content of `flowdsl.toml`, `options` gives how
    to check them, and `now` is the time in nanoseconds. Up to `jobs` processes share the files when
    many are stale. The index below `root`, sealed with `secret`, is read, and written when
    something has changed; without a secret there is none.
    """
    key = program_key(project_text, os.path.dirname(os.path.dirname(__file__)))
    try:
        index = NOTHING if secret is None else read_index(root, key, secret)
        return _check_with_index(root, files, entries, options, now, jobs, key, index, secret)
    except (ValueError, TypeError, KeyError, IndexError):
        # The index holds a finding that cannot be read back, so it is not used at all.
        return _check_with_index(root, files, entries, options, now, jobs, key, NOTHING, secret)


def _check_with_index(
    root: str,
    files: FileSystem,
    entries: Sequence[str],
    options: Callable[[], CompileOptions],
    now: int,
    jobs: int | None,
    key: str,
    index: Index,
    secret: bytes | None,
) -> Findings:
    """`check_project` with a given `index`; raises what `from_json` raises when it is damaged."""
    current = _Current(root, files, index)
    wanted = group_connected_paths(entries, current.imports_of)
    kept: list[Group] = []
    stale: list[tuple[str, ...]] = []
    for names in wanted:
        group = index.groups.get(names)
        if group is not None and not any(map(current.has_changed, group.reads)):
            kept.append(group)
        else:
            stale.append(names)
    fresh: list[tuple[Group, bool]] = []
    if stale:
        from .work import check_groups

        fresh = check_groups(root, stale, files, options(), jobs)
    groups = [*kept, *(group for group, _ in fresh)]
    if _share_a_name(groups):
        from flowdsl.compiler.pipeline import analyze

        return analyze(files, entries, options()).findings
    if secret is not None and (stale or len(index.groups) != len(kept) or current.touched):
        keep = [*kept, *(group for group, keep in fresh if keep)]
        write_index(root, key, current.index(keep, now), secret)
    return _merge_findings(groups, files)


class _Current:
    """The files of a project as they are now, each looked at once.

    `touched` is true after a file was found whose size or time is not that of the index.
    """

    def __init__(self, root: str, files: FileSystem, index: Index) -> None:
        self._root = root
        self._files = files
        self._index = index
        self._facts: dict[str, FileFacts | None] = {}
        self.touched = False

    def facts_of_file(self, path: str) -> FileFacts | None:
        """The facts of a file; None for one that cannot be read."""
        if path not in self._facts:
            self._facts[path] = self._look_up_facts(path)
        return self._facts[path]

    def _look_up_facts(self, path: str) -> FileFacts | None:
        known = self._index.files.get(path)
        size = changed = noted = 0
        in_library = library_of(path) is not None
        # A file of a library is read anew: size and time miss that a folder became a link.
        if not in_library:
            try:
                status = os.stat(os.path.join(self._root, path))
            except (OSError, ValueError):
                return None
            if known is not None and self._index.is_unchanged_file(path, status):
                return known
            size, changed, noted = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        from hashlib import blake2b

        try:
            content = self._files.read_bytes(path)
            digest = blake2b(content, digest_size=16).hexdigest()
            if known is not None and known.digest == digest:
                imports = known.imports
            else:
                imports = (
                    imports_in(path, decode_text(path, content)) if path.endswith(SUFFIX) else ()
                )
        except UnreadableFile:
            return None
        if not in_library or known is None or known.digest != digest:
            self.touched = True
        return FileFacts(size, changed, noted, digest, imports)

    def imports_of(self, path: str) -> tuple[str, ...]:
        facts = self.facts_of_file(path)
        return () if facts is None else facts.imports

    def has_changed(self, path: str) -> bool:
        """Whether the content of a file has changed since the index was written."""
        facts, known = self.facts_of_file(path), self._index.files.get(path)
        return facts is None or known is None or facts.digest != known.digest

    def index(self, groups: Sequence[Group], now: int) -> Index:
        """The index of `groups` and the files they read; no group that read a missing one."""
        paths = {path for group in groups for path in group.reads}
        found = {path: self.facts_of_file(path) for path in paths}
        files = {path: facts for path, facts in found.items() if facts is not None}
        sound = (group for group in groups if all(path in files for path in group.reads))
        return Index(now, files, {group.entries: group for group in sound})


def _share_a_name(groups: Sequence[Group]) -> bool:
    """Whether two groups declare the same address, which only a check of both can report."""
    counts = Counter(name for group in groups for name in set(group.names))
    return any(count > 1 for count in counts.values())


def _merge_findings(groups: Sequence[Group], files: FileSystem) -> Findings:
    """The findings of all groups, sorted, each once.

    Two groups that read the same file may both find something in it.
    """
    sources: dict[str, SourceFile] = {}

    def source(path: str) -> SourceFile:
        if path not in sources:
            sources[path] = SourceFile(path, _read_or_empty(files, path))
        return sources[path]

    found: dict[tuple[object, ...], Diagnostic] = {}
    paths: set[str] = set()
    for group in groups:
        paths.update(path for path in group.reads if path.endswith(SUFFIX))
        for stored in group.findings:
            diagnostic = from_json(stored, source)
            found.setdefault(diagnostic.sort_key(), diagnostic)
    paths.update(each.span.path for each in found.values())
    ordered = sorted(found.values(), key=Diagnostic.sort_key)
    return Findings(tuple(ordered), tuple(sorted(paths)))


def _read_or_empty(files: FileSystem, path: str) -> str:
    try:
        return files.read_text(path)
    except UnreadableFile:
        return ""
