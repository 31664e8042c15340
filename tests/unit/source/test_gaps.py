"""Texts with gaps, against the regular expression that says the same and takes exponential time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.source.gaps import fill_gaps_from
from tests.support.cpu import cpu_seconds


@given(
    st.lists(st.one_of(st.none(), st.text("ab\n", max_size=3)), max_size=6),
    st.text("ab\n", max_size=9),
)
def test_gaps_are_filled_as_the_expression_fills_them(pieces: list[str | None], text: str) -> None:
    pattern = "".join("(.*?)" if piece is None else re.escape(piece) for piece in pieces)
    found = re.fullmatch(pattern, text, re.DOTALL)
    expected = None if found is None else [found.span(at + 1) for at in range(pieces.count(None))]
    assert fill_gaps_from(pieces, text) == expected


def test_many_gaps_take_one_pass() -> None:
    with cpu_seconds(5):
        assert fill_gaps_from([None, "a"] * 1000 + ["b", None], "a" * 200_000) is None
