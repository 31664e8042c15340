"""What a test expects of a value: JSON, of which lists, records and texts may be open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.simulate.interpreter.values import is_same, spelled
from flowdsl.source.patterns import matches_whole
from flowdsl.source.record import Record

from .telling import shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Pattern: TypeAlias = Any
    """JSON, in which the classes below may stand."""


class Part(Record):
    """A text that contains this one."""

    text: str


class Matching(Record):
    """A text that the whole pattern matches."""

    pattern: str


class Beginning(Record):
    """A list that begins with these entries."""

    entries: list[Pattern]


class Some(Record):
    """A record with these fields, whatever the others are."""

    fields: Mapping[str, Pattern]


def first_difference(expected: Pattern, found: Any, path: str) -> str | None:
    """Where a value differs first from what is expected, in one sentence; None where it fits."""
    match expected, found:
        case Part(text), str() if text in found:
            return None
        case Matching(pattern), str() if matches_whole(pattern, found):
            return None
        case ((dict() | Some()), dict()):
            return _of_record(expected, found, path)
        case ((list() | Beginning()), list()):
            return _of_list(expected, found, path)
        case _ if is_same(expected, found):
            return None
        case _:
            return f"`{path}` is {shown(found)}, not {shown(expected)}"


def _of_record(expected: dict[str, Pattern] | Some, found: dict[str, Any], path: str) -> str | None:
    fields = expected.fields if isinstance(expected, Some) else {**expected, **found}
    wanted = expected.fields if isinstance(expected, Some) else expected
    for name in fields:
        here = first_difference(wanted.get(name), found.get(name), f"{path}.{name}")
        if here is not None:
            return here
    return None


def _of_list(expected: list[Pattern] | Beginning, found: list[Any], path: str) -> str | None:
    is_open = isinstance(expected, Beginning)
    entries = expected.entries if isinstance(expected, Beginning) else expected
    for number, (one, other) in enumerate(zip(entries, found, strict=False)):
        here = first_difference(one, other, f"{path}[{number}]")
        if here is not None:
            return here
    if len(found) < len(entries) or (len(found) > len(entries) and not is_open):
        has = "1 entry" if len(found) == 1 else f"{len(found)} entries"
        return f"`{path}` has {has}, not {len(entries)}{' or more' if is_open else ''}"
    return None


def shown(value: Pattern) -> str:
    """A value, or what is expected of one, as a message shows it."""
    return shortened(_shown(value))


def _shown(value: Pattern) -> str:
    match value:
        case None:
            return "missing"
        case Part(text):
            return f'a text with "{text}"'
        case Matching(pattern):
            return f'a text that r"{pattern}" matches'
        case Beginning() | Some():
            return "a list" if isinstance(value, Beginning) else "a record"
        case str():
            return f'"{value}"'
        case list() if any(isinstance(each, Part | Beginning | Some) for each in value):
            return "a list"
        case dict() if any(isinstance(each, Part | Beginning | Some) for each in value.values()):
            return "a record"
        case _:
            return spelled(value)
