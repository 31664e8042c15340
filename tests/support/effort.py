"""How much a run tries.

`quick`, for every change, or `thorough`, with every count and every row of a matrix.

`python -m tests thorough` sets it; so does `FLOWDSL_TESTS=thorough`. What a test claims is the same
in both; a quick run claims it of fewer examples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

THOROUGH = os.environ.get("FLOWDSL_TESTS", "quick") == "thorough"

SHARE = 24
"""A quick run tries one in so many."""

FEWEST = 3
"""Examples that a quick run tries of a law, however few a thorough one does."""


def examples(count: int) -> int:
    """How many examples a law is tried on that a thorough run tries on `count`."""
    return count if THOROUGH else min(count, max(FEWEST, count // SHARE))


def rows(every: Sequence[T], *quick: int) -> Sequence[T]:
    """All rows of a matrix, or those at the positions that stand for it in a quick run."""
    return every if THOROUGH else [every[at] for at in quick]


def every(step: int, of: Sequence[T]) -> Sequence[T]:
    """All rows of a matrix, or in a quick run the first and every `step`-th from there."""
    return of if THOROUGH else of[::step]


THINNED = 83
"""A quick run dies at one point in so many of those at which a thorough one does.

Points come in twos and threes, as before and after a call: with a multiple of these, all that a
quick run tries would be of one kind.
"""


def thinned(points: Sequence[T], turn: int = 0) -> list[T]:
    """The points of a crash that a run tries: all of them, or one in `THINNED`.

    A quick run begins with the last one and goes back from there, or at `turn` points before it:
    what is tried in several turns meets different points.
    """
    if THOROUGH or not points:
        return list(points)
    last = len(points) - turn % min(THINNED, len(points))
    return list(reversed(points[:last][::-THINNED]))


only_thorough = pytest.mark.skipif(not THOROUGH, reason="runs in `python -m tests thorough`")
