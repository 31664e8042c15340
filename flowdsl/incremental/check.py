"""The check of a project with the help of its index."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.findings import Findings
from flowdsl.semantics.names.files import group_connected_paths, imports_in
from flowdsl.source.files import SUFFIX, FileSystem, UnreadableFile, decode_text, library_of
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile

from .index import (
    NOTHING,
    PLACE,
    FileFacts,
    Group,
    Index,
    Request,
    digest_of_file,
    from_json,
    index_document,
    read_index,
    write_sealed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .work import Done


class Updated(Record):
    """The groups of a project as they are now.

    `fresh` are those that were looked at anew. `changed` is true when the index has to be written,
    with the groups in `keep`.
    """

    groups: list[Group]
    fresh: list[Done]
    keep: list[Group]
    current: CurrentFiles
    changed: bool


def check_project(request: Request) -> Findings:
    """Check all flows of a project, and return the findings."""
    key = request.key()
    try:
        secret = request.secret
        index = NOTHING if secret is None else read_index(request.root, PLACE, key, secret)
        return _check_with_index(request, key, index)
    except (ValueError, TypeError, KeyError, IndexError):
        # The index holds a finding that cannot be read back, so it is not used at all.
        return _check_with_index(request, key, NOTHING)


def _check_with_index(request: Request, key: str, index: Index) -> Findings:
    """`check_project` with a given `index`; raises what `from_json` raises when it is damaged."""
    updated = update_groups(request, index)
    if share_a_name(updated.groups):
        from flowdsl.compiler.pipeline import analyze

        return analyze(request.files, request.entries, request.options()).findings
    if request.secret is not None and updated.changed:
        document = index_document(updated.current.index(updated.keep, request.now))
        write_sealed(request.root, PLACE, key, document, request.secret)
    return merge_findings(updated.groups, request.files)


def update_groups(
    request: Request, index: Index, *, compiles: bool = False, by_content: bool = False
) -> Updated:
    """Look anew at the groups that have changed since the index was written.

    They are checked, or compiled as well. With `by_content` sizes and times prove nothing.
    """
    current = CurrentFiles(request.root, request.files, index, by_content=by_content)
    kept: list[Group] = []
    stale: list[tuple[str, ...]] = []
    # Where nothing has changed, the groups are what they were; to connect them anew takes a tenth.
    known = sorted(path for names in index.groups for path in names)
    same = known == sorted(request.entries) and not any(map(current.has_changed, index.files))
    for names in (
        index.groups if same else group_connected_paths(request.entries, current.imports_of)
    ):
        group = index.groups.get(names)
        if (
            group is None
            or (not same and any(map(current.has_changed, group.reads)))
            or (compiles and group.late is None and not group.failed)
        ):
            stale.append(names)
        else:
            kept.append(group)
    fresh: list[Done] = []
    if stale:
        from .work import share_groups

        # Where one is known to fail, nothing is made of any.
        compiles = compiles and not any(group.failed for group in kept)
        fresh = share_groups(request, stale, compiles=compiles)
    return Updated(
        [*kept, *(done.group for done in fresh)],
        fresh,
        [*kept, *(done.group for done in fresh if done.keep and current.are_as_read(done.digests))],
        current,
        bool(stale) or len(index.groups) != len(kept) or current.touched,
    )


class CurrentFiles:
    """The files of a project as they are now, each looked at once.

    `touched` is true after a file was found whose size or time is not that of the index. With
    `by_content` every file is read, whatever its size and time.
    """

    def __init__(
        self, root: str, files: FileSystem, index: Index, *, by_content: bool = False
    ) -> None:
        # Joined by hand: `os.path.join` takes longer than to look at a file.
        self._below = os.path.join(root, "")
        self._files = files
        self._index = index
        self._by_content = by_content
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
        unchanged = False
        # A file of a library is read anew: size and time miss that a folder became a link.
        if not in_library:
            try:
                status = os.stat(self._below + path)
            except (OSError, ValueError):
                return None
            unchanged = known is not None and self._index.is_unchanged_file(path, status)
            if unchanged and not self._by_content:
                return known
            size, changed, noted = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        try:
            content = self._files.read_bytes(path)
            digest = digest_of_file(content)
            if known is not None and known.digest == digest:
                imports = known.imports
            else:
                imports = (
                    imports_in(path, decode_text(path, content)) if path.endswith(SUFFIX) else ()
                )
        except UnreadableFile:
            return None
        if known is None or known.digest != digest or not (in_library or unchanged):
            self.touched = True
        return FileFacts(size, changed, noted, digest, imports)

    def imports_of(self, path: str) -> tuple[str, ...]:
        facts = self.facts_of_file(path)
        return () if facts is None else facts.imports

    def has_changed(self, path: str) -> bool:
        """Whether the content of a file has changed since the index was written."""
        facts, known = self.facts_of_file(path), self._index.files.get(path)
        return facts is None or known is None or facts.digest != known.digest

    def are_as_read(self, digests: Mapping[str, str]) -> bool:
        """Whether files still have the content with these digests, by path."""
        found = ((self.facts_of_file(path), digest) for path, digest in digests.items())
        return all(facts is not None and facts.digest == digest for facts, digest in found)

    def index(self, groups: Sequence[Group], now: int) -> Index:
        """The index of `groups` and the files they read; no group that read a missing one."""
        paths = {path for group in groups for path in group.reads}
        found = {path: self.facts_of_file(path) for path in paths}
        files = {path: facts for path, facts in found.items() if facts is not None}
        sound = (group for group in groups if all(path in files for path in group.reads))
        return Index(now, files, {group.entries: group for group in sound})


def share_a_name(groups: Sequence[Group]) -> bool:
    """Whether two groups declare the same address, which only a check of both can report."""
    counts = Counter(name for group in groups for name in set(group.names))
    return any(count > 1 for count in counts.values())


def merge_findings(groups: Sequence[Group], files: FileSystem) -> Findings:
    """The findings of all groups, and the files that were read for them."""
    found = restore_findings((group.findings for group in groups), files)
    paths = {path for group in groups for path in group.paths}
    paths.update(each.span.path for each in found)
    return Findings(found, tuple(sorted(paths)))


def restore_findings(
    stored: Iterable[Sequence[list[Any]]], files: FileSystem
) -> tuple[Diagnostic, ...]:
    """The findings in some lists of them, sorted, each once.

    Two groups that read the same file may both find something in it.
    """
    sources: dict[str, SourceFile] = {}

    def source(path: str) -> SourceFile:
        if path not in sources:
            sources[path] = SourceFile(path, _read_or_empty(files, path))
        return sources[path]

    found: dict[tuple[object, ...], Diagnostic] = {}
    for each in stored:
        for one in each:
            diagnostic = from_json(one, source)
            found.setdefault(diagnostic.sort_key(), diagnostic)
    return tuple(sorted(found.values(), key=Diagnostic.sort_key))


def _read_or_empty(files: FileSystem, path: str) -> str:
    try:
        return files.read_text(path)
    except UnreadableFile:
        return ""
