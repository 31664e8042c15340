"""The findings of a project as an editor shows them: as `flowdsl check` prints them."""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.compiler.import_lines import name_imports
from flowdsl.diagnostics.baseline import Baseline
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.fingerprint import compute_fingerprints

from .session import Session, Snapshot


def find_diagnostics(
    session: Session, snapshot: Snapshot, baseline: Baseline | None = None
) -> dict[str, tuple[Diagnostic, ...]]:
    """Return the findings of an analysis by file, for every flow that it read.

    Undeclared names have the import line that declares them; findings of the baseline are left out.
    """
    return select_findings(session, snapshot.analysis.findings, baseline, lambda: session.entries)


def select_findings(
    session: Session,
    findings: Findings,
    baseline: Baseline | None,
    flows: Callable[[], frozenset[str]],
) -> dict[str, tuple[Diagnostic, ...]]:
    """Return findings by file, with import lines, and without those of the baseline."""
    findings = name_imports(findings, session.files, lambda: sorted(flows()))
    shown = findings.diagnostics
    if baseline is not None:
        prints = compute_fingerprints(shown)
        new = baseline.compare(shown, prints, lambda path: False).new
        shown = tuple(shown[index] for index in new)
    found: dict[str, list[Diagnostic]] = {path: [] for path in findings.paths}
    for diagnostic in shown:
        found.setdefault(diagnostic.span.path, []).append(diagnostic)
    return {path: tuple(each) for path, each in found.items()}
