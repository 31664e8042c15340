"""Alignments cost what they may, and no more."""

from __future__ import annotations

import difflib
import random

import pytest

from flowdsl.deploy.comparison import field_diff
from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.source.alignment import EFFORT, Effort, Opcode
from tests.support.rows import in_rows
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
        assert made(Effort(left).compute_opcodes(old, new), old, new) == new


def test_what_is_cheap_is_aligned_as_ever() -> None:
    old, new = [f"line {at}" for at in range(400)], [f"line {at}" for at in range(0, 400, 2)]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    assert Effort().compute_opcodes(old, new) == matcher.get_opcodes()


def test_what_would_take_long_is_aligned_in_part() -> None:
    old, new = ["x", "y"] * 5_000, ["x"] * 5_000
    effort = Effort()
    assert made(effort.compute_opcodes(old, new), old, new) == new
    assert effort.left >= 0
    assert Effort(0).compute_opcodes(old, new) == [("replace", 0, 10_000, 0, 5_000)]


def test_a_change_in_a_large_text_is_found() -> None:
    old = [f"line {at}" for at in range(50_000)]
    new = [*old[:10], "another", *old[11:40_000], *old[40_001:]]
    changed = [each for each in Effort().compute_opcodes(old, new) if each[0] != "equal"]
    assert changed == [("replace", 10, 11, 10, 11), ("delete", 40_000, 40_001, 40_000, 40_000)]


def test_texts_share_what_they_may_cost() -> None:
    effort = Effort(200)
    old, new = list("abcdefgh"), list("abxdefgy")
    aligned = [len(effort.compute_opcodes(old, new)) for _ in range(20)]
    assert (max(aligned), min(aligned)) == (4, 1)
    assert effort.left >= 0


@pytest.mark.parametrize("words", [False, True], ids=["lines", "words"])
def test_a_prompt_of_two_entries_takes_the_steps_it_may(
    words: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 20_000
    monkeypatch.setattr(field_diff, "Effort", lambda: Effort(steps))
    old = "\n".join(["a", "b"] * 300)
    change = FieldChange("main_prompt", old, old.replace("\nb", ""), "drift", "")
    run = lines_run(lambda: field_diff.field_rows(change, words=words), ("difflib.py",))
    assert run < 10 * steps


@in_rows(
    ("old", "new"),
    [
        ("a b c d e f g h", "a b c d X f g h"),
        ("a", ""),
        ("", "a b"),
        ("a b", "b"),
        ("x", "y"),
        ("a a", "a a"),
    ],
)
def test_a_unified_difference_is_one_that_patch_reads(old: str, new: str) -> None:
    before, after = old.split(), new.split()
    assert list(Effort().unified_diff_lines(before, after, "o", "n")) == list(
        difflib.unified_diff(before, after, "o", "n")
    )
