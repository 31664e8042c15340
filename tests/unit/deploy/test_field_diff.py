"""Rows of a difference: both sides can be read off them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.deploy.comparison.field_diff import field_rows, render_plain_rows
from flowdsl.deploy.resources.policy import normalise_value, render_canonical_json
from flowdsl.deploy.resources.workflow import CHECKS, POLICIES
from flowdsl.diagnostics.render.cells import make_printable

WORDS = st.lists(st.sampled_from(("open", "the", "a", " ", "  ", ",", ".", "é", "\t")), max_size=12)
LINES = st.lists(st.sampled_from(("", "one", "two", "```", "  x")), max_size=8)
CHECK = st.fixed_dictionaries(
    {"name": st.sampled_from("abc"), "type": st.sampled_from(("x", "y"))},
    optional={
        "file_names": st.lists(st.sampled_from("pq"), max_size=2),
        "check_prompt": st.sampled_from(("", "is it", "is it so")),
        "allow_missing_attachments": st.booleans(),
        "expected_match_count": st.sampled_from((0, 1)),
    },
)


def rows(path: str, before: Any, after: Any, *, words: bool = True) -> list[Any]:
    return field_rows(FieldChange(path, before, after, "source", after), words=words)


@given(WORDS.map("".join), WORDS.map("".join))
def test_words_that_stay_and_go_are_the_old_text(before: str, after: str) -> None:
    found = rows("main_prompt", before, after)
    pieces = [piece for row in found for piece in row.pieces]
    if before == after:
        assert found == []
        return
    for text, other in ((before, "added"), (after, "removed")):
        assert "".join(words for words, mark in pieces if mark != other) == make_printable(text)


@given(LINES, LINES)
def test_lines_that_go_and_come_make_one_text_of_the_other(old: list[str], new: list[str]) -> None:
    found = rows("main_prompt", "\n".join(old), "\n".join(new), words=False)
    signed = {sign: Counter(row.pieces[0][0] for row in found if row.sign == sign) for sign in "+-"}
    before, after = (Counter("\n".join(side).split("\n")) for side in (old, new))
    before.subtract(signed["-"])
    before.update(signed["+"])
    assert +before == after and min(before.values(), default=0) >= 0


@given(st.lists(CHECK, max_size=3), st.lists(CHECK, max_size=3), st.booleans())
def test_checks_that_differ_have_rows(old: list[Any], new: list[Any], words: bool) -> None:
    before, after = (normalise_value(POLICIES[CHECKS], side) for side in (old, new))
    found = rows(CHECKS, before, after, words=words)
    if render_canonical_json(before) != render_canonical_json(after):
        assert found
    assert all(line == make_printable(line) for line in render_plain_rows(found).split("\n"))


def test_the_order_of_checks_is_told() -> None:
    first, second = ({"name": name, "type": "x"} for name in "ab")
    assert (
        render_plain_rows(rows(CHECKS, [first, second], [second, first]))
        == '! order: ["a", "b"] -> ["b", "a"]'
    )


def test_a_changed_prompt_of_a_check_is_told_in_words() -> None:
    before, after = (
        [{"name": "c", "type": "x", "check_prompt": f"Is the {word} there?"}]
        for word in ("list", "form")
    )
    assert render_plain_rows(rows(CHECKS, before, after)) == (
        '! "c"\n    check_prompt\n      Is the [-list-]{+form+} there?'
    )


def test_a_prompt_that_was_rewritten_is_told_in_lines() -> None:
    prose = "Open the list.\nType the name and press Enter.\nRead the status."
    steps = '# Sign in\n1. Click the field "Name".\n2. Press enter.\n3. Look at the window.'
    marks = [
        {mark for _, mark in row.pieces}
        for row in rows("main_prompt", f"Same.\n{prose}", f"Same.\n{steps}")
    ]
    assert marks == [{"removed"}] * 3 + [{"added"}] * 4
    edited = prose.replace("the name", "your name")
    assert {mark for row in rows("main_prompt", prose, edited) for _, mark in row.pieces} == {
        "",
        "removed",
        "added",
    }
