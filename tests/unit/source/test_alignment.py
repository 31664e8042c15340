"""Alignments cost what they may, and no more."""

from __future__ import annotations

import difflib
import random

import pytest

from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.deploy.comparison.field_diff import field_rows
from flowdsl.source.alignment import EFFORT, Effort, Opcode
from tests.support.work import lines_run


def made(opcodes: list[Opcode], old: list[str], new: list[str]) -> list[str]:
    """What opcodes make of a sequence; they follow one another without a gap."""
    at = (0, 0)
    result: list[str] = []
    for tag, a, b, c, d in opcodes:
        assert (a, c) == at
        at = (b, d)
        result += old[a:b] if tag == "equal" else new[c:d]
    assert at == (len(old), len(new))
    return result


@pytest.mark.parametrize("left", [0, EFFORT])
def test_opcodes_make_the_new_of_the_old(left: int) -> None:
    rng = random.Random(7)
    for _ in range(200):
        old, new = (rng.choices("abc", k=rng.randrange(9)) for _ in range(2))
        assert made(Effort(left).opcodes(old, new), old, new) == new


def test_what_is_cheap_is_aligned_as_ever() -> None:
    old, new = [f"line {at}" for at in range(400)], [f"line {at}" for at in range(0, 400, 2)]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    assert Effort().opcodes(old, new) == matcher.get_opcodes()


def test_what_would_take_long_keeps_its_beginning_and_end() -> None:
    old, new = ["a", *["x", "y"] * 5_000, "b"], ["a", *["x"] * 5_000, "b"]
    assert Effort().opcodes(old, new) == [
        ("equal", 0, 2, 0, 2),
        ("replace", 2, 10_001, 2, 5_001),
        ("equal", 10_001, 10_002, 5_001, 5_002),
    ]


def test_texts_share_what_they_may_cost() -> None:
    effort = Effort(1_000)
    old, new = list("abcdefgh"), list("abxdefgy")
    aligned = [len(effort.opcodes(old, new)) for _ in range(20)]
    assert (max(aligned), min(aligned)) == (4, 2)
    assert effort.left >= 0


@pytest.mark.parametrize("words", [False, True], ids=["lines", "words"])
def test_a_prompt_of_two_entries_is_not_aligned_for_ever(words: bool) -> None:
    old = "\n".join(["a", "b"] * 300)
    change = FieldChange("main_prompt", old, old.replace("\nb", ""), "drift", "")
    assert lines_run(lambda: field_rows(change, words=words)) < 3_000_000


@pytest.mark.parametrize("left", [0, EFFORT])
@pytest.mark.parametrize(
    ("old", "new"),
    [("a b c d e f g h", "a b c d X f g h"), ("a", ""), ("", "a b"), ("a b", "b"), ("x", "y")],
)
def test_a_unified_difference_is_one_that_patch_reads(old: str, new: str, left: int) -> None:
    before, after = old.split(), new.split()
    assert list(Effort(left).unified(before, after, "o", "n")) == list(
        difflib.unified_diff(before, after, "o", "n")
    )
