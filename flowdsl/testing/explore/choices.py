"""What one run chose, of all that it could have chosen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Chosen: TypeAlias = tuple[int, ...]
    """The number of the option that was taken at each choice, in the order of the run."""


class Choices:
    """The choices of one run: the first ones are `given`, the others go as they usually do."""

    def __init__(self, given: Chosen = ()) -> None:
        self._given = given
        self._made: list[int] = []
        self._offered: list[tuple[Hashable, int]] = []

    def choose(self, options: int, what: Hashable) -> int:
        """The number of the option to take, of so many; 0 is the usual one.

        `what` is what is chosen, which is the same in every run.
        """
        at = len(self._made)
        taken = self._given[at] if at < len(self._given) else 0
        self._made.append(taken)
        self._offered.append((what, options))
        return taken

    def others(self) -> Iterator[tuple[Hashable, Chosen]]:
        """Every choice of what follows the given ones that is unusual in its end.

        Each comes with what is chosen there in place of what.
        """
        for at in range(len(self._given), len(self._made)):
            what, options = self._offered[at]
            for option in range(1, options):
                yield (what, option), (*self._made[:at], option)
