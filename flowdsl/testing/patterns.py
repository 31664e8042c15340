"""Expected values that are partly open, and how a value differs from one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.simulate.interpreter.values import is_same, spell_value
from flowdsl.source.patterns import matches_whole
from flowdsl.source.record import Record

from .telling import shorten_line

Pattern = Any
"""JSON that may contain instances of the classes below."""


class Part(Record):
    """Matches a text that contains this one."""

    text: str


class Matching(Record):
    """Matches a text that the whole pattern matches."""

    pattern: str


class Between(Record):
    """Matches a number, a day or a time between two bounds, which belong to it; None for no bound.

    Days and times are compared as texts: their standard form has the order of time.
    """

    low: Any
    high: Any

    def has(self, value: Any) -> bool:
        if value is None or isinstance(value, bool):
            return False
        try:
            return (self.low is None or self.low <= value) and (
                self.high is None or value <= self.high
            )
        except TypeError:
            return False


class Unlike(Record):
    """Matches any value that the pattern does not match, also a missing one."""

    pattern: Pattern


class Some(Record):
    """Matches a record with these fields, whatever other fields it has."""

    fields: Mapping[str, Pattern]


class _Anything(Record):
    """In `Entries`: any number of entries."""


ANYTHING = _Anything()


class Entries(Record):
    """Matches a list with these entries, and any where `ANYTHING` stands, in order or not."""

    entries: list[Pattern]
    any_order: bool


class PatternMismatch(Record):
    """Where a value differs from its pattern: what is expected there, what is, and a sentence."""

    path: str
    expected: str
    found: str
    message: str


def _difference_at(path: str, expected: Pattern, found: Any) -> PatternMismatch:
    wanted, here = format_pattern(expected), format_pattern(found)
    message = f"`{path}` is {here}, not {wanted}"
    if isinstance(expected, Unlike):
        message = f"`{path}` is {here}, and {wanted} is expected"
    return PatternMismatch(path, wanted, here, message)


def first_difference(expected: Pattern, found: Any, path: str) -> PatternMismatch | None:
    """Return the first difference of a value from its pattern; None if it matches."""
    match expected, found:
        case Part(text), str() if text in found:
            return None
        case Matching(pattern), str() if matches_whole(pattern, found):
            return None
        case Between(), _ if expected.has(found):
            return None
        case Unlike(pattern), _ if first_difference(pattern, found, path) is not None:
            return None
        case ((dict() | Some()), dict()):
            return _difference_of_record(expected, found, path)
        case list(), list():
            return _difference_of_entries(expected, found, path)
        case Entries(any_order=True), list():
            return _difference_in_any_order(expected.entries, found, path)
        case Entries(), list():
            return _difference_in_order(expected.entries, found, path)
        case _ if is_same(expected, found):
            return None
        case _:
            return _difference_at(path, expected, found)


def _difference_of_record(
    expected: dict[str, Pattern] | Some, found: dict[str, Any], path: str
) -> PatternMismatch | None:
    fields = expected.fields if isinstance(expected, Some) else {**expected, **found}
    wanted = expected.fields if isinstance(expected, Some) else expected
    for name in fields:
        here = first_difference(wanted.get(name), found.get(name), f"{path}.{name}")
        if here is not None:
            return here
    return None


def _difference_of_entries(
    expected: Sequence[Pattern], found: Sequence[Any], path: str, first: int = 0
) -> PatternMismatch | None:
    """Compare lists entry by entry, and then their lengths; `first` is the index of the first."""
    for number, (one, other) in enumerate(zip(expected, found, strict=False), first):
        here = first_difference(one, other, f"{path}[{number}]")
        if here is not None:
            return here
    if len(found) != len(expected):
        return _difference_of_lengths(len(expected), "", found, path)
    return None


def _difference_of_lengths(
    number: int, or_more: str, found: Sequence[Any], path: str
) -> PatternMismatch:
    wanted = f"{_count_entries(number)}{or_more}"
    has = _count_entries(len(found))
    return PatternMismatch(path, wanted, has, f"`{path}` has {has}, not {number}{or_more}")


def _count_entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _difference_in_order(
    expected: Sequence[Pattern], found: Sequence[Any], path: str
) -> PatternMismatch | None:
    """Compare a list with parts that are in this order, with any entries between them.

    The first part begins the list and the last one ends it; each other is found where it first
    fits, which leaves the most for those behind it.
    """
    parts = _split_at_gaps(expected)
    number = sum(map(len, parts))
    first, *middle, last = parts
    here = _difference_of_entries(first, found[: len(first)], path)
    if here is None and len(found) >= number:
        start = len(found) - len(last)
        here = _difference_of_entries(last, found[start:], path, start)
    if len(found) < number and (here is None or len(found) < len(first)):
        return _difference_of_lengths(number, " or more", found, path)
    if here is not None:
        return here
    at, end = len(first), len(found) - len(last)
    for part in middle:
        fitting = (
            start
            for start in range(at, end - len(part) + 1)
            if _difference_of_entries(part, found[start : start + len(part)], path) is None
        )
        start = next(fitting, -1)
        if start < 0:
            between = "" if at == 0 and end == len(found) else f" between [{at}] and [{end}]"
            return _lacking(part, path, between)
        at = start + len(part)
    return None


def _split_at_gaps(entries: Sequence[Pattern]) -> list[list[Pattern]]:
    parts: list[list[Pattern]] = [[]]
    for entry in entries:
        if entry is ANYTHING:
            parts.append([])
        else:
            parts[-1].append(entry)
    return parts


def _lacking(part: Sequence[Pattern], path: str, where: str = "") -> PatternMismatch:
    shown = ", ".join(map(format_pattern, part))
    wanted = f"{'an entry' if len(part) == 1 else 'the entries'} {shown}{where}"
    return PatternMismatch(path, wanted, "none", f"`{path}` lacks {wanted}")


def _difference_in_any_order(
    expected: Sequence[Pattern], found: Sequence[Any], path: str
) -> PatternMismatch | None:
    """Give each pattern an entry of its own; an entry may fit several patterns."""
    patterns = [entry for entry in expected if entry is not ANYTHING]
    fitting = [
        [at for at, value in enumerate(found) if first_difference(pattern, value, path) is None]
        for pattern in patterns
    ]
    owners: dict[int, int] = {}
    for number, pattern in enumerate(patterns):
        if not _find_entry(number, fitting, owners):
            return _lacking([pattern], path, ", once more" if fitting[number] else "")
    others = [at for at in range(len(found)) if at not in owners]
    if others and len(patterns) == len(expected):
        here, value = f"{path}[{others[0]}]", format_pattern(found[others[0]])
        return PatternMismatch(
            here, "no further entry", value, f"`{here}` is {value}, and not expected"
        )
    return None


def _find_entry(number: int, fitting: Sequence[Sequence[int]], owners: dict[int, int]) -> bool:
    """Give a pattern an entry that fits; the owner of a taken one has to find another.

    `owners` has the pattern of each entry that is taken.
    """
    reached: dict[int, int] = {}
    pending = deque((number,))
    while pending:
        pattern = pending.popleft()
        for at in fitting[pattern]:
            if at in reached:
                continue
            reached[at] = pattern
            if at in owners:
                pending.append(owners[at])
                continue
            entries = {owner: entry for entry, owner in owners.items()}
            free: int | None = at
            while free is not None:
                owners[free] = owner = reached[free]
                free = entries.get(owner)
            return True
    return False


def format_pattern(value: Pattern) -> str:
    """Format a value or a pattern for a message."""
    return shorten_line(_format_nested_pattern(value))


def _format_nested_pattern(value: Pattern) -> str:
    match value:
        case None:
            return "missing"
        case Part(text):
            return f'a text with "{text}"'
        case Matching(pattern):
            return f'a text that r"{pattern}" matches'
        case Between(low, None):
            return f"at least {_format_nested_pattern(low)}"
        case Between(None, high):
            return f"at most {_format_nested_pattern(high)}"
        case Between(low, high):
            return f"{_format_nested_pattern(low)} to {_format_nested_pattern(high)}"
        case Unlike(None):
            return "any value"
        case Unlike(pattern):
            return f"anything else than {_format_nested_pattern(pattern)}"
        case Entries() | Some():
            return "a list" if isinstance(value, Entries) else "a record"
        case str():
            return f'"{value}"'
        case list() if any(isinstance(each, Record) for each in value):
            return "a list"
        case dict() if any(isinstance(each, Record) for each in value.values()):
            return "a record"
        case _:
            return spell_value(value)
