"""Renames a name in all files that use it, or says why it cannot be renamed.

Whether the new name collides with another one is not worked out here: the files are checked with
the edits made. A rename is refused if that gives an error or a warning that was not there, or if
one of its places would then mean something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from flowdsl.diagnostics.diagnostic import ERROR, Edit
from flowdsl.source.files import library_of, spell_flow_path
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

from ..occurrences import Target
from ..session import Session
from ..trial import try_edits
from .navigation import find_references

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESSES = ("workflow", "chain")


class RefusedRename(Record):
    """Why a name is not renamed, as a sentence."""

    reason: str


def find_renamable(session: Session, path: str, offset: int) -> Span | RefusedRename:
    """Return the place of the name at an offset if it can be renamed."""
    snapshot = session.analyze_file(path)
    occurrence = snapshot.occurrence_at(path, offset)
    module = snapshot.module(path)
    if occurrence is None or module is None:
        return RefusedRename("there is no name here that can be renamed")
    target = occurrence.target
    if target.span is None:
        return RefusedRename(
            f"`{target.name}` is declared in `flowdsl.toml`; rename it there by hand"
        )
    if library_of(target.span.path) is not None:
        home = spell_flow_path(target.span.path)
        return RefusedRename(
            f"`{target.name}` belongs to `{home}`, which this project only reads; rename it in "
            "the project of the library"
        )
    if target.span.text != target.name:
        return RefusedRename(
            f"`{target.name}` comes from {target.span.text}; rename it there by hand"
        )
    return Span(module.source, occurrence.start, occurrence.end)


def rename(session: Session, path: str, offset: int, name: str) -> tuple[Edit, ...] | RefusedRename:
    """Return the edits that give the name at an offset another name, or why there are none."""
    place = find_renamable(session, path, offset)
    if isinstance(place, RefusedRename):
        return place
    old = place.text
    if _NAME.fullmatch(name) is None:
        return RefusedRename(f"`{name}` is no name: a name has ASCII letters, digits and `_`")
    if name == old:
        return ()
    found = find_references(session, path, offset)
    if found is None:
        return RefusedRename("there is no name here that can be renamed")
    target, references = found
    if old != target.name:
        # An import may give a declaration another name, which is one of its file alone.
        references = [(source, each) for source, each in references if source.path == path]
    spans = [Span(source, each.start, each.end) for source, each in references]
    edits = tuple(Edit(span, name) for span in spans if span.text == old)
    refused = _find_shared_address(session, target, name) if old == target.name else None
    return refused or _try(session, path, target, edits, old, name) or edits


def _find_shared_address(session: Session, target: Target, name: str) -> RefusedRename | None:
    """Refuse the address of another workflow or chain, which no import need connect."""
    if target.kind in _ADDRESSES:
        for other in sorted(session.entries):
            if any((kind, name) in session.facts_of(other).declared for kind in _ADDRESSES):
                return RefusedRename(f"`{other}` declares `{name}` already")
    return None


def _try(
    session: Session, path: str, target: Target, edits: Sequence[Edit], old: str, name: str
) -> RefusedRename | None:
    """Check the files with the edits made; returns why they must not be made."""
    after, new = try_edits(session, session.analyze_naming(path, target.name), edits)
    if new:
        # An error says more than a warning, and what names the old name more than what follows.
        first = min(new, key=lambda each: (each.severity != ERROR, old not in each.span.text))
        where = f"{spell_flow_path(first.span.path)}, line {first.span.first.line}"
        return RefusedRename(f"with the name `{name}`: {first.message} ({where})")
    moved = {(span.path, span.start) for span in _move(edits)}
    for file, start in moved:
        occurrence = after.occurrence_at(file, start)
        meant = None if occurrence is None else occurrence.target.span
        if meant is None or not _means(meant, target, moved):
            return RefusedRename(f"`{name}` would mean something else in {spell_flow_path(file)}")
    return None


def _means(meant: Span, target: Target, moved: set[tuple[str, int]]) -> bool:
    """Whether a place in the new texts is that of the target, which may have moved."""
    return (meant.path, meant.start) in moved or (
        target.span is not None and (meant.path, meant.text) == (target.span.path, target.span.text)
    )


def _move(edits: Sequence[Edit]) -> Iterable[Span]:
    """Yield the places of the edits in the new texts."""
    shift: Counter[str] = Counter()
    for edit in sorted(edits, key=lambda each: (each.span.path, each.span.start)):
        path, start = edit.span.path, edit.span.start + shift[edit.span.path]
        yield Span(SourceFile(path, ""), start, start + len(edit.replacement))
        shift[path] += len(edit.replacement) - (edit.span.end - edit.span.start)
