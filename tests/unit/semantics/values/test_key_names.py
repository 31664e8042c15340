"""Keys of `press` against the names of the platform."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS, NEW_KEYS, NEW_MODIFIERS
from flowdsl.semantics.statements.keys import (
    OTHER_NAMES,
    chord_keys,
    find_misplaced_modifier,
    find_shared_name,
    is_key,
    is_shared_key,
    suggest_key,
)
from tests.support.rows import in_rows

chords = st.tuples(
    st.lists(st.sampled_from(sorted(MODIFIERS)), max_size=3),
    st.sampled_from([*sorted(NAMED_KEYS), "a", "7", "+", "#"]),
).map(lambda pair: [*pair[0], pair[1]])


@given(chords, st.booleans())
def test_chords_split_into_the_keys_they_were_joined_from(keys: list[str], upper: bool) -> None:
    chord = "+".join(keys)
    found = chord_keys(chord.upper() if upper else chord)
    assert [key.lower() for key in found] == keys
    assert all(map(is_key, found))
    assert find_misplaced_modifier(found) is None


@in_rows("name", ["", "entr", "f13", "ctrl s", "\n", "ab"])
def test_other_names_are_no_keys(name: str) -> None:
    assert not is_key(name)


def test_names_of_other_tools_lead_to_the_platforms() -> None:
    for name, platform in OTHER_NAMES.items():
        assert not is_key(name)
        assert is_key(platform)
        assert suggest_key(name.title()) == platform


def test_only_the_last_key_of_a_chord_may_be_no_modifier() -> None:
    assert find_misplaced_modifier(["tab", "enter"]) == "tab"
    assert find_misplaced_modifier(["ctrl", "shift", "win"]) is None


@given(
    st.sampled_from(sorted({*NEW_KEYS, *NEW_MODIFIERS, *NAMED_KEYS, *MODIFIERS})),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("-_")), max_size=3),
    st.booleans(),
)
def test_the_new_driver_takes_no_notice_of_marks_and_capitals(
    name: str, marks: list[tuple[int, str]], upper: bool
) -> None:
    written = name.upper() if upper else name
    for at, mark in marks:
        written = written[:at] + mark + written[at:]
    assert is_key(written)
    shared = find_shared_name(written)
    assert shared is None or is_shared_key(shared)
    known = name in NAMED_KEYS | MODIFIERS
    assert is_shared_key(written) == (known and not marks)
    if known and marks:
        assert shared == name


def test_what_only_the_new_driver_knows_the_other_does_not() -> None:
    assert not (NEW_KEYS.keys() | NEW_MODIFIERS.keys()) & (NAMED_KEYS | MODIFIERS)
    assert not any(map(is_shared_key, (*NEW_KEYS, *NEW_MODIFIERS)))
    assert not any(map(is_key, OTHER_NAMES))


def test_a_modifier_of_the_new_driver_may_stand_first() -> None:
    assert find_misplaced_modifier(["Control_L", "right-shift", "s"]) is None
    assert find_misplaced_modifier(["pgdn", "s"]) == "pgdn"
