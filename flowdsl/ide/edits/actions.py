"""What an editor offers to do about a place: fixes of findings, and suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.diagnostics.baseline import Baseline
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic, Edit
from flowdsl.diagnostics.fixes import SAFE
from flowdsl.source.files import SUFFIX, library_of
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax.parser.lexer import lex

from ..diagnostics import find_diagnostics
from ..session import Session
from .declarations import extract_task, write_missing_test

FIX = "fix"
IGNORE = "ignore"
REFACTOR = "refactor"
REASON = "say why this is right here"


class Action(Record):
    """A change that is offered. `diagnostic` is what it answers; `safe` changes no run."""

    title: str
    kind: str
    edits: tuple[Edit, ...]
    diagnostic: Diagnostic | None = None
    safe: bool = False


def find_fixes(diagnostics: Iterable[Diagnostic], start: int, end: int) -> Iterator[Action]:
    """Yield the fixes of the findings that touch a range, then what suppresses them."""
    touched = [each for each in diagnostics if each.span.start <= end and start <= each.span.end]
    for diagnostic in touched:
        for fix in diagnostic.fixes:
            if all(library_of(edit.span.path) is None for edit in fix.edits):
                safe = fix.applicability == SAFE
                title = fix.title[:1].upper() + fix.title[1:]
                yield Action(title, FIX, fix.edits, diagnostic, safe)
    for diagnostic in touched:
        edit = _write_suppression(diagnostic)
        if edit is not None:
            title = f"Ignore `{diagnostic.name}` here, with a reason"
            yield Action(title, IGNORE, (edit,), diagnostic)


def _write_suppression(diagnostic: Diagnostic) -> Edit | None:
    """Return the edit that suppresses a finding; None for an error that nothing may suppress."""
    span = diagnostic.span
    if diagnostic.severity == ERROR and not diagnostic.spec.arguable:
        return None
    if not span.path.endswith(SUFFIX) or library_of(span.path) is not None:
        return None
    source = span.source
    first = source.offset(span.first.line, 1)
    line = source.line(span.first.line)
    indent = line[: len(line) - len(line.lstrip())]
    words = f"flow: ignore[{diagnostic.name}] {REASON}"
    comment = f"{{# {words} #}}" if _is_inside_text(source, first) else f"# {words}"
    return Edit(Span(source, first, first), f"{indent}{comment}\n")


def _is_inside_text(source: SourceFile, offset: int) -> bool:
    """Whether an offset is inside a text of several lines, where `#` begins no comment."""
    return any(
        token.kind == "BLOCK" and token.start < offset < token.end for token in lex(source.text)
    )


def find_actions(
    session: Session, path: str, start: int, end: int, baseline: Baseline | None = None
) -> Iterator[Action]:
    """Yield everything that is offered for a range of a file."""
    snapshot = session.analyze_file(path)
    findings = find_diagnostics(session, snapshot, baseline).get(path, ())
    yield from find_fixes(findings, start, end)
    if start < end:
        edits = extract_task(session, path, start, end)
        if edits is not None:
            yield Action("Extract a task", REFACTOR, edits)
    test = write_missing_test(session, path, start)
    if test is not None:
        yield Action(f"Write a test of `{test[0]}`", REFACTOR, (test[1],))
