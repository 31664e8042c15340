"""Computes how one sequence becomes another, in bounded time.

`difflib.SequenceMatcher` takes quadratic time, and cubic time if few different entries are repeated
often: a malicious prompt of two kilobytes can keep it busy for seconds. So its steps are counted,
and the rest that is not aligned when they are used up is one change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import TypeVar

_Entry = TypeVar("_Entry", bound=Hashable)

Opcode = tuple[str, int, int, int, int]
"""A tag, a range of the old sequence and one of the new, as of `SequenceMatcher.get_opcodes`."""

EFFORT = 6_000_000
"""Steps that the alignments of one text may take; they take less than half a second."""


class Effort:
    """The steps that are left for the alignments of one text."""

    __slots__ = ("left",)

    def __init__(self, left: int = EFFORT) -> None:
        self.left = left

    def compute_opcodes(
        self,
        old: Sequence[_Entry],
        new: Sequence[_Entry],
        is_junk: Callable[[_Entry], bool] | None = None,
    ) -> list[Opcode]:
        """How `old` becomes `new`, its longest matches first."""
        return list(_Matcher(self, is_junk, old, new, autojunk=False).get_opcodes())

    def unified_diff_lines(
        self,
        old: Sequence[str],
        new: Sequence[str],
        old_name: str = "",
        new_name: str = "",
        end: str = "\n",
    ) -> Iterator[str]:
        """The lines of a unified difference, as of `difflib.unified_diff`.

        `end` ends the header lines.
        """
        groups = _Matcher(self, None, old, new, autojunk=True).get_grouped_opcodes(_CONTEXT)
        for number, group in enumerate(groups):
            if not number:
                yield f"--- {old_name}{end}"
                yield f"+++ {new_name}{end}"
            first, last = group[0], group[-1]
            yield (
                f"@@ -{_format_hunk_range(first[1], last[2])} "
                f"+{_format_hunk_range(first[3], last[4])} @@{end}"
            )
            for tag, a, b, c, d in group:
                if tag == "equal":
                    yield from (f" {line}" for line in old[a:b])
                    continue
                yield from (f"-{line}" for line in old[a:b])
                yield from (f"+{line}" for line in new[c:d])


class _Matcher(SequenceMatcher[_Entry]):
    """A matcher that finds nothing more when the effort is used up."""

    def __init__(
        self,
        effort: Effort,
        is_junk: Callable[[_Entry], bool] | None,
        old: Sequence[_Entry],
        new: Sequence[_Entry],
        *,
        autojunk: bool,
    ) -> None:
        super().__init__(is_junk, old, new, autojunk)
        places: dict[_Entry, list[int]] = vars(self)["b2j"]
        self._effort = effort
        # What a search takes up to an entry: a step for each entry, and one for each place of it.
        self._steps = [0, *accumulate(1 + len(places.get(entry, ())) for entry in old)]

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        end = len(self._steps) - 1 if ahi is None else ahi
        steps = self._steps[end] - self._steps[alo]
        if steps > self._effort.left:
            return Match(alo, blo, 0)
        self._effort.left -= steps
        return super().find_longest_match(alo, ahi, blo, bhi)


_CONTEXT = 3
"""Lines around a change in a unified difference."""


def _format_hunk_range(start: int, stop: int) -> str:
    """Lines as the head of a hunk names them."""
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"
