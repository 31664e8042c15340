"""Where the choices of a generator come from: Hypothesis, or dice.

A generator is written once, against `Chooser`. With `Drawn`, what it makes shrinks: each choice
towards its first option. With `Dice`, ten thousand draws take seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeVar, cast

from hypothesis import strategies as st

T = TypeVar("T")


class Chooser:
    """Makes choices. What is simplest stands first everywhere."""

    def number(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        raise NotImplementedError

    def within(self, make: Callable[[], T]) -> T:
        """What `make` makes; its choices belong together, and can go together."""
        raise NotImplementedError

    def pick(self, options: Sequence[T]) -> T:
        """One of some options."""
        return options[self.number(0, len(options) - 1)]

    def once_in(self, count: int) -> bool:
        """True about once in `count` times."""
        return self.number(0, count - 1) == count - 1

    def flag(self) -> bool:
        """True half of the time."""
        return self.once_in(2)

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """One of some options, each as often as its weight says."""
        left = self.number(0, sum(weight for _, weight in options) - 1)
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        raise AssertionError("the weights add up to less than they did")

    def several(self, least: int, most: int, end: int = 4) -> Iterator[int]:
        """Counts up from 0: `least` numbers, and more up to `most`; one in `end` is the last."""
        for number in range(most + 1):
            # 0 ends it, so that a list shrinks to its first entries. It is chosen behind the last
            # possible entry, too: a list that loses one of its entries then ends there as well.
            ends = number >= least and self.number(0, end - 1) == 0
            if ends or number == most:
                return
            yield number


class Drawn(Chooser):
    """Choices of Hypothesis.

    Making a strategy takes longer than drawing from it, so each is made once.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._pending: list[Callable[[], object]] = []
        self._next = _next_of(self._pending)

    def number(self, least: int, most: int) -> int:
        return least if least == most else self._draw(_numbers(least, most))

    def within(self, make: Callable[[], T]) -> T:
        self._pending.append(make)
        return cast(T, self._draw(self._next))


@st.composite
def _next_of(draw: st.DrawFn, pending: list[Callable[[], object]]) -> object:
    draw(st.none())
    return pending.pop()()


@cache
def _numbers(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


class Dice(Chooser):
    """Choices of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, least: int, most: int) -> int:
        return least + int(self._random.random() * (most - least + 1))

    def within(self, make: Callable[[], T]) -> T:
        return make()
