"""What one run chose, of all that it could have chosen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.source.record import Record

Chosen = tuple[int, ...]
"""The number of the option that was taken at each choice, in the order of the run."""


class Other(Record):
    """A choice that a run could have made: what it chose until then, and then another `option`.

    - `answer`: what is chosen in place of what, which is the same in every run.
    - `behind`: the ways that the run had taken until then.
    """

    answer: tuple[Hashable, int]
    behind: frozenset[Hashable]
    made: Chosen
    at: int

    @property
    def chosen(self) -> Chosen:
        """The choices of the run that makes it."""
        # A long run has many others: they share what it chose.
        return (*self.made[: self.at], self.answer[1])


class Choices:
    """The choices of one path: the first ones are `given`, the others go as they usually do.

    `budget` is what its runs may take.
    """

    def __init__(self, given: Chosen = (), budget: Budget | None = None) -> None:
        self.budget = Budget() if budget is None else budget
        self._given = given
        self._made: list[int] = []
        self._offered: list[tuple[Hashable, int, frozenset[Hashable]]] = []
        self._behind: frozenset[Hashable] = frozenset()

    @property
    def count(self) -> int:
        """The number of choices so far."""
        return len(self._made)

    def takes(self, way: Hashable) -> None:
        """Note that the run takes a way."""
        if way not in self._behind:
            self._behind |= {way}

    def choose(self, options: int, what: Hashable) -> int:
        """The number of the option to take, of so many; 0 is the usual one.

        `what` is what is chosen, which is the same in every run.
        """
        at = len(self._made)
        taken = self._given[at] if at < len(self._given) else 0
        self._made.append(taken)
        self._offered.append((what, options, self._behind))
        return taken

    def others(self) -> Iterator[Other]:
        """Every choice of what follows the given ones that is unusual in its end."""
        made = tuple(self._made)
        for at in range(len(self._given), len(made)):
            what, options, behind = self._offered[at]
            for option in range(1, options):
                yield Other((what, option), behind, made, at)
