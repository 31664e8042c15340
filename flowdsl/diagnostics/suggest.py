"""Suggestions: which existing name somebody probably meant."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from flowdsl.source.text import Span

from .diagnostic import Edit, Fix

_LONGEST = 100
"""Characters of a name for which others are suggested; nobody types longer ones."""

_COMPARED = 100
"""Names that a name is compared with.

A thousand mistakes beside a thousand names would otherwise be a million comparisons.
"""


def edit_distance(a: str, b: str, limit: int) -> int:
    """The optimal string alignment distance of two texts; `limit + 1` when it is larger.

    It counts insertions, deletions, replacements and swaps of neighbours.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    # What both begin or end with costs nothing.
    start, end_a, end_b = 0, len(a), len(b)
    while start < min(end_a, end_b) and a[start] == b[start]:
        start += 1
    while min(end_a, end_b) > start and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    a, b = a[start:end_a], b[start:end_b]
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, previous = previous, row
    return previous[-1]


class Names:
    """A set of names for many searches of near ones, sorted once; iterating gives sorted names."""

    __slots__ = ("_by_length", "_squeezed")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_length: dict[int, list[str]] = {}
        for name in sorted({*names}):
            self._by_length.setdefault(len(name), []).append(name)
        self._squeezed: dict[str, str] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._by_length.values()))

    def __iter__(self) -> Iterator[str]:
        return merge(*self._by_length.values())

    def add(self, name: str) -> None:
        """Add a name."""
        self._squeezed = None
        names = self._by_length.setdefault(len(name), [])
        at = bisect_left(names, name)
        if names[at : at + 1] != [name]:
            insort(names, name)

    def discard(self, name: str) -> None:
        """Remove a name, if it is there."""
        self._squeezed = None
        names = self._by_length.get(len(name), [])
        at = bisect_left(names, name)
        if names[at : at + 1] == [name]:
            del names[at]

    def around(self, name: str, limit: int) -> Iterator[str]:
        """The names whose length differs from that of `name` by at most `limit`.

        Of each length at most about 200 are given, those next to `name` in sorted order.
        """
        for length in range(len(name) - limit, len(name) + limit + 1):
            names = self._by_length.get(length)
            if names:
                middle = bisect_left(names, name)
                yield from names[max(0, middle - _COMPARED - 1) : middle + _COMPARED + 1]

    def alike(self, name: str) -> Iterator[str]:
        """The first name that differs from `name` in case and underscores alone, if any."""
        if self._squeezed is None:
            self._squeezed = {_squeeze_name(each): each for each in sorted(self, reverse=True)}
        if (found := self._squeezed.get(_squeeze_name(name))) is not None:
            yield found


def _squeeze_name(name: str) -> str:
    return name.lower().replace("_", "")


def find_closest_name(name: str, candidates: Iterable[str], *more: Names) -> str | None:
    """The candidate nearest to `name`, or None when none is near; ties go to the first in order.

    `more` are further candidates. When there are very many, only those next to `name` in sorted
    order are compared, which begin as it does.
    """
    length = len(name)
    if length > _LONGEST:
        return None
    lowered = name.lower()
    limit = max(1, length // 3)
    best: tuple[int, str] | None = None
    groups = (candidates if isinstance(candidates, Names) else Names(candidates), *more)
    around = (each for group in groups for each in group.around(name, limit))
    for candidate in _find_nearest_names(around, name):
        distance = edit_distance(lowered, candidate.lower(), limit)
        if distance == max(len(name), len(candidate)):
            continue  # not a letter in common
        if distance <= limit and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def _find_nearest_names(names: Iterable[str], name: str) -> list[str]:
    """The names in sorted order, of very many those next to `name`."""
    fitting = sorted({*names})
    if len(fitting) <= _COMPARED:
        return fitting
    middle = bisect_left(fitting, name)
    return fitting[max(0, middle - _COMPARED // 2) : middle + _COMPARED // 2]


def join_names(names: Iterable[str], *more: Names, limit: int = 8) -> str:
    """The names in sorted order and backticks, joined for a sentence.

    `more` are further names. After the first `limit` names the others are counted.
    """
    groups = (names if isinstance(names, Names) else Names(names), *more)
    shown = ", ".join(f"`{name}`" for name in islice(merge(*groups), limit))
    rest = sum(map(len, groups)) - limit
    return shown + (f" and {rest} more" if rest > 0 else "")


_ENDINGS = frozenset(
    (
        *("", "d", "ed", "en", "er", "ers", "es", "ied", "ies"),
        *("ing", "ion", "ly", "n", "or", "r", "rs", "s", "y"),
    )
)
"""Endings by which two words of one stem differ."""
_SLIP = 2
"""Letters that such a mistake changes at most."""
_STEM = 3
"""Letters of the shortest stem, so that `user` is no form of `us`."""


def find_misspelt_name(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` surely is but for a typing mistake, or None.

    Such a mistake is two letters in the wrong order, one letter too many, missing or wrong, two
    mistakes in a word of eight letters or more, or a difference only in case and underscores. Names
    that differ in a number or in the ending of a word are different names.

    Of very many candidates only those next to `name` in sorted order are compared, and those that
    differ in case and underscores.
    """
    names = candidates if isinstance(candidates, Names) else Names(candidates)
    near = {*_find_nearest_names(names.around(name, _SLIP), name), *names.alike(name)}
    return next((each for each in sorted(near) if _is_slip(name, each)), None)


def _is_slip(name: str, candidate: str) -> bool:
    ours, theirs = name.lower(), candidate.lower()
    if _squeeze_name(name) == _squeeze_name(candidate):
        return True
    words, others = ours.split("_"), theirs.split("_")
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    word, other = differing[0]
    if min(len(word), len(other)) < 3:
        return False
    if sorted(word) != sorted(other) and _is_variant(word, other):
        return False
    limit = 1 if max(len(word), len(other)) < 8 else _SLIP
    return edit_distance(word, other, limit) <= limit


def _is_variant(word: str, other: str) -> bool:
    """Whether two words differ in digits alone, or in their endings alone."""
    stem = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    at = min(len(word), len(other)) if stem is None else stem
    if at >= _STEM and {word[at:], other[at:]} <= _ENDINGS:
        return True
    return _without_digits(word) == _without_digits(other)


def _without_digits(word: str) -> str:
    return "".join(letter for letter in word if not letter.isdigit())


# Messages about an unknown name


def prefix_article(noun: str) -> str:
    """`noun` with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def suggest_known_names(kind: str, names: Iterable[str], missing: str) -> str:
    """The help for an unknown name: the nearest known one, or else all of them.

    `kind` says what they are.
    """
    candidates = names if isinstance(names, Names) else Names(names)
    near = find_closest_name(missing, candidates)
    if near is not None:
        return f"{prefix_article(kind)} named `{near}` exists"
    if not candidates:
        return f"there is no {kind} here"
    return f"known here: {join_names(candidates)}"


def rename_fix(span: Span, names: Iterable[str]) -> tuple[Fix, ...]:
    """The fix that replaces the name at `span` by the nearest of `names`, if one is near."""
    near = find_closest_name(span.text, names)
    if near is None:
        return ()
    return (Fix(f"rename to `{near}`", (Edit(span, near),)),)
