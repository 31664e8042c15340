"""Keys of `press` against the names of the platform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.semantics.keys import (
    MODIFIERS,
    NAMED_KEYS,
    OTHER_NAMES,
    chord_keys,
    is_key,
    misplaced_modifier,
    suggested_key,
)

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
    assert misplaced_modifier(found) is None


@pytest.mark.parametrize("name", ["", "entr", "f13", "ctrl s", "\n", "ab"])
def test_other_names_are_no_keys(name: str) -> None:
    assert not is_key(name)


def test_names_of_other_tools_lead_to_the_platforms() -> None:
    for name, platform in OTHER_NAMES.items():
        assert not is_key(name)
        assert is_key(platform)
        assert suggested_key(name.title()) == platform


def test_only_the_last_key_of_a_chord_may_be_no_modifier() -> None:
    assert misplaced_modifier(["tab", "enter"]) == "tab"
    assert misplaced_modifier(["ctrl", "shift", "win"]) is None
