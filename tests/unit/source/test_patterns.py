"""Regular expressions of others.

Harmless whatever they are, and read as the service's dialects read them.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.source.patterns import (
    DEEPEST,
    LONGEST,
    Unusable,
    find_match_places,
    may_be_found,
    may_match,
    run_problem,
    syntax_problem,
)
from tests.support.cpu import cpu_seconds
from tests.support.rows import in_rows

A = "a" * 50_000
HARMFUL = (
    r"(a+)+$",
    r"(a|a)*$",
    r"^a*a*a*a*a*a*a*a*a*a*c$",
    r"^(a?){45}a{45}$",
    r"(a*)*(a*)*(a*)*c",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"((a{1000}){1000}){1000}",
    r"(((a{100}){100}){100}){100}",
    r"a{99999999999}",
    "a{" + "9" * 5000 + "}",
    "(" * 9000 + ")" * 9000,
    "(" * 4000 + ")" * 4000,
    "(" * 9000,
    "[" * 9000,
    "(?:" * 3000 + "a" + ")*" * 3000,
    "a" * 1_000_000,
    "(?i)[б-\U0010ffff]" * 600,
    "[б-я]x" * 1600 + "(?=a)",
    "(?=(a+)+$)b",
    r"(a+)+\1$",
    r"\p{L}{900}",
    r"((\pL{10}){10}){10}",
)


@in_rows("pattern", HARMFUL, ids=lambda pattern: pattern[:24])
def test_no_pattern_takes_long_to_read_or_to_run(pattern: str) -> None:
    with cpu_seconds(5):
        syntax_problem(pattern)
        run_problem(pattern)
        for text in (A, A + "!", "a" * 60 + "!"):
            may_match(pattern, text)


@in_rows(
    ("pattern", "problem"),
    [
        ("^[0-9+$", "unterminated character set"),
        ("(", "missing ), unterminated subpattern"),
        ("a{2,1}", "min repeat greater than max repeat"),
        ("*a", "nothing to repeat"),
        (r"[\u00e9", "unterminated character set"),
        ("(?=(a", "missing ), unterminated subpattern"),
        (r"\p{L}(", "missing ), unterminated subpattern"),
        ("a{" + "9" * 5000 + "}", "it nests or repeats too much"),
        ("a" * (LONGEST + 1), "it is longer than 10,000 characters"),
        ("(" * (DEEPEST + 1) + ")" * (DEEPEST + 1), "its groups are nested more than 100 deep"),
    ],
)
def test_what_no_dialect_reads_says_why(pattern: str, problem: str) -> None:
    assert syntax_problem(pattern) == problem
    assert run_problem(pattern) is not None


@in_rows(
    ("pattern", "why"),
    [
        ("^(?=.*[A-Z]).{8,}$", "it looks around with `(?=`"),
        ("(?<!a)b", "it looks around with `(?<!`"),
        ("(?<=a+)b", "it looks around with `(?<=`"),
        (r"(?<mark>['é]).*\k<mark>", r"it refers back to a group with `\k<`"),
        (r"(['\"]).*\1", r"it refers back to a group with `\1`"),
        ("(colou?r)(?=x)", "it looks around with `(?=`"),
        ("(?i)foo(?=bar)", "it looks around with `(?=`"),
        ("(?-s)(?:ab?c)(?!d)", "it looks around with `(?!`"),
        (r"(ab?c)\1(?i)", r"it refers back to a group with `\1`"),
        ("a{1001}", "it repeats a part more than 1,000 times"),
        (r"[{]a{2,1001}", "it repeats a part more than 1,000 times"),
        (r"((\pL{10}){10}){10}", "it is too large with its parts repeated"),
        (r"\(?=(?!x)", "it looks around with `(?!`"),
        ("a++", "it has a bad repetition operator: ++"),
    ],
)
def test_what_only_other_engines_run_is_legal_and_says_why_it_is_not_run(
    pattern: str, why: str
) -> None:
    assert syntax_problem(pattern) is None
    with pytest.raises(Unusable, match=re.escape(why)) as unusable:
        may_be_found(pattern, "a")
    assert unusable.value.is_legal
    assert may_match(pattern, "a")


@in_rows(
    ("pattern", "text", "expected"),
    [
        (r"^\u00e9$", "é", True),
        (r"^\u{1F600}$", "\U0001f600", True),
        (r"^\u00e9$", "e", False),
        (r"^\cA$", "\x01", True),
        (r"^a\Z", "a", True),
        (r"\\u00e9", r"\u00e9", True),
        (r"\\Z", r"\Z", True),
        (r"^(?<part>a)$", "a", True),
        (r"^\p{Lu}$", "Ä", True),
        (r"^\p{Lu}$", "ä", False),
        (r"^[[a]$", "[", True),
        ("^a{1000}$", "a" * 1_000, True),
        ("^a{999,1000}$", "a" * 1_001, False),
        ("[{2000}]", "{", True),
        (r"\{2000}", "{2000}", True),
        (r"^\u{2014}$", "—", True),
        ("^a$", "a\n", False),
        # Dialects disagree about letters of other alphabets: nobody is told that such a text is
        # wrong.
        (r"^\w+$", "é", True),
        (r"^\d$", "٣", True),
        (r"^\w+$", "!", False),
        ("^x$", "\ud800", False),
    ],
)
def test_dialects(pattern: str, text: str, expected: bool) -> None:
    assert syntax_problem(pattern) is None or pattern == r"^\cA$"
    assert may_be_found(pattern, text) is expected


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                ".",
                "[ab]",
                "[^a]",
                "(a|b)",
                "(?:ab)",
                "c?",
                "b*",
                "a+",
                "a{2,3}",
                "$",
                "^",
                r"\d",
                r"\.",
                r"\w",
                r"\b",
            ]
        ),
        max_size=6,
    ),
    st.text("ab1. ", max_size=8),
)
def test_patterns_that_all_dialects_share_match_as_in_python(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    assert syntax_problem(pattern) is None
    assert may_be_found(pattern, text) == (re.search(pattern, text) is not None)
    found = (match.span() for match in re.finditer(pattern, text))
    assert list(find_match_places(pattern, text, 100)) == [
        (start, end) for start, end in found if start < end
    ]


@given(st.text("()[]{}*+?|\\^$-:=!<>.,0129abdkpuwLP", max_size=16), st.text("ab(-", max_size=5))
def test_any_text_is_a_pattern_or_has_a_reason(pattern: str, text: str) -> None:
    if run_problem(pattern) is None:
        assert may_be_found(pattern, text) in (True, False)
    else:
        with pytest.raises(Unusable):
            may_be_found(pattern, text)
    problem = syntax_problem(pattern)
    assert problem is None or problem


def test_a_text_that_matches_everywhere_is_read_to_a_bound() -> None:
    assert list(find_match_places("a.*?b|a", "ä" + "a" * 9, 3)) == [(1, 2), (2, 3), (3, 4)]
    with cpu_seconds(10):
        assert len(list(find_match_places("a.*?b|a", "a" * 500_000, 200))) == 200
