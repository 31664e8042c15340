"""From a word of the command line to one object of the service: an id, or a name that is unique."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from flowdsl.cyberdesk.errors import NotFound
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.suggest import closest, listed
from flowdsl.source.failure import FlowdslError

CANDIDATES = 8
"""Objects of one name that a message lists."""

T = TypeVar("T")


class NoSuchName(FlowdslError):
    """A word that means nothing, or several things; `candidates` are lines about those."""

    def __init__(self, message: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


async def by_id(get: Callable[[str], Awaitable[T]], word: str, kind: str) -> T:
    """The object of an id; raises `NoSuchName` where the organisation has none of it."""
    try:
        return await get(word)
    except NotFound:
        raise NoSuchName(f"there is no {kind} `{printable(word)}` in this organisation") from None


def by_name(
    rows: Sequence[T],
    word: str,
    kind: str,
    name: Callable[[T], str | None],
    about: Callable[[T], str],
) -> T:
    """The only one of `rows` whose name is `word`; raises `NoSuchName`.

    `about` gives the line that tells one of several apart.
    """
    found = [row for row in rows if name(row) == word]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchName(
            f"`{printable(word)}` is the name of {len(found)} {plural(kind)}; write the id of one",
            [about(row) for row in found[:CANDIDATES]],
        )
    raise unknown(word, kind, (name(row) for row in rows))


def unknown(word: str, kind: str, names: Iterable[str | None]) -> NoSuchName:
    """The failure for a word that is no name, with what exists instead."""
    known = {printable(name) for name in names if name}
    nearest = closest(word, known)
    if not known:
        exists = f"there are no {plural(kind)} with a name"
    elif nearest is not None:
        exists = f"`{nearest}` exists"
    else:
        exists = f"there are {listed(known)}"
    return NoSuchName(f"there is no {kind} `{printable(word)}`; {exists}")


def plural(kind: str) -> str:
    """The plural of the name of a kind of object."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
