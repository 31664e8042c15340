"""Conditions about texts that constants decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.semantics.values.spelling import RELATIONS, has_pattern, has_text


@given(st.text(), st.text(min_size=1), st.text())
def test_a_text_has_what_it_is_made_of(before: str, part: str, after: str) -> None:
    whole = before + part + after
    assert has_text(whole, "contains", part)
    assert has_text(part + after, "starts with", part)
    assert has_text(before + part, "ends with", part)
    assert not any(has_text(whole, relation, f"{whole}x") for relation in RELATIONS)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize(("whole", "part"), [("Paid", "paid"), ("", ""), ("a", ""), (None, "a")])
def test_letter_case_counts_and_what_is_empty_has_no_part(
    relation: str, whole: str | None, part: str
) -> None:
    assert not has_text(whole, relation, part)


@pytest.mark.parametrize(
    ("text", "pattern", "holds"),
    [
        ("ab", "a", False),
        ("ab", "a|ab", True),
        ("ab\n", "ab", False),
        ("a\nb", "a$\nb", False),
        ("12", r"\d+", True),
        (12, r"[0-9]{2}", True),
        ("", "a?", True),
        ("a", "a(", False),
        (None, ".*", False),
    ],
)
def test_a_pattern_matches_the_whole(text: object, pattern: str, *, holds: bool) -> None:
    assert has_pattern(text, pattern) is holds
