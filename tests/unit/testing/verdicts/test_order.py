"""Acts in order: what a block of `does { }` finds, against an enumeration of all matchings."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.syntax import ast
from flowdsl.testing.order import find_mismatch

Act = tuple[str, int | None, bool]
"""A letter, how often, and whether it is forbidden."""

LETTERS = st.sampled_from("abc")
ACTS = st.lists(
    st.one_of(
        st.tuples(LETTERS, st.sampled_from((None, None, 1, 2)), st.just(False)),
        st.tuples(LETTERS, st.none(), st.just(True)),
    ),
    min_size=1,
    max_size=4,
)


def is_found(acts: list[Act], only: bool, events: str) -> bool:
    block: Any = ast.ExpectOrder(
        0,
        0,
        only,
        tuple(
            ast.OrderedAct(0, 0, act, None if times is None else ast.IntLit(0, 0, times), never)  # type: ignore[arg-type]
            for act, times, never in acts
        ),
        None,
    )
    return (
        find_mismatch(
            block,
            [*enumerate(events)],  # type: ignore[arg-type]
            lambda act, event: act == event,  # type: ignore[arg-type, return-value]
            lambda event: 1,
            lambda act, event: event in {each for each, _, _ in acts} and act == event,  # type: ignore[arg-type, return-value]
        )
        is None
    )


def can_be_matched(acts: list[Act], only: bool, events: str) -> bool:
    """Try every choice of places: the same meaning, said without an automaton."""
    wanted = [(act, times) for act, times, never in acts if not never]
    letters = [letter for letter, times in wanted for _ in range(times or 1)]
    number_of_act = [k for k, (_, times) in enumerate(wanted) for _ in range(times or 1)]
    for places in combinations(range(len(events)), len(letters)):
        if [events[place] for place in places] != letters:
            continue
        if all(
            _may_stand(acts, wanted, only, events[place], _around(place, places, number_of_act))
            for place in range(len(events))
            if place not in places
        ):
            return True
    return False


def _around(place: int, places: tuple[int, ...], number_of_act: list[int]) -> tuple[int, int]:
    """The acts around a place; -1 and the number of acts at the edges."""
    before = [number_of_act[i] for i, each in enumerate(places) if each < place]
    after = [number_of_act[i] for i, each in enumerate(places) if each > place]
    most = (number_of_act[-1] + 1) if number_of_act else 0
    return (before[-1] if before else -1), (after[0] if after else most)


def _may_stand(
    acts: list[Act],
    wanted: list[tuple[str, int | None]],
    only: bool,
    event: str,
    around: tuple[int, int],
) -> bool:
    before, after = around
    if only and event in {letter for letter, _, _ in acts}:
        return False
    counted = [wanted[k] for k in {before, after} if 0 <= k < len(wanted)]
    if any(times is not None and letter == event for letter, times in counted):
        return False
    if before == after:
        return True
    required = -1
    for letter, _, never in acts:
        if not never:
            required += 1
        elif required == before and letter == event:
            return False
    return True


@given(ACTS, st.booleans(), st.text("abcd", max_size=7))
def test_a_block_is_found_where_some_matching_is(acts: list[Act], only: bool, events: str) -> None:
    assert is_found(acts, only, events) == can_be_matched(acts, only, events)
