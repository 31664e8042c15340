"""Files in former spellings, which `flowdsl check --fix` carries over as a whole.

Such a file is carried over together with the files that imports connect it with, so that a new name
reaches its tests: all their fixes are applied, or none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flowdsl.compiler.pipeline import Analysis
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.fixes import UNSAFE
from flowdsl.semantics.names.paths import group_connected_paths, imports_in
from flowdsl.source.record import Record
from flowdsl.syntax.errors import FORMER_SPELLING

CLASHES = frozenset(("reserved-name", "shadowed-name"))
"""The errors about names that were no errors beside the former spellings."""


class KeptFiles(Record):
    """Files that keep their former spellings, the finding for which they do, and the way out."""

    paths: tuple[str, ...]
    finding: Diagnostic
    way: str


class Carrying:
    """What carries the files of an analysis over.

    `findings` are those whose fixes are applied together, and `kept` the files that cannot be
    carried over.
    """

    def __init__(
        self,
        analysis: Analysis,
        editable: Collection[str],
        applicable: Collection[str],
        *,
        whole: bool,
    ) -> None:
        self.findings: list[Diagnostic] = []
        self.kept: list[KeptFiles] = []
        self._groups: dict[str, int] = {}
        self._left: set[str] = set()
        found = [each for each in analysis.diagnostics if each.span.path in editable]
        old = {each.span.path for each in found if each.spec is FORMER_SPELLING}
        if not old:
            return
        texts = {each.source.path: each.source.text for each in analysis.model.modules}
        connected = group_connected_paths(
            sorted(editable), lambda path: imports_in(path, texts.get(path, ""))
        )
        for number, paths in enumerate(connected):
            if old.isdisjoint(paths):
                continue
            here = [each for each in found if each.span.path in paths]
            kept = _find_obstacle(here, applicable, whole=whole)
            if kept is None:
                self._groups.update(dict.fromkeys(paths, number))
                self.findings += filter(carries, here)
            else:
                finding, way = kept
                self._left.update(paths)
                self.kept.append(KeptFiles(tuple(sorted(old.intersection(paths))), finding, way))

    def group_of(self, finding: Diagnostic) -> int | None:
        """Return the number of the files that a fix of a finding carries over; None for others."""
        return self._groups.get(finding.span.path) if carries(finding) else None

    def may_fix(self, finding: Diagnostic) -> bool:
        """Whether the fix of a finding may be applied at all, in its group or alone."""
        return not carries(finding) or finding.span.path not in self._left


def carries(finding: Diagnostic) -> bool:
    """Whether a finding is a former spelling, or about a name that was allowed beside them."""
    return finding.spec is FORMER_SPELLING or finding.name in CLASHES


def _find_obstacle(
    found: Sequence[Diagnostic], applicable: Collection[str], *, whole: bool
) -> tuple[Diagnostic, str] | None:
    """Return the first finding for which connected files cannot be carried over, and a way out."""
    for each in found:
        if each.spec.category == "syntax" and each.spec is not FORMER_SPELLING:
            return each, "put it right first"
        if not carries(each):
            continue
        fixes = [fix for fix in each.fixes if fix.applicability in applicable]
        if not fixes and any(fix.applicability == UNSAFE for fix in each.fixes):
            return each, "`--unsafe-fixes` gives it another name"
        if not fixes:
            return each, "put it right first"
        if fixes[0].applicability == UNSAFE and not whole:
            return each, "another name concerns tests of other files, too: check the whole project"
    return None
