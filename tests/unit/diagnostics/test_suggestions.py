"""Which name is suggested for one that does not exist."""

from __future__ import annotations

import pytest

from flowdsl.diagnostics.suggest import closest


@pytest.mark.parametrize(
    ("name", "candidates", "nearest"),
    [
        ("mnr", ["mrn", "name"], "mrn"),
        ("MRN", ["mrn"], "mrn"),
        ("ab", ["ac", "a"], "a"),
        ("x", ["xy", "n"], "xy"),
        ("x", ["n"], None),
        ("s", [], None),
        ("no", ["an"], None),
    ],
)
def test_the_nearest_name_has_a_letter_in_common(
    name: str, candidates: list[str], nearest: str | None
) -> None:
    assert closest(name, candidates) == nearest
