"""How one sequence becomes another, in a time that is bounded.

`difflib.SequenceMatcher` takes time with the square of what it aligns, and with its cube where few
different entries stand many times: a prompt of two kilobytes, made by somebody who means harm, can
keep it busy for seconds. So the work is estimated first, and what would take long is one change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import TypeVar

_Entry = TypeVar("_Entry", bound=Hashable)

Opcode = tuple[str, int, int, int, int]
"""A tag, a range of the old sequence and one of the new, as `SequenceMatcher.get_opcodes` has them."""

EFFORT = 15_000_000
"""Steps that the alignments of one text may take; they take about a second."""


class Effort:
    """What the alignments of one text may still cost; what costs more is replaced as a whole."""

    __slots__ = ("left",)

    def __init__(self, left: int = EFFORT) -> None:
        self.left = left

    def opcodes(
        self,
        old: Sequence[_Entry],
        new: Sequence[_Entry],
        is_junk: Callable[[_Entry], bool] | None = None,
    ) -> list[Opcode]:
        """How `old` becomes `new`; nothing but their beginning and end is kept where more would take long."""
        if self._allows(old, new, is_junk):
            return list(SequenceMatcher(is_junk, old, new, autojunk=False).get_opcodes())
        head, tail = _edges(old, new)
        parts = (
            ("equal", 0, head, 0, head),
            ("replace", head, len(old) - tail, head, len(new) - tail),
            ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
        )
        return [_tagged(*each) for each in parts if each[1] < each[2] or each[3] < each[4]]

    def unified(
        self,
        old: Sequence[str],
        new: Sequence[str],
        old_name: str = "",
        new_name: str = "",
        end: str = "\n",
    ) -> Iterator[str]:
        """The lines of a unified difference, its head included, each head with `end` behind it."""
        if self._allows(old, new, None):
            yield from unified_diff(old, new, old_name, new_name, lineterm=end)
            return
        head, tail = _edges(old, new)
        before, behind = old[max(0, head - _CONTEXT) : head], old[len(old) - tail :][:_CONTEXT]
        gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
        around = len(before) + len(behind)
        ranges = (_range(head - len(before), len(each) + around) for each in (gone, come))
        yield f"--- {old_name}{end}"
        yield f"+++ {new_name}{end}"
        yield "@@ -{} +{} @@{}".format(*ranges, end)
        yield from (f" {line}" for line in before)
        yield from (f"-{line}" for line in gone)
        yield from (f"+{line}" for line in come)
        yield from (f" {line}" for line in behind)

    def _allows(
        self,
        old: Sequence[_Entry],
        new: Sequence[_Entry],
        is_junk: Callable[[_Entry], bool] | None,
    ) -> bool:
        """Whether the alignment of two sequences is affordable; its price is paid then.

        Each match that is found costs a pass over what is aligned, and over its pairs of equal
        entries. There are as many matches as entries at most.
        """
        counts = Counter(old)
        pairs = sum(
            number * counts[entry]
            for entry, number in Counter(new).items()
            if entry in counts and not (is_junk is not None and is_junk(entry))
        )
        price = (len(old) + pairs) * min(len(old), len(new))
        if price > self.left:
            return False
        self.left -= price
        return True


_CONTEXT = 3
"""Lines around a change in a unified difference."""


def _edges(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many entries the two begin with, and how many others they end with."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    return head, tail


def _tagged(tag: str, a: int, b: int, c: int, d: int) -> Opcode:
    if tag == "replace" and (a == b or c == d):
        tag = "insert" if a == b else "delete"
    return tag, a, b, c, d


def _range(start: int, length: int) -> str:
    """Lines as the head of a hunk names them."""
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"
