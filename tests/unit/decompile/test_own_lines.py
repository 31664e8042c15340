"""What an edited prompt says, apart from how it is marked."""

from __future__ import annotations

from flowdsl.prompt.reading.own_lines import bracket_inputs
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
