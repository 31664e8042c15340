"""The import line for a name that another file of the project declares.

The findings of a file depend on the files that it imports, and an index may keep them. Which other
files declare a name is therefore looked up for each report, and kept nowhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Any

from flowdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics import errors
from flowdsl.semantics.names.files import imports_in
from flowdsl.source.files import FileSystem, UnreadableFile
from flowdsl.source.record import replace
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module

_DECLARING: dict[str, tuple[type[Any], ...]] = {
    errors.UNDECLARED_NAME.name: (ast.ConstDecl,),
    errors.UNDECLARED_TYPE.name: (ast.RecordDecl, ast.AliasDecl),
    errors.UNDECLARED_TASK.name: (ast.TaskDecl,),
    errors.UNDECLARED_WORKFLOW.name: (ast.WorkflowDecl,),
    errors.UNDECLARED_CHAIN.name: (ast.ChainDecl,),
}
"""The declarations that a name may be missing, by the name of what reports it."""

_DECLARATION = re.compile(r"\b(?:chain|const|fixture|task|type|workflow)\s+([A-Za-z_]\w*)")
_ALONE = re.compile(r"\{?\s*([A-Za-z_][A-Za-z0-9_]*)")
_HEAD = re.compile(r"(?:\s|#[^\n]*)*flow\s+[0-9]+[^\n]*\n?")


def name_imports(
    findings: Findings, files: FileSystem, flows: Callable[[], Iterable[str]]
) -> Findings:
    """Return the findings, with the import line for the names that other files declare.

    `flows` gives all flows of the project. Those declarations are not reported as unused.
    """
    if not any(each.name in _DECLARING for each in findings.diagnostics):
        return findings
    declared = _ProjectDeclarations(files, flows())
    named: set[tuple[str, str]] = set()
    found = [
        _name_import(each, declared, named) if each.name in _DECLARING else each
        for each in findings.diagnostics
    ]
    # What a file without its import meant is not unused, and no fix is to remove it.
    left = (
        each
        for each in found
        if not (each.name.startswith("unused-") and (each.span.path, each.span.text) in named)
    )
    return replace(findings, diagnostics=tuple(left))


class _ProjectDeclarations:
    """The declarations of the flows of a project; each file is read and parsed once at most."""

    def __init__(self, files: FileSystem, flows: Iterable[str]) -> None:
        self._files = files
        self._texts: dict[str, str] = {}
        self._declared: dict[str, set[tuple[type[Any], str]]] = {}
        self._imported: dict[str, set[str]] = {}
        self._homes: dict[str, list[str]] = {}
        """The files that seem to declare each name, in the order of the flows."""
        for path in flows:
            for name in {*_DECLARATION.findall(self._text(path))}:
                self._homes.setdefault(name, []).append(path)

    def _text(self, path: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = self._files.read_text(path)
            except UnreadableFile:
                self._texts[path] = ""
        return self._texts[path]

    def files_with(self, name: str, classes: tuple[type[Any], ...], importing: str) -> list[str]:
        """Return the files that declare a name and that the file `importing` may import."""
        return [
            path
            for path in self._homes.get(name, ())
            if path != importing
            and any((class_, name) in self._declarations(path) for class_ in classes)
            and importing not in self._imported_by(path)
        ]

    def _declarations(self, path: str) -> set[tuple[type[Any], str]]:
        if path not in self._declared:
            module = parse_module(SourceFile(path, self._text(path)), Sink())
            self._declared[path] = {
                (type(each), each.name.text)
                for each in module.declarations
                if not isinstance(each, ast.TestDecl)
            }
        return self._declared[path]

    def _imported_by(self, path: str) -> set[str]:
        """Return the files that a file imports, directly or through others."""
        if path not in self._imported:
            found: set[str] = set()
            left = [path]
            while left:
                at = left.pop()
                new = set(imports_in(at, self._text(at))) - found
                found |= new
                left += new
            self._imported[path] = found
        return self._imported[path]


def _name_import(
    found: Diagnostic, declared: _ProjectDeclarations, named: set[tuple[str, str]]
) -> Diagnostic:
    """Return a finding with the import line; adds the files and their names to `named`."""
    name = _ALONE.match(found.span.text)
    if name is None or "." in found.span.text:
        return found
    path = found.span.path
    homes = declared.files_with(name[1], _DECLARING[found.name], path)
    named.update((home, name[1]) for home in homes)
    lines = [spell_import(path, home, name[1]) for home in homes]
    if not lines:
        return found
    others = ", or import it from another file that declares it" if len(lines) > 1 else ""
    help = f"another file declares `{name[1]}`: write `{lines[0]}` below `flow 1`{others}"
    edit = insert_import(found.span.source, lines[0]) if len(lines) == 1 else None
    fixes = () if edit is None else (Fix("import it", (edit,), "unsafe"),)
    return replace(found, help=help, fixes=fixes)


def spell_import(path: str, home: str, name: str) -> str:
    """Return the line with which the file at `path` imports a name that `home` declares."""
    return f'import {{ {name} }} from "{_spell_relative(path, home)}"'


def _spell_relative(path: str, home: str) -> str:
    written = posixpath.relpath(home, posixpath.dirname(path) or ".")
    return written if written.startswith("../") else f"./{written}"


def insert_import(source: SourceFile, line: str) -> Edit | None:
    """Return the edit that adds an import line below the edition; None without an edition."""
    head = _HEAD.match(source.text)
    if head is None:
        return None
    start = "" if head[0].endswith("\n") else "\n"
    return Edit(Span(source, head.end(), head.end()), f"{start}{line}\n")
