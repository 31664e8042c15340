"""Formats a file: reads it, lays it out, and checks the result against the original."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain, compress

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.lexer import TERMINAL
from flowdsl.syntax.texts.literals import scan_text
from flowdsl.syntax.visit import dump

from .layout import heed_marks, lay_out
from .reading import read_sheet
from .sheet import COMMA, DAYS, NO_ENTRY, TEXTS, Gap, Sheet, doc_lines, split_trailing
from .suppressions import (
    Cover,
    Place,
    find_changed_covers,
    find_covers,
    hold_covered_items,
    mark_unbroken,
)
from .tree import IMPORTS, Item


class Formatted(Record):
    """The text of a file in the one style.

    `mistakes` are the syntax errors for which parts of the file were left unchanged. `problem`
    is None, or a sentence that says why the check of the result kept the original.
    """

    text: str
    mistakes: tuple[Diagnostic, ...]
    problem: str | None = None


def format_source(source: SourceFile) -> Formatted:
    """Format a file. Never raises: parts that cannot be formatted are unchanged."""
    styled = _in_style(source)
    if styled is None:
        return Formatted(source.text, _find_mistakes(source))
    mistakes = () if styled.whole else _find_mistakes(source)
    if styled.text == source.text:
        return Formatted(source.text, mistakes)
    problem = _find_problem(styled, _in_style(SourceFile(source.path, styled.text)))
    if problem is None:
        return Formatted(styled.text, mistakes)
    # Where parsing resumes after a mistake may depend on the layout: then this is no bug.
    if not styled.whole:
        return Formatted(source.text, mistakes)
    return Formatted(
        source.text, mistakes, f"{problem}, so the file stays as it is: please report this"
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


def _find_problem(first: _Styled, second: _Styled | None) -> str | None:
    """Return the problem with a formatted text, judged by it and by formatting it again.

    None if there is none.
    """
    if second is None:
        return "the formatted file could not be read"
    if second.text != first.text:
        return "formatting the file twice would change it twice"
    if find_changed_covers(first.covers, second.covers):
        return "a suppression would cover something else"
    return find_difference(Evidence(first.sheet, first.items), Evidence(second.sheet, second.items))


def _in_style(source: SourceFile) -> _Styled | None:
    """Return a file in the one style; None if nothing of it can be formatted.

    CRLF is kept if the first line ends so.
    """
    text = source.text
    line_break = "\n"
    if "\r" in text:
        if text.find("\r\n") == text.find("\r") == text.find("\n") - 1:
            line_break = "\r\n"
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    styled = _style_source(SourceFile(source.path, text))
    if styled is None or line_break == "\n":
        return styled
    written = styled.text.replace("\n", line_break)
    return _Styled(written, styled.sheet, styled.items, styled.covers, styled.whole)


def _style_source(source: SourceFile) -> _Styled | None:
    """Lay out a file, except for items whose suppression would then cover other code.

    They are held as they are, and the rest is laid out again until no suppression changes.
    """
    styled = _lay_out_source(source)
    held: dict[Place, Cover] = {}
    while styled is not None and styled.covers:
        again = _lay_out_source(SourceFile(source.path, styled.text))
        lost = find_changed_covers(styled.covers, [] if again is None else again.covers)
        more = {cover.place: cover for cover in lost if cover.place not in held}
        if not more:
            break
        held |= more
        styled = _lay_out_source(source, held.values())
    return styled


def _lay_out_source(source: SourceFile, held: Iterable[Cover] = ()) -> _Styled | None:
    """A file with `\\n` as line breaks in the one style, but for the items that `held` covers."""
    found = read_sheet(source)
    if found is None:
        return None
    sheet, items, whole = found
    lines = list(items)
    covered = find_covers(sheet, items)
    mark_unbroken(sheet)
    for cover in held:
        hold_covered_items(sheet, lines, cover)
    if sheet.fixed or "fmt:" in source.text:
        heed_marks(sheet, lines)
    sort_imports(sheet, lines)
    return _Styled(lay_out(sheet, lines), sheet, items, covered, whole)


def _find_mistakes(source: SourceFile) -> tuple[Diagnostic, ...]:
    sink = Sink()
    parse_module(source, sink)
    return sink.findings_in_order()


# Sorts imports by path, then by form, within each run without blank lines.
#
# Comments move with the imports that they are before or after.

_LAST_BLANK_LINE = re.compile(r"(?s).*\n[ \t\f]*(?=\n)")


def sort_imports(sheet: Sheet, items: list[Item]) -> None:
    """Sort every run of imports among the items of a file."""
    first = 0
    while first < len(items):
        past = first + 1
        if _may_move(sheet, items[first]):
            while past < len(items) and _goes_on(sheet, items[past]):
                past += 1
            _sort_items(sheet, items, first, past)
        first = past


def _may_move(sheet: Sheet, item: Item) -> bool:
    return item.rule in IMPORTS and item.raw is None and "# fmt:" not in sheet.blanks[item.start]


def _goes_on(sheet: Sheet, item: Item) -> bool:
    """Whether an import belongs to the same run as the previous one."""
    gap = Gap(sheet.blanks[item.start])
    parted = gap.parted or any(parted for parted, _ in gap.lines)
    return not parted and _may_move(sheet, item)


def _sort_items(sheet: Sheet, items: list[Item], first: int, past: int) -> None:
    run = items[first:past]
    order = sorted(range(len(run)), key=lambda number: _import_sort_key(sheet, run[number]))
    if order == list(range(len(run))):
        return
    blanks = sheet.blanks
    behind = items[past].start if past < len(items) else len(sheet.words) - 1
    gaps = [split_trailing(blanks[at]) for at in (*(item.start for item in run), behind)]
    trailing, own = [gap[0] for gap in gaps], [gap[1] for gap in gaps]
    found = _LAST_BLANK_LINE.match(own[0])
    header = found.group() if found else ""
    own[0] = own[0][len(header) :]
    items[first:past] = [run[number] for number in order]
    before = trailing[0] + header
    for number in order:
        blanks[run[number].start] = before + _on_next_line(own[number])
        before = trailing[number + 1]
    blanks[behind] = before + own[-1]


def _on_next_line(blank: str) -> str:
    return blank if blank.startswith("\n") else "\n" + blank


def _import_sort_key(sheet: Sheet, item: Item) -> tuple[str, int, str]:
    names = item.rule == "import_names"
    path = sheet.words[item.past - 1 if names else item.first + 1]
    return path, IMPORTS.index(item.rule), sheet.flat(item.first, item.past)


# Checks a formatted file against the original.
#
# Two files that can be read and have the same tokens have the same tree, if their doc comments and
# the values of their texts are the same as well. Commas that the grammar leaves open do not count,
# nor does the order of imports.

_OPTIONAL_IN_FRONT_OF = NO_ENTRY | {TERMINAL["FIELD"], TERMINAL["SECRET"]}


def find_difference(before: Evidence, after: Evidence) -> str | None:
    """Return how a formatted file differs in meaning or comments, as a clause.

    None if it does not.
    """
    if not _same_meaning(before, after):
        return "formatting would change what the file means"
    if before.comments != after.comments:
        return "formatting would lose or move a comment"
    return None


class Evidence:
    """What formatting must not change in a file.

    - `imports` are the imports, sorted.
    - `kinds` and `words` are the tokens after the imports, without optional commas.
    - `docs` are the doc comments there, each with the number of the token that it precedes.
    - `comments` are those up to the end of the imports, which may change their order, sorted; and
      those after it.
    """

    __slots__ = ("comments", "docs", "imports", "kinds", "words")

    def __init__(self, sheet: Sheet, items: list[Item]) -> None:
        kinds = sheet.kinds
        count = 1 + max((at for at, item in enumerate(items) if item.rule in IMPORTS), default=-1)
        begin = items[count].start if count < len(items) else len(kinds) - 1
        commas = [at for at, kind in enumerate(kinds) if kind == COMMA]
        optional = [at for at in commas if kinds[at + 1] in _OPTIONAL_IN_FRONT_OF]
        optional = sorted((*optional, *sheet.redundant))
        counts = [True] * len(kinds)
        for at in optional:
            counts[at] = False
        counts[:begin] = [False] * begin
        self.imports = sorted(
            " ".join(filter(None, sheet.texts[item.start : item.past])) for item in items[:count]
        )
        self.words = list(compress(sheet.words, counts))
        self.kinds = list(compress(kinds, counts))
        docs = ((at, doc_lines(blank)) for at, blank in sheet.commented if at in sheet.described)
        counted_before = begin - bisect_left(optional, begin)
        self.docs = [
            (at - bisect_left(optional, at) - counted_before, lines)
            for at, lines in docs
            if at >= begin and lines
        ]
        head = [Gap(blank).comments for at, blank in sheet.commented if at <= begin]
        tail = [Gap(blank).comments for at, blank in sheet.commented if at > begin]
        self.comments = sorted(chain.from_iterable(head)), list(chain.from_iterable(tail))


def _same_meaning(one: Evidence, other: Evidence) -> bool:
    if (one.kinds, one.docs, one.imports) != (other.kinds, other.docs, other.imports):
        return False
    return one.words == other.words or all(
        word == counterpart or _same_value(kind, word, counterpart)
        for kind, word, counterpart in zip(one.kinds, one.words, other.words, strict=True)
    )


def _same_value(kind: int, one: str, other: str) -> bool:
    """Whether two spellings of a token of this kind are the same text or day."""
    if kind in DAYS:
        return "".join(one.split()) == "".join(other.split())
    return kind in TEXTS and _text_parts(one) == _text_parts(other)


def _text_parts(word: str) -> list[str | list[str]]:
    """Return the parts of a text without offsets, and with only the words of its comments."""
    text = scan_text(SourceFile("", word), Sink(), 0, len(word))
    return [
        part.value.split() if isinstance(part, ast.TextComment) else dump(part, offsets=False)
        for part in text.parts
    ]
