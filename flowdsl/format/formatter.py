"""Formats a file: reads it, lays it out, and checks the result against the original."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module

from .imports import sort_imports
from .layout import lay_out
from .marks import heed_marks
from .proof import Evidence, difference
from .reading import read
from .sheet import Sheet
from .suppressions import Cover, Place, changed, covers, hold, mark_unbroken
from .tree import Item


class Formatted(Record):
    """The text of a file in the one style.

    `left` are the syntax errors because of which declarations stay byte for byte. `problem` is
    None, or a sentence that says why the check of the result made the original stay.
    """

    text: str
    left: tuple[Diagnostic, ...]
    problem: str | None = None


def format_source(source: SourceFile) -> Formatted:
    """Formats a file. Never raises: what cannot be formatted stays as it is."""
    styled = _in_style(source)
    if styled is None:
        return Formatted(source.text, _mistakes(source))
    left = () if styled.whole else _mistakes(source)
    if styled.text == source.text:
        return Formatted(source.text, left)
    problem = _problem(styled, _in_style(SourceFile(source.path, styled.text)))
    if problem is None:
        return Formatted(styled.text, left)
    # Where reading resumes behind a mistake may depend on the layout around it: no bug then.
    if not styled.whole:
        return Formatted(source.text, left)
    return Formatted(
        source.text, left, f"{problem}, so the file stays as it is: please report this"
    )


class _Styled(Record):
    """A text in the one style, and what it was made of.

    `whole` says that all of it could be read.
    """

    text: str
    sheet: Sheet
    items: list[Item]
    covers: list[Cover]
    whole: bool


def _problem(first: _Styled, second: _Styled | None) -> str | None:
    """What is wrong with a formatted text, judged by it and by its own formatting.

    None if nothing is.
    """
    if second is None:
        return "the formatted file could not be read"
    if second.text != first.text:
        return "formatting the file twice would change it twice"
    if changed(first.covers, second.covers):
        return "a suppression would cover something else"
    return difference(Evidence(first.sheet, first.items), Evidence(second.sheet, second.items))


def _in_style(source: SourceFile) -> _Styled | None:
    """A file in the one style; None if nothing of it can be formatted."""
    text = source.text
    line_break = "\n"
    if "\r" in text:
        if text.find("\r\n") == text.find("\r") == text.find("\n") - 1:
            line_break = "\r\n"
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    styled = _heeding_suppressions(SourceFile(source.path, text))
    if styled is None or line_break == "\n":
        return styled
    written = styled.text.replace("\n", line_break)
    return _Styled(written, styled.sheet, styled.items, styled.covers, styled.whole)


def _heeding_suppressions(source: SourceFile) -> _Styled | None:
    """A file laid out, except for items whose suppression would then cover other code."""
    styled = _laid_out(source)
    held: dict[Place, Cover] = {}
    while styled is not None and styled.covers:
        again = _laid_out(SourceFile(source.path, styled.text))
        lost = changed(styled.covers, [] if again is None else again.covers)
        more = {cover.place: cover for cover in lost if cover.place not in held}
        if not more:
            break
        held |= more
        styled = _laid_out(source, held.values())
    return styled


def _laid_out(source: SourceFile, held: Iterable[Cover] = ()) -> _Styled | None:
    """A file with `\\n` as line breaks in the one style, but for the items that `held` covers."""
    found = read(source)
    if found is None:
        return None
    sheet, items, whole = found
    lines = list(items)
    covered = covers(sheet, items)
    mark_unbroken(sheet)
    for cover in held:
        hold(sheet, lines, cover)
    if sheet.fixed or "fmt:" in source.text:
        heed_marks(sheet, lines)
    sort_imports(sheet, lines)
    return _Styled(lay_out(sheet, lines), sheet, items, covered, whole)


def _mistakes(source: SourceFile) -> tuple[Diagnostic, ...]:
    sink = Sink()
    parse_module(source, sink)
    return sink.sorted()
