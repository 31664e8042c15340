"""Definition and references of a name, across the files of a group."""

from __future__ import annotations

from flowdsl.source.files import resolve_path
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..occurrences import Occurrence, Target
from ..session import Session, Snapshot


def find_definition(session: Session, path: str, offset: int) -> Span | None:
    """Return the place that declares the name at an offset, or the start of the file it names."""
    snapshot = session.analyze_file(path)
    for place, file in find_named_files(snapshot, path):
        if place.start <= offset < place.end:
            return Span(SourceFile(file, session.text_of(file) or ""), 0, 0)
    occurrence = snapshot.occurrence_at(path, offset)
    return None if occurrence is None else occurrence.target.span


def find_named_files(snapshot: Snapshot, path: str) -> list[tuple[Span, str]]:
    """Return the strings of a file that name other files, each with the path of that file."""
    module = snapshot.module(path)
    if module is None:
        return []
    found: list[ast.StringLit] = []
    for node in walk(module):
        match node:
            case (
                ast.ImportNames(path=written)
                | ast.ImportModule(path=written)
                | ast.ImageStmt(path=written)
                | ast.GivenRows(path=written)
                | ast.PromptFrom(path=written)
                | ast.InputsFrom(path=written)
                | ast.OutputsFrom(path=written)
                | ast.ChecksFrom(path=written)
                | ast.ExtraFrom(path=written)
                | ast.CasesFrom(path=written)
            ):
                found.append(written)
            case ast.ConstDecl(file=ast.StringLit() as written):
                found.append(written)
            case _:
                pass
    resolved = ((each, resolve_path(path, each.value)) for each in found)
    return [(each.span(module.source), file) for each, file in resolved if file is not None]


def find_references(
    session: Session, path: str, offset: int
) -> tuple[Target, list[tuple[SourceFile, Occurrence]]] | None:
    """Return what the name at an offset means, and all places that name it, with their files.

    The places are those of the files that imports connect, in the order of path and place.
    """
    occurrence = session.analyze_file(path).occurrence_at(path, offset)
    if occurrence is None or occurrence.target.key is None:
        return None
    target = occurrence.target
    snapshot = session.analyze_naming(path, target.name)
    found: list[tuple[SourceFile, Occurrence]] = []
    for module in snapshot.model.modules:
        if target.name not in module.source.text:
            continue
        for each in snapshot.occurrences(module.source.path):
            if each.target.key == target.key:
                found.append((module.source, each))
    return target, found


def highlight(session: Session, path: str, offset: int) -> list[Occurrence]:
    """Return the places in one file that name what the name at an offset means."""
    snapshot = session.analyze_file(path)
    occurrence = snapshot.occurrence_at(path, offset)
    if occurrence is None:
        return []
    target = occurrence.target
    if target.key is None:
        return [each for each in snapshot.occurrences(path) if each.target.symbol is target.symbol]
    return [each for each in snapshot.occurrences(path) if each.target.key == target.key]
