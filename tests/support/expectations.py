"""Corpus cases: programs that say in comments which diagnostics they give."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.modules import load
from flowdsl.semantics.resolve import analyze_program
from flowdsl.source.files import MemoryFiles

CORPUS = Path(__file__).parents[1] / "corpus"
CASE_FILE = "case.json"
_EXPECTATION = re.compile(r"#~\s*(error|warning|info)\s+([a-z0-9-]+)")


class Expectation(NamedTuple):
    """One diagnostic: where, how severe, which."""

    path: str
    line: int
    severity: str
    name: str


class Case(NamedTuple):
    """A program of the corpus: its files, the files a check starts from, and the `vars` of its environments."""

    id: str
    files: dict[str, str | bytes]
    entries: list[str]
    environments: dict[str, dict[str, str]]

    def diagnostics(self, entries: Iterable[str] | None = None) -> tuple[Diagnostic, ...]:
        """What loading and analysis find, in order."""
        sink = Sink()
        files = MemoryFiles(self.files)
        sources = load(files, list(self.entries if entries is None else entries), sink)
        analyze_program(sources, self.environments, files, sink)
        return sink.sorted()


def find_cases(root: Path) -> list[Case]:
    """Cases below `root`: each `.flow` file there is one, and each folder without `.flow` cases around it is one.

    A folder is a project of its own when it stands below a folder named like its diagnostic (`invalid/names/import-cycle/a/`)
    or directly below `valid/`.
    """
    depth = 1 if root.name == "valid" else 3
    cases = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_dir() and len(parts) == depth:
            cases.append(_folder_case(path))
        elif path.suffix == ".flow" and len(parts) == depth:
            cases.append(Case(_identity(path), {path.name: path.read_bytes()}, [path.name], {}))
    return cases


def _identity(path: Path) -> str:
    return path.relative_to(CORPUS).as_posix()


def _folder_case(folder: Path) -> Case:
    files: dict[str, str | bytes] = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CASE_FILE
    }
    settings = {}
    if (folder / CASE_FILE).exists():
        settings = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
    for name, size in settings.get("sizes", {}).items():
        files[name] = bytes(files[name]).ljust(size, b"\0")
    entries = settings.get("entries") or [path for path in files if path.endswith(".flow")]
    return Case(_identity(folder), files, entries, settings.get("environments", {}))


def expectations_of(case: Case) -> list[Expectation]:
    """The expectations in the text files of a case."""
    found = []
    for path, content in case.files.items():
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            for match in _EXPECTATION.finditer(line):
                found.append(Expectation(path, number, match[1], match[2]))
    return found


def differences(case: Case, diagnostics: Iterable[Diagnostic]) -> list[str]:
    """What was found and not expected, or expected and not found, a line each."""
    wanted = Counter(expectations_of(case))
    messages: dict[Expectation, str] = {}
    found: Counter[Expectation] = Counter()
    for diagnostic in diagnostics:
        line = diagnostic.span.first.line
        expectation = Expectation(diagnostic.span.path, line, diagnostic.severity, diagnostic.name)
        found[expectation] += 1
        messages[expectation] = diagnostic.message
    problems = [f"not found: {_shown(entry)}" for entry in (wanted - found).elements()]
    for entry in (found - wanted).elements():
        problems.append(f"not expected: {_shown(entry)}: {messages[entry]}")
    return sorted(problems)


def _shown(entry: Expectation) -> str:
    return f"{entry.path}:{entry.line}: {entry.severity} {entry.name}"
