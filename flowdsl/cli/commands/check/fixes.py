"""`flowdsl check --fix`: apply fixes until none is left.

The result is written to files, printed, or shown as a diff. Files in former spellings are carried
over together with the files that imports connect them with, so that a new name reaches its tests:
all their fixes are applied, or none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import groupby

from flowdsl.compiler.pipeline import Analysis, CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import Overlay
from flowdsl.semantics.names.files import group_connected_paths, imports_in
from flowdsl.source.files import UnreadableFile, decode_text, library_of
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax.errors import FORMER_SPELLING

from ...runtime.console import Console
from ...runtime.rewrites import (
    BOM,
    Rewrite,
    error_for_changed_file,
    print_difference,
    write_rewrites,
)
from ...runtime.target import CommandTarget
from .view import Shown

ROUNDS = 10
"""The maximum number of rounds of fixing. A fix may enable another one; fixes that are still left
after this many rounds undo each other."""


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


class Fixed(Record):
    """The outcome of fixing.

    - `findings`, `report`: of the fixed texts.
    - `unfixed`: the report before fixing.
    - `originals`, `contents`: the old and new bytes of the files that change, by path.
    - `count`: the number of applied fixes.
    - `broken`: files whose last fixes were reverted, because they caused syntax errors.
    - `held`: files of libraries with fixes, which are not applied.
    - `kept`: files that are not carried over to the present spellings.
    """

    findings: Findings
    report: Shown
    unfixed: Shown
    originals: dict[str, bytes]
    contents: dict[str, bytes]
    count: int
    broken: tuple[str, ...]
    held: tuple[str, ...] = ()
    kept: tuple[KeptFiles, ...] = ()


def fix_findings(
    target: CommandTarget,
    options: CompileOptions,
    select: Callable[[Findings], Shown],
    *,
    unsafe: bool,
) -> Fixed:
    """Apply, in memory, the fixes of the findings that `select` keeps."""
    applicable = (SAFE, UNSAFE) if unsafe else (SAFE,)
    analysis = analyze(target.files, target.entries, options)
    report = unfixed = select(analysis.findings)
    originals: dict[str, bytes] = {}
    contents: dict[str, bytes] = {}
    broken: tuple[str, ...] = ()
    count = 0
    for _ in range(ROUNDS):
        editable = _editable_files(target, analysis)
        whole = target.whole or target.project is None
        carrying = Carrying(analysis, editable, applicable, whole=whole)
        found = [
            *carrying.findings,
            *(each for each in report.diagnostics if carrying.group_of(each) is None),
        ]
        applied = apply_fixes(
            filter(carrying.may_fix, found), applicable, editable.__contains__, carrying.group_of
        )
        if not applied.count:
            break
        for path, source in applied.sources.items():
            if path not in originals:
                originals[path] = _bytes_of(source, target)
        attempt = contents | {
            path: BOM * originals[path].startswith(BOM) + text.encode()
            for path, text in applied.texts.items()
        }
        after = analyze(Overlay(target.files, attempt), target.entries, options)
        broken = tuple(
            path
            for path in applied.texts
            if _count_mistakes(after, path) > _count_mistakes(analysis, path)
        )
        if broken:
            break
        analysis, contents, report = after, attempt, select(after.findings)
        count += applied.count
    contents = {path: new for path, new in contents.items() if new != originals[path]}
    held = () if target.buffers else _in_libraries(report, applicable)
    return Fixed(
        analysis.findings,
        report,
        unfixed,
        originals,
        contents,
        count,
        broken,
        held,
        tuple(carrying.kept),
    )


def _in_libraries(report: Shown, applicable: Collection[str]) -> tuple[str, ...]:
    """The sorted paths of the files of libraries that fixes would change."""
    fixes = (fix for found in report.diagnostics for fix in found.fixes)
    paths = {
        edit.span.path for fix in fixes if fix.applicability in applicable for edit in fix.edits
    }
    return tuple(sorted(path for path in paths if library_of(path) is not None))


def _editable_files(target: CommandTarget, analysis: Analysis) -> frozenset[str]:
    """The files that a fix may change: flows of the project, without those of libraries.

    For standard input it is only that one, even in a library: it is printed, not written.
    """
    flows = frozenset(module.source.path for module in analysis.model.modules)
    if target.buffers:
        return flows.intersection(target.buffers)
    return frozenset(path for path in flows if library_of(path) is None)


def _bytes_of(source: SourceFile, target: CommandTarget) -> bytes:
    """Return the bytes of a file that was read before.

    Raises `CommandError` if it has changed since.
    """
    try:
        content = target.files.read_bytes(source.path)
        if decode_text(source.path, content) == source.text:
            return content
    except UnreadableFile:
        pass
    raise error_for_changed_file(source.path, "check")


def _count_mistakes(analysis: Analysis, path: str) -> int:
    return sum(
        found.spec.category == "syntax" and found.span.path == path
        for found in analysis.diagnostics
    )


def hand_over(
    fixed: Fixed,
    target: CommandTarget,
    console: Console,
    show_path: Callable[[str], str],
    *,
    diff: bool,
) -> None:
    """Write the fixed files, or print the fixed standard input, or for `diff` the difference.

    Raises `CommandError`.
    """
    if diff:
        print_difference(_collect_rewrites(fixed, target, show_path), console)
    elif target.buffers:
        _print_buffer(fixed, target, console)
    elif fixed.contents:
        write_rewrites(_collect_rewrites(fixed, target, show_path), during="check")
    for path in fixed.broken:
        console.err(
            f"note: the last fixes of `{make_printable(show_path(path))}` are taken back, for they "
            "break it; please report this"
        )
    if fixed.contents:
        done = "would fix" if diff else "fixed"
        files = format_count(len(fixed.contents), "file")
        console.err(f"{done} {format_count(fixed.count, 'finding')} in {files}")
    for left in fixed.kept:
        shown = join_names(make_printable(show_path(path)) for path in left.paths)
        span = left.finding.span
        place = f"{make_printable(show_path(span.path))}:{span.first.line}"
        console.err(
            f"note: nothing in {shown} is carried over to the present spellings, because of "
            f"{place}: {left.finding.message}; {left.way}"
        )
    for library, paths in groupby(fixed.held, key=library_of):
        shown = join_names(make_printable(show_path(path)) for path in paths)
        kept = target.library_refusal(library or "", "check --fix .")
        console.err(f"note: the fixes in {shown} are not made: {kept}")


def print_unfixed(console: Console) -> None:
    """Print standard input unchanged, so that an editor that replaces its buffer loses nothing."""
    with suppress(OSError):  # reported elsewhere
        console.out_bytes(sys.stdin.buffer.read())


def _print_buffer(fixed: Fixed, target: CommandTarget, console: Console) -> None:
    path = target.buffers[0]
    content = fixed.contents.get(path)
    if content is None:
        try:
            content = target.files.read_bytes(path)
        except UnreadableFile:  # too large, as the report says
            return
    console.out_bytes(content)


def _collect_rewrites(
    fixed: Fixed, target: CommandTarget, show_path: Callable[[str], str]
) -> list[Rewrite]:
    return [
        Rewrite(
            show_path(path),
            target.root,
            target.full_path(path),
            fixed.originals[path],
            content,
        )
        for path, content in sorted(fixed.contents.items())
    ]
