"""The findings of a project as an editor shows them: as `flowdsl check` prints them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from flowdsl.compiler.import_lines import name_imports
from flowdsl.diagnostics.baseline import Baseline
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.lint.rules import RULES
from flowdsl.source.record import replace
from flowdsl.source.text import SourceFile, Span

from .session import Session, Snapshot


def find_diagnostics(
    session: Session, snapshot: Snapshot, baseline: Baseline | None = None
) -> dict[str, tuple[Diagnostic, ...]]:
    """Return the findings of an analysis by file, for every flow that it read.

    Undeclared names have the import line that declares them; findings of the baseline are left out.
    """
    findings = snapshot.analysis.findings
    findings = name_imports(findings, session.files, lambda: sorted(session.entries))
    shown = findings.diagnostics
    if baseline is not None:
        prints = compute_fingerprints(shown)
        new = baseline.compare(shown, prints, lambda path: False).new
        shown = tuple(shown[index] for index in new)
    found: dict[str, list[Diagnostic]] = {path: [] for path in findings.paths}
    for diagnostic in shown:
        found.setdefault(diagnostic.span.path, []).append(diagnostic)
    return {path: tuple(each) for path, each in found.items()}


def keep_group_findings(
    session: Session, shown: Sequence[Diagnostic], path: str
) -> tuple[Diagnostic, ...]:
    """Return those of the findings shown of a file that only a check of its whole group makes.

    They move with the text around them; one whose own text has changed is left out.
    """
    rules = (*RULES, *session.options.rules)
    names = {rule.name for rule in rules if rule.needs_whole_program}
    wanted = [each for each in shown if each.name in names and each.span.path == path]
    after = session.text_of(path)
    if not wanted or after is None:
        return ()
    source = SourceFile(path, after)
    before = wanted[0].span.source.text
    head = _count_common(before, after)
    tail = _count_common(before[head:][::-1], after[head:][::-1])
    moved = len(after) - len(before)
    kept: list[Diagnostic] = []
    for each in wanted:
        span = each.span
        shift = 0 if span.end <= head else moved
        if span.source.text == before and (not shift or span.start >= len(before) - tail):
            new = Span(source, span.start + shift, span.end + shift)
            kept.append(replace(each, span=new, fixes=()))
    return tuple(kept)


def _count_common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
