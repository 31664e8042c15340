"""Sets of the values that an expression may have, and the cases in which a condition holds.

A condition is a union of cases. A case gives each value that it depends on the set in which the
value must be, so that it is impossible if one of these sets is empty:

    age > 65 and age < 18        one case, in which `age` is in no number
    age > 65 or sees "a box"     two cases: `age` is above 65; the box is seen

The sets are exact for numbers, dates, texts, enums and booleans. What nothing is known of, such as
`a < b`, is a value of its own that is true or false.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from math import ceil, floor
from typing import Any, TypeAlias

from flowdsl.source.record import Record

MOST_CASES = 200
"""The maximum number of cases of a condition; of one with more, nothing is known."""

Number: TypeAlias = int | Decimal
Cut: TypeAlias = tuple[Number, int]
"""A place between numbers: before a number (0) or behind it (1)."""


class TooManyCases(Exception):
    """A condition has more than `MOST_CASES` cases."""


class Range(Record, eq=True):
    """A set of numbers that begins and ends at cuts.

    `inside`: it has the numbers below the first cut. At each cut it begins or ends.
    """

    inside: bool
    cuts: tuple[Cut, ...]

    def complement(self) -> Range:
        return Range(not self.inside, self.cuts)

    def intersect(self, other: Range) -> Range:
        inside = (self.inside, other.inside)
        state, cuts = inside, []
        for cut in sorted({*self.cuts, *other.cuts}):
            before = all(state)
            state = (state[0] ^ (cut in self.cuts), state[1] ^ (cut in other.cuts))
            if all(state) != before:
                cuts.append(cut)
        return Range(all(inside), tuple(cuts))

    def has_whole_number(self) -> bool:
        """Whether a whole number is in the set."""
        if self.inside:
            return True
        for (low, behind), end in zip(self.cuts[::2], (*self.cuts[1::2], None), strict=False):
            if end is None:
                return True
            first = floor(low) + 1 if behind else ceil(low)
            last = floor(end[0]) if end[1] else ceil(end[0]) - 1
            if first <= last:
                return True
        return False

    def is_empty(self) -> bool:
        return not self.inside and not self.cuts


class Choice(Record, eq=True):
    """A set of texts, enum values or booleans: `values`, or everything else if not `inside`."""

    inside: bool
    values: frozenset[Any]

    def complement(self) -> Choice:
        return Choice(not self.inside, self.values)

    def intersect(self, other: Choice) -> Choice:
        if self.inside and other.inside:
            return Choice(True, self.values & other.values)
        if self.inside:
            return Choice(True, self.values - other.values)
        if other.inside:
            return Choice(True, other.values - self.values)
        return Choice(False, self.values | other.values)

    def has_whole_number(self) -> bool:
        return not self.is_empty()

    def is_empty(self) -> bool:
        return self.inside and not self.values


class ValueSet(Record, eq=True):
    """A set of values, with or without the missing one. `whole`: only whole numbers count."""

    missing: bool
    values: Range | Choice
    whole: bool = False

    def complement(self) -> ValueSet:
        return ValueSet(not self.missing, self.values.complement(), self.whole)

    def intersect(self, other: ValueSet) -> ValueSet:
        values: Any = self.values
        return ValueSet(
            self.missing and other.missing,
            values.intersect(other.values),
            self.whole or other.whole,
        )

    def is_empty(self) -> bool:
        if self.missing:
            return False
        return not self.values.has_whole_number() if self.whole else self.values.is_empty()


def numbers(operator: str, number: Number) -> Range:
    """Return the numbers that are `operator` a number: `== != < <= > >=`."""
    match operator:
        case "==":
            return Range(False, ((number, 0), (number, 1)))
        case "!=":
            return Range(True, ((number, 0), (number, 1)))
        case "<":
            return Range(True, ((number, 0),))
        case "<=":
            return Range(True, ((number, 1),))
        case ">":
            return Range(False, ((number, 1),))
        case _:
            return Range(False, ((number, 0),))


Key: TypeAlias = Hashable
"""What identifies a value: equal keys mean the same value."""
Case: TypeAlias = Mapping[Key, ValueSet]
"""The set in which each value must be."""


class Cases:
    """Joins cases; `everything` maps each value to the set of all that it may be."""

    def __init__(self, everything: Mapping[Key, ValueSet]) -> None:
        self._everything = everything

    def one(self, key: Key, values: ValueSet) -> list[Case]:
        """Return the case that a value is in a set; none if it cannot be."""
        found = self._everything[key].intersect(values)
        return [] if found.is_empty() else [{key: found}]

    def both(self, left: list[Case], right: list[Case]) -> list[Case]:
        """Return the cases in which both hold."""
        if len(left) * len(right) > MOST_CASES:
            raise TooManyCases
        joined = (self._join(one, other) for one in left for other in right)
        return [each for each in joined if each is not None]

    def either(self, left: list[Case], right: list[Case]) -> list[Case]:
        """Return the cases in which one of two holds."""
        if len(left) + len(right) > MOST_CASES:
            raise TooManyCases
        return [*left, *right]

    def _join(self, one: Case, other: Case) -> Case | None:
        found = dict(one)
        for key, values in other.items():
            found[key] = values.intersect(found[key]) if key in found else values
            if found[key].is_empty():
                return None
        return found
