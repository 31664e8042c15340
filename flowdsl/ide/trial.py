"""What edits would do, found out by checking the files with the edits made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from flowdsl.diagnostics.diagnostic import INFO, Diagnostic, Edit
from flowdsl.host.disk import Overlay
from flowdsl.source.files import SUFFIX

from .session import Session, Snapshot


def apply_edits(edits: Iterable[Edit]) -> dict[str, str]:
    """Return the new texts of the files that edits change; the edits do not overlap."""
    texts: dict[str, str] = {}
    ordered = sorted(edits, key=lambda each: (each.span.path, each.span.start), reverse=True)
    for edit in ordered:
        text = texts.setdefault(edit.span.path, edit.span.source.text)
        texts[edit.span.path] = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return texts


def try_edits(
    session: Session, before: Snapshot, edits: Sequence[Edit]
) -> tuple[Snapshot, list[Diagnostic]]:
    """Return the analysis of the files of `before` with the edits made, and what is new in it.

    New are errors and warnings of a name that the file had fewer of.
    """
    contents = {path: text.encode() for path, text in apply_edits(edits).items()}
    trial = Session(Overlay(session.files, contents), session.options, session.entries)
    flows = tuple(path for path in sorted(before.reads) if path.endswith(SUFFIX))
    after = trial.analyze_paths(flows, session.options)
    known = Counter(map(_key_of, before.analysis.diagnostics))
    new: list[Diagnostic] = []
    for diagnostic in after.analysis.diagnostics:
        known[_key_of(diagnostic)] -= 1
        if known[_key_of(diagnostic)] < 0 and diagnostic.severity != INFO:
            new.append(diagnostic)
    return after, new


def _key_of(diagnostic: Diagnostic) -> tuple[str, str]:
    return diagnostic.name, diagnostic.span.path
