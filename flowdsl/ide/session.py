"""The flows of one project while they are edited, and their analyses.

A group is a set of flows that imports connect, or that declare the same address; its findings
depend on no other flow. So a change makes only the analyses of its own group stale.

Where a group is large, one file of it is analysed with what it imports (`analyze_file`), which
answers every question about the file at once; only findings that are about the whole group, such as
unused tasks, need all of it (`check_group`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import Analysis, CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import ValueSymbol
from flowdsl.semantics.modules import Parse
from flowdsl.semantics.names.files import (
    find_files_taken_in,
    group_connected_paths,
    imports_in,
)
from flowdsl.source.files import SUFFIX, FileSystem, NotedFiles, UnreadableFile
from flowdsl.source.record import Record, replace
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module

from .occurrences import Occurrence, find_occurrences

SMALL_GROUP = 16
"""Files of a group up to which all of it is analysed for every question about one of them."""

_DECLARATION = re.compile(
    r"^[ \t]*(workflow|chain|task|type|const|fixture)[ \t]+([A-Za-z_][A-Za-z0-9_]*)"
    r"(?=[ \t\r\n]*(?:[{=(]|from\b))",
    re.MULTILINE,
)
_ADDRESSES = ("workflow", "chain")


class Snapshot:
    """An analysis and the files that it read; answers about it are computed once."""

    def __init__(self, analysis: Analysis, reads: frozenset[str]) -> None:
        self.analysis = analysis
        self.model = analysis.model
        self.reads = reads
        self.bundle: Bundle | None = None
        self._modules = {module.source.path: module for module in analysis.model.modules}
        self._occurrences: dict[str, tuple[Occurrence, ...]] = {}

    def module(self, path: str) -> ast.Module | None:
        """Return the tree of a file, if it was read."""
        return self._modules.get(path)

    def occurrences(self, path: str) -> tuple[Occurrence, ...]:
        """Return the names of a file that mean something, in the order of the source."""
        module = self.module(path)
        if module is None:
            return ()
        if path not in self._occurrences:
            self._occurrences[path] = find_occurrences(self.model, module)
        return self._occurrences[path]

    def occurrence_at(self, path: str, offset: int) -> Occurrence | None:
        """Return the name at an offset, which may be just past its end."""
        for each in self.occurrences(path):
            if each.start <= offset <= each.end:
                return each
        return None


class TextFacts(Record):
    """What the text of a file alone says: its imports, and the kinds and names it declares.

    `taken_in` are the other files that it includes. What looks like an import or a declaration
    counts, so that the facts are the same while the file has errors.
    """

    text: str
    imports: tuple[str, ...]
    declared: tuple[tuple[str, str], ...]
    taken_in: tuple[str, ...]


NO_FACTS = TextFacts("", (), (), ())


class Session:
    """The flows of one project. `files` are read anew after `change`; `entries` are its flows.

    `last_bundles` are what the files compiled to last, `last_values` the values that declarations
    had when they could be read last, by path, keyword and name.
    """

    def __init__(
        self, files: FileSystem, options: CompileOptions, entries: Iterable[str] = ()
    ) -> None:
        self.files = files
        self.options = options
        self._entries = frozenset(entries)
        self._parsed: dict[str, tuple[ast.Module, tuple[Diagnostic, ...]]] = {}
        self.configure(files, options)

    def configure(self, files: FileSystem, options: CompileOptions) -> None:
        """Use other files and settings; nothing that was computed is kept."""
        self.files = files
        self.options = options
        self._facts: dict[str, TextFacts] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._checked: dict[tuple[str, ...], Snapshot] = {}
        self._alone: dict[tuple[str, ...], Snapshot] = {}
        self.last_bundles: dict[str, Bundle] = {}
        self.last_values: dict[tuple[str, str, str], tuple[ValueSymbol, ...]] = {}

    # Changes

    @property
    def entries(self) -> frozenset[str]:
        """Return the flows of the project."""
        return self._entries

    def set_entries(self, entries: Iterable[str]) -> None:
        """Replace the flows of the project."""
        new = frozenset(entries)
        if new != self._entries:
            self._entries = new
            self._groups = {}

    def change(self, path: str) -> None:
        """Forget what was computed from a file whose content has changed."""
        before = self._facts.pop(path, None)
        after = self.facts_of(path)
        if before is not None and before.text == after.text and path.endswith(SUFFIX):
            return
        if before is None or (before.imports, before.declared) != (after.imports, after.declared):
            self._groups = {}
        for kept in (self._checked, self._alone):
            for names in [names for names, each in kept.items() if path in each.reads]:
                del kept[names]

    # Facts

    def facts_of(self, path: str) -> TextFacts:
        """Return the facts of a file; empty ones for a file that cannot be read."""
        if path not in self._facts:
            self._facts[path] = self._read_facts(path)
        return self._facts[path]

    def _read_facts(self, path: str) -> TextFacts:
        if not path.endswith(SUFFIX):
            return NO_FACTS
        try:
            text = self.files.read_text(path)
        except UnreadableFile:
            return NO_FACTS
        declared = tuple((kind, name) for kind, name in _DECLARATION.findall(text))
        return TextFacts(text, imports_in(path, text), declared, find_files_taken_in(path, text))

    def text_of(self, path: str) -> str | None:
        """Return the text of a file; None if it cannot be read."""
        try:
            return self.files.read_text(path)
        except UnreadableFile:
            return None

    def takers_of(self, path: str) -> list[str]:
        """Return the flows that include a file, such as a prompt, sorted."""
        return sorted(each for each in self._entries if path in self.facts_of(each).taken_in)

    # Groups

    def group_of(self, path: str) -> tuple[str, ...]:
        """Return the flows of the group of a file, sorted; a file beside the project is alone."""
        if not self._groups:
            self._groups = {each: group for group in self.groups() for each in group}
        return self._groups.get(path, (path,))

    def groups(self) -> list[tuple[str, ...]]:
        """Return all groups of the project."""
        first: dict[tuple[str, str], str] = {}
        shared: dict[str, list[str]] = {}
        for path in sorted(self._entries):
            for kind, name in self.facts_of(path).declared:
                if kind in _ADDRESSES:
                    shared.setdefault(path, []).append(
                        first.setdefault((_ADDRESSES[0], name), path)
                    )
        entries = self._entries

        def connected(path: str) -> Sequence[str]:
            return (*self.facts_of(path).imports, *shared.get(path, ()))

        return group_connected_paths(sorted(entries), connected)

    def is_large(self, path: str) -> bool:
        """Whether a check of the group of a file takes longer than a person waits."""
        return len(self.group_of(path)) > SMALL_GROUP

    # Analyses

    def check_group(self, path: str) -> Snapshot:
        """Return the analysis of the group of a file, with all of its findings.

        A file beside the project is checked as one that a command names.
        """
        names, options = self.group_of(path), self.options
        if path not in self._entries:
            options = replace(options, whole=False)
        return self._analyze_kept(self._checked, names, options)

    def analyze_file(self, path: str) -> Snapshot:
        """Return an analysis of a file and of what it imports, for questions about the file."""
        if not self.is_large(path):
            return self.check_group(path)
        names = self.group_of(path)
        if names in self._checked:
            return self._checked[names]
        return self._analyze_kept(self._alone, (path,), replace(self.options, whole=False))

    def analyze_naming(self, path: str, word: str) -> Snapshot:
        """Return an analysis of the files in the group of a file that hold a word."""
        names = self.group_of(path)
        if not self.is_large(path) or names in self._checked:
            return self.check_group(path)
        holding = tuple(each for each in names if word in self.facts_of(each).text)
        return self._analyze_kept(self._alone, holding, replace(self.options, whole=False))

    def keep_group(self, names: tuple[str, ...], snapshot: Snapshot) -> None:
        """Keep the analysis of a group that was made elsewhere, of the texts of now."""
        self._checked[names] = snapshot

    def _analyze_kept(
        self,
        kept: dict[tuple[str, ...], Snapshot],
        names: tuple[str, ...],
        options: CompileOptions,
    ) -> Snapshot:
        if names not in kept:
            if kept is self._alone and len(kept) > SMALL_GROUP:
                kept.clear()
            kept[names] = self.analyze_paths(names, options)
        return kept[names]

    def analyze_paths(
        self,
        names: tuple[str, ...],
        options: CompileOptions,
        parse: Parse | None = None,
    ) -> Snapshot:
        """Return a fresh analysis of some files; `parse` reads one of them."""
        reads: set[str] = set(names)
        noted = NotedFiles(self.files, reads)
        analysis = analyze(noted, names, options, parse or self.parse)
        return Snapshot(analysis, frozenset(reads))

    def parse(self, source: SourceFile, sink: Sink) -> ast.Module:
        """Return the tree of a file, kept as long as its text is the same."""
        known = self._parsed.get(source.path)
        if known is None or known[0].source.text != source.text:
            own = Sink()
            module = parse_module(source, own)
            known = self._parsed[source.path] = (module, own.findings_in_order())
        sink.extend(known[1])
        return known[0]

    def module_of(self, path: str) -> ast.Module | None:
        """Return the tree of a file by itself; None if it cannot be read."""
        text = self.text_of(path)
        return None if text is None else self.parse(SourceFile(path, text), Sink())
