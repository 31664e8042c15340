"""The fixes of findings, applied to the texts of files."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

from .diagnostic import Diagnostic, Edit, Fix

SAFE = "safe"
UNSAFE = "unsafe"


class Applied(Record):
    """The result of applying fixes.

    `sources` are the files that were edited and `texts` their new texts, both by path. `count` is
    the number of fixes.
    """

    sources: dict[str, SourceFile]
    texts: dict[str, str]
    count: int


def apply_fixes(
    diagnostics: Iterable[Diagnostic],
    applicable: Collection[str],
    may_edit: Callable[[str], bool] = lambda path: True,
    group_of: Callable[[Diagnostic], Hashable] = lambda diagnostic: None,
) -> Applied:
    """Apply one fix of each finding, the first whose applicability is among `applicable`.

    A fix is applied whole or not at all. It is left out when `may_edit` is false of a file that it
    edits, when it changes nothing, and when it conflicts with an edit of an earlier fix; a second
    round, on the new texts, may apply it. The fixes of findings for which `group_of` gives the same
    value, other than None, are applied all together, before the others, or not at all.
    """
    plan = _FixPlan(may_edit)
    count = 0
    groups: dict[Hashable, list[Fix | None]] = {}
    for diagnostic in diagnostics:
        fix = next((each for each in diagnostic.fixes if each.applicability in applicable), None)
        groups.setdefault(group_of(diagnostic), []).append(fix)
    alone = groups.pop(None, [])
    for group in (*groups.values(), *([fix] for fix in alone)):
        if plan.accept(group):
            count += len(group)
    return Applied(plan.sources, plan.texts(), count)


class _FixPlan:
    """The edits that were accepted.

    Within a file they neither overlap nor touch, unless they belong to one fix.
    """

    def __init__(self, may_edit: Callable[[str], bool]) -> None:
        self._may_edit = may_edit
        self._edits: dict[str, list[Edit]] = {}
        self.sources: dict[str, SourceFile] = {}

    def accept(self, fixes: Sequence[Fix | None]) -> bool:
        """Accept the edits of some fixes if all of them fit; returns whether they were accepted.

        An edit that several of the fixes have counts once, and one inside of a range that another
        of the fixes removes not at all. A None, for a finding without a fix, fits never.
        """
        edits: list[Edit] = []
        known: set[tuple[str, int, int, str]] = set()
        for fix in fixes:
            if fix is None:
                return False
            edits += [each for each in fix.edits if (*_place(each), each.replacement) not in known]
            known.update((*_place(each), each.replacement) for each in fix.edits)
        edits = _drop_removed(edits) if len(fixes) > 1 else sorted(edits, key=_place)
        sources = {edit.span.path: edit.span.source for edit in edits} | self.sources
        if not any(edit.span.text != edit.replacement for edit in edits):
            return False
        if any(map(_has_overlap, edits, edits[1:])):
            return False
        if not all(self._can_take(edit, sources[edit.span.path].text) for edit in edits):
            return False
        for edit in edits:
            insort(self._edits.setdefault(edit.span.path, []), edit, key=_place)
        self.sources = sources
        return True

    def _can_take(self, edit: Edit, text: str) -> bool:
        span = edit.span
        if span.source.text != text or not 0 <= span.start <= span.end <= len(text):
            return False
        if not self._may_edit(span.path):
            return False
        # Edits of several fixes never touch. Those of one fix may, and the last of them that begins
        # before the end of `span` also ends last.
        accepted = self._edits.get(span.path, [])
        at = bisect_right(accepted, span.end, key=_start)
        return at == 0 or accepted[at - 1].span.end < span.start

    def texts(self) -> dict[str, str]:
        return {
            path: _apply_edits(self.sources[path].text, edits)
            for path, edits in self._edits.items()
        }


def _place(edit: Edit) -> tuple[str, int, int]:
    return (edit.span.path, edit.span.start, edit.span.end)


def _start(edit: Edit) -> int:
    return edit.span.start


def _has_overlap(edit: Edit, following: Edit) -> bool:
    return edit.span.path == following.span.path and following.span.start < edit.span.end


def _drop_removed(edits: list[Edit]) -> list[Edit]:
    """Return edits, sorted, without those inside of a larger range that one of them removes."""
    kept: list[Edit] = []
    removed: Span | None = None
    for edit in sorted(edits, key=lambda each: (each.span.path, each.span.start, -each.span.end)):
        span = edit.span
        inside = (
            removed is not None
            and removed.path == span.path
            and span.end <= removed.end
            # What is inserted at a border of the range stands beside it.
            and not (span.start == span.end and span.start in (removed.start, removed.end))
        )
        if inside and span != removed:
            continue
        kept.append(edit)
        if not edit.replacement and not inside:
            removed = span
    return sorted(kept, key=_place)


def _apply_edits(text: str, edits: list[Edit]) -> str:
    parts = []
    position = 0
    for edit in sorted(edits, key=_place):
        parts += [text[position : edit.span.start], _match_line_breaks(text, edit.replacement)]
        position = edit.span.end
    return "".join([*parts, text[position:]])


def _match_line_breaks(text: str, replacement: str) -> str:
    """`replacement` with the kind of line break that `text` begins with."""
    end = text.find("\n")
    if end < 1 or text[end - 1] != "\r" or "\n" not in replacement:
        return replacement
    return replacement.replace("\r\n", "\n").replace("\n", "\r\n")
