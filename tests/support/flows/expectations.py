"""Corpus cases: programs that say in comments which diagnostics they give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles, library_of

from .compiling import project_path

CORPUS = Path(__file__).parents[2] / "corpus"
CASE_FILE = "case.json"
_EXPECTATION = re.compile(r"#~\s*(error|warning|info)\s+([a-z0-9-]+)(?::\s*((?:(?!#~|#\}).)*))?")


class Expectation(NamedTuple):
    """One diagnostic: where, how severe, which; and words that stand in its message or its help."""

    path: str
    line: int
    severity: str
    name: str
    words: str = ""

    def met_by(self, diagnostic: Diagnostic) -> bool:
        found = diagnostic.span.path, diagnostic.span.first.line, diagnostic.severity
        return (*found, diagnostic.name) == self[:4] and any(
            self.words in text for text in (diagnostic.message, diagnostic.help or "")
        )


class Case(NamedTuple):
    """A program of the corpus.

    Its files, the files a check starts from, and the `vars` of its environments.
    """

    id: str
    files: dict[str, str | bytes]
    entries: list[str]
    environments: dict[str, dict[str, str]]

    def diagnostics(self, entries: Iterable[str] | None = None) -> tuple[Diagnostic, ...]:
        """What loading and analysis find, in order."""
        if entries is not None:
            return _analyse(self, entries)
        return _once("analysis", self, lambda: _analyse(self, self.entries))

    def linted(self) -> tuple[Diagnostic, ...]:
        """What the whole check finds: rules run over the entries, and suppressions are applied."""

        def check() -> tuple[Diagnostic, ...]:
            return analyze(MemoryFiles(self.files), self.entries, CompileOptions()).diagnostics

        return _once("check", self, check)

    def all_diagnostics(self) -> tuple[Diagnostic, ...]:
        """What checking finds and, when that is no error, what compiling finds in addition.

        Nothing, when checking is complete.
        """
        found = self.diagnostics()
        # The values of environments are those of a project, and a case has none.
        if self.environments or any(each.severity == ERROR for each in found):
            return found
        compilation = compile_project(MemoryFiles(self.files), self.entries, CompileOptions())
        later = compilation.analysis.diagnostics[len(self.linted()) :]
        return (*found, *later)


_Found = tuple[Diagnostic, ...]
_READ: dict[str, dict[str, str | bytes]] = {}
"""The files of each case that was read from the corpus."""
_FOUND: dict[tuple[str, str], _Found] = {}
"""What was found in such a case: several tests ask for it."""


def _once(what: str, case: Case, find: Callable[[], _Found]) -> _Found:
    """What `find` finds in a case, kept where its files are those of the corpus."""
    if _READ.get(case.id) is not case.files:
        return find()
    if (what, case.id) not in _FOUND:
        _FOUND[what, case.id] = find()
    return _FOUND[what, case.id]


def _analyse(case: Case, entries: Iterable[str]) -> _Found:
    sink = Sink()
    files = MemoryFiles(case.files)
    analyze_program(load_sources(files, list(entries), sink), case.environments, files, sink)
    return sink.findings_in_order()


@cache
def find_cases(root: Path) -> list[Case]:
    """Cases below `root`.

    Each `.flow` file there is one, and each folder without `.flow` cases around it is one.

    A folder is a project of its own when it stands below a folder named like its diagnostic
    (`invalid/names/import-cycle/a/`) or its rule (`lint/unused-task/a/`), or directly below
    `valid/` or `crashers/`.
    """
    depth = {"invalid": 3, "lint": 2}.get(root.name, 1)
    cases = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_dir() and len(parts) == depth:
            cases.append(_folder_case(path))
        elif path.suffix == ".flow" and len(parts) == depth:
            cases.append(Case(_identity(path), {path.name: path.read_bytes()}, [path.name], {}))
    _READ.update((case.id, case.files) for case in cases)
    return cases


def _identity(path: Path) -> str:
    return path.relative_to(CORPUS).as_posix()


def _folder_case(folder: Path) -> Case:
    files: dict[str, str | bytes] = {
        project_path(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CASE_FILE
    }
    settings = {}
    if (folder / CASE_FILE).exists():
        settings = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
    for name, size in settings.get("sizes", {}).items():
        files[name] = bytes(files[name]).ljust(size, b"\0")
    flows = (path for path in files if path.endswith(".flow") and library_of(path) is None)
    entries = settings.get("entries") or list(flows)
    return Case(_identity(folder), files, entries, settings.get("environments", {}))


def expectations_of(case: Case) -> list[Expectation]:
    """The expectations in the text files of a case."""
    found = []
    for path, content in case.files.items():
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            for match in _EXPECTATION.finditer(line):
                words = (match[3] or "").strip()
                found.append(Expectation(path, number, match[1], match[2], words))
    return found


def differences(case: Case, diagnostics: Sequence[Diagnostic]) -> list[str]:
    """What was found and not expected, or expected and not found, a line each."""
    unexpected = list(diagnostics)
    problems = []
    # Those that say more choose first.
    for wanted in sorted(expectations_of(case), key=lambda each: -len(each.words)):
        met = next((found for found in unexpected if wanted.met_by(found)), None)
        if met is None:
            place = f"{wanted.path}:{wanted.line}"
            problems.append(f"{place}: not found: {' '.join(wanted[2:])}".rstrip())
        else:
            unexpected.remove(met)
    for found in unexpected:
        place = f"{found.span.path}:{found.span.first.line}"
        about = f"{found.severity} {found.name}: {found.message} ({found.help})"
        problems.append(f"{place}: not expected: {about}")
    return sorted(problems)
