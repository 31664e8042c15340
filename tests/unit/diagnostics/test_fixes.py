"""Fixes: what they change, what they leave alone, and which of them are left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from flowdsl.source.text import SourceFile, Span
from tests.support.rows import in_rows

SPEC = DiagnosticSpec("undeclared-name", "names", "m")
SOURCE = SourceFile("a.flow", "abcdefghij")
OTHER = SourceFile("b.flow", "0123456789")


def edit(start: int, end: int, replacement: str, source: SourceFile = SOURCE) -> Edit:
    return Edit(Span(source, start, end), replacement)


def finding(*fixes: Fix) -> Diagnostic:
    return Diagnostic(SPEC, Span(SOURCE, 0, 0), "m", fixes=fixes)


def safe(*edits: Edit) -> Diagnostic:
    return finding(Fix("t", edits, SAFE))


def test_a_fix_may_edit_several_places_and_files() -> None:
    applied = apply_fixes(
        [safe(edit(6, 8, "GH"), edit(0, 1, ""), edit(2, 3, "!", OTHER)), safe(edit(4, 4, "-"))],
        (SAFE,),
    )
    assert applied.texts == {"a.flow": "bcd-efGHij", "b.flow": "01!3456789"}
    assert applied.sources == {"a.flow": SOURCE, "b.flow": OTHER}
    assert applied.count == 2


@in_rows(
    ("applicable", "expected"),
    [
        ((SAFE,), {"a.flow": "Sbcdefghij"}),
        ((SAFE, UNSAFE), {"a.flow": "SbUdefghij"}),
        ((), {}),
    ],
)
def test_only_wanted_fixes(applicable: tuple[str, ...], expected: dict[str, str]) -> None:
    found = [
        finding(Fix("t", (edit(4, 5, "P"),), "placeholder")),
        finding(Fix("t", (edit(2, 3, "U"),), UNSAFE)),
        finding(),
        finding(Fix("t", (edit(6, 7, "P"),), "placeholder"), Fix("t", (edit(0, 1, "S"),), SAFE)),
    ]
    assert apply_fixes(found, applicable).texts == expected


@in_rows(
    "second",
    [(3, 5), (0, 10), (4, 4), (5, 6), (5, 5), (1, 2), (2, 2)],
    ids=["overlap", "around", "within", "touching", "at the end", "before", "at the start"],
)
def test_of_two_fixes_that_meet_the_first_is_taken(second: tuple[int, int]) -> None:
    applied = apply_fixes([safe(edit(2, 5, "-")), safe(edit(*second, "+"))], (SAFE,))
    assert (applied.texts, applied.count) == ({"a.flow": "ab-fghij"}, 1)


def test_a_fix_of_which_one_edit_is_in_the_way_is_left_out_whole() -> None:
    second = safe(edit(3, 4, "+"), edit(0, 1, "+", OTHER), edit(9, 10, "+"))
    applied = apply_fixes([safe(edit(2, 5, "-")), second, safe(edit(9, 10, "*"))], (SAFE,))
    assert applied.texts == {"a.flow": "ab-fghi*"}
    assert applied.count == 2


def test_a_fix_that_reaches_a_forbidden_file_is_left_out_whole() -> None:
    both = safe(edit(0, 1, "+"), edit(0, 1, "+", OTHER))
    applied = apply_fixes([both, safe(edit(1, 2, "-"))], (SAFE,), lambda path: path == "a.flow")
    assert applied.texts == {"a.flow": "a-cdefghij"}


def test_fixes_of_a_group_are_applied_all_or_none() -> None:
    """First of all, however the others meet them, and an edit of two of them once."""
    rest = [safe(edit(1, 2, "B")), safe(edit(7, 8, "H"))]
    one, two = safe(edit(2, 3, "C")), safe(edit(3, 5, ""))
    same = safe(edit(2, 3, "C"), edit(3, 5, ""), edit(0, 1, "", OTHER))
    held, also = finding(Fix("t", (edit(9, 10, "J"),), UNSAFE)), safe(edit(8, 9, "I"))
    groups = {one: "g", two: "g", same: "g", held: "h", also: "h"}

    def applied(*found: Diagnostic, may_edit: str = "a.flow b.flow") -> object:
        result = apply_fixes(found, (SAFE,), may_edit.split().__contains__, groups.get)
        return result.texts, result.count

    assert applied(*rest, one, same, two) == ({"a.flow": "abCfgHij", "b.flow": "123456789"}, 4)
    assert applied(*rest, one, same, two, may_edit="a.flow") == ({"a.flow": "aBcdefgHij"}, 2)
    assert applied(one, held, also) == ({"a.flow": "abCdefghij"}, 1)


def test_an_edit_inside_a_removed_range_goes_with_it() -> None:
    inside, whole = safe(edit(3, 4, "x"), edit(6, 7, "G")), safe(edit(2, 5, ""))
    applied = apply_fixes([inside, whole], (SAFE,), group_of=lambda found: "g")
    assert (applied.texts, applied.count) == ({"a.flow": "abfGhij"}, 2)
    assert apply_fixes([inside, whole], (SAFE,)).texts == {"a.flow": "abcxefGhij"}


@in_rows(
    "edits",
    [
        (),
        (edit(2, 4, "cd"),),
        (edit(2, 4, "x"), edit(3, 5, "y")),
        (edit(5, 11, "x"),),
        (edit(5, 4, "x"),),
        (edit(-1, 4, "x"),),
        (edit(0, 1, "x"), edit(5, 6, "y", SourceFile("a.flow", "another text"))),
    ],
    ids=["empty", "nothing", "itself", "behind", "backwards", "before", "two texts"],
)
def test_a_fix_that_makes_no_sense_is_left_out(edits: tuple[Edit, ...]) -> None:
    applied = apply_fixes([safe(*edits)], (SAFE,))
    assert (applied.texts, applied.count, applied.sources) == ({}, 0, {})


def test_a_fix_of_another_text_of_the_file_is_left_out() -> None:
    stale = SourceFile("a.flow", "abc")
    applied = apply_fixes([safe(edit(0, 1, "A")), safe(edit(2, 3, "C", stale))], (SAFE,))
    assert applied.texts == {"a.flow": "Abcdefghij"}


def test_edits_of_one_fix_may_touch() -> None:
    applied = apply_fixes(
        [safe(edit(2, 2, "1"), edit(2, 2, "2"), edit(2, 4, "3"), edit(4, 4, "4"))], (SAFE,)
    )
    assert applied.texts == {"a.flow": "ab1234efghij"}


@in_rows(
    ("text", "expected"),
    [
        ("x\r\ny\n", "1\r\n2x\r\ny\n"),
        ("x\ny\r\n", "1\n2x\ny\r\n"),
        ("x", "1\n2x"),
        ("\n", "1\n2\n"),
    ],
)
def test_new_lines_end_as_those_of_the_file(text: str, expected: str) -> None:
    applied = apply_fixes([safe(edit(0, 0, "1\n2", SourceFile("a.flow", text)))], (SAFE,))
    assert applied.texts == {"a.flow": expected}


PLACES = st.integers(-1, 12)
EDITS = st.builds(
    edit, PLACES, PLACES, st.sampled_from(["", "X", "YZ", "c"]), st.sampled_from([SOURCE, OTHER])
)
FOUND = st.lists(st.lists(EDITS, max_size=3).map(lambda edits: safe(*edits)), max_size=8)


@given(FOUND)
def test_edits_land_exactly_and_everything_else_stays(found: list[Diagnostic]) -> None:
    applied = apply_fixes(found, (SAFE,))
    # An independent reading: which fixes are whole in the result, tried from the first on.
    taken: list[Edit] = []
    for diagnostic in found:
        edits = list(diagnostic.fixes[0].edits)
        fits = all(0 <= e.span.start <= e.span.end <= 10 for e in edits)
        changes = any(e.span.text != e.replacement for e in edits)
        free = all(
            e.span.path != t.span.path or e.span.end < t.span.start or t.span.end < e.span.start
            for e in edits
            for t in taken
        )
        apart = all(
            a.span.path != b.span.path or a.span.end <= b.span.start or b.span.end <= a.span.start
            for i, a in enumerate(edits)
            for b in edits[:i]
        )
        if fits and changes and free and apart:
            taken += edits
    expected = {}
    for path, text in (("a.flow", SOURCE.text), ("b.flow", OTHER.text)):
        here = [e for e in taken if e.span.path == path]
        # From the end on, so that offsets stay right; of edits at one place the empty range stands
        # first.
        order = sorted(enumerate(here), key=lambda p: (p[1].span.start, p[1].span.end, p[0]))
        for _, each in reversed(order):
            text = text[: each.span.start] + each.replacement + text[each.span.end :]
        if here:
            expected[path] = text
    assert applied.texts == expected
