"""What an edited prompt says, apart from how it is marked."""

from __future__ import annotations

from flowdsl.prompt.reading.own_lines import bracket_inputs, say_the_same_words
from tests.support.rows import in_rows


@in_rows(
    ("names", "edited", "bracketed"),
    [
        (["x"], "1. Open {x} in {y}.", "1. Open ⟦{x}⟧ in {y}."),
        (["x"], "1. Open ⟦{x}⟧.", "1. Open ⟦{x}⟧."),
        (["x"], "2. Type {x}.", "2. Type {x}."),
        ([], "1. Open {}.", "1. Open {}."),
    ],
)
def test_an_input_that_somebody_typed_gets_the_brackets_of_a_compiled_one(
    names: list[str], edited: str, bracketed: str
) -> None:
    assert bracket_inputs(edited, "1. Type {x}.", names) == bracketed


@in_rows(
    ("one", "other", "same"),
    [
        (["Press enter.", "Click Save."], ["Press enter, then click Save."], True),
        (["Check “the list” and go on."], ["Check the list, go on."], True),
        (["Type “1.250”."], ["Type “1,250”."], False),
        (["Type “abc”."], ["Type “ABC”."], False),
        (["Type “a:b”."], ["Type “a b”."], False),
        (["Press enter.", "  Click Save."], ["Press enter.", "Click Save."], False),
    ],
)
def test_where_sentences_are_cut_means_nothing_and_what_is_typed_all(
    one: list[str], other: list[str], same: bool
) -> None:
    assert say_the_same_words(["Title", "#", *one], ["Title", "#", *other]) is same
