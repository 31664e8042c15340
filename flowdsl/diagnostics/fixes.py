"""The fixes of findings, applied to the texts of files."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterable

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile

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
) -> Applied:
    """Apply one fix of each finding, the first whose applicability is among `applicable`.

    A fix is applied whole or not at all. It is left out when `may_edit` is false of a file that it
    edits, when it changes nothing, and when it conflicts with an edit of an earlier fix; a second
    round, on the new texts, may apply it.
    """
    plan = _FixPlan(may_edit)
    count = 0
    for diagnostic in diagnostics:
        fix = next((each for each in diagnostic.fixes if each.applicability in applicable), None)
        if fix is not None and plan.accept(fix):
            count += 1
    return Applied(plan.sources, plan.texts(), count)


class _FixPlan:
    """The edits that were accepted.

    Within a file they neither overlap nor touch, unless they belong to one fix.
    """

    def __init__(self, may_edit: Callable[[str], bool]) -> None:
        self._may_edit = may_edit
        self._edits: dict[str, list[Edit]] = {}
        self.sources: dict[str, SourceFile] = {}

    def accept(self, fix: Fix) -> bool:
        """Accept the edits of a fix if all of them fit; returns whether they were accepted."""
        edits = sorted(fix.edits, key=_place)
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
