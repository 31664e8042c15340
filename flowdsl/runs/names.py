"""Resolves the words that a person writes to machines, pools, runs and workflows of the service.

A word is an id or a name; names are not unique on the service, so that several objects may match.
For an ambiguous or unknown word, every function raises `NoSuchName` with the existing candidates.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from flowdsl.config.address import Address, workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound, make_printable
from flowdsl.cyberdesk.models.machine import Machine, Pool
from flowdsl.cyberdesk.models.run import Run
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.failure import FlowdslError

SHORTEST_PREFIX = 4
"""The number of digits of a run's id that are enough to look for it."""

NEWEST = "last"
"""The word for the run that was created last."""


async def find_machine(client: CyberdeskClient, word: str) -> Machine:
    """Return the machine with an id or a name; raises `NoSuchName`."""
    if is_uuid(word):
        return await by_id(client.machines.get, word, "machine")
    rows = await client.machines.list_all(name=word) or await client.machines.list_all()
    return by_name(rows, word, "machine", lambda each: each.name, _about_machine)


async def find_pool(client: CyberdeskClient, word: str) -> Pool:
    """Return the pool with an id or a name; raises `NoSuchName`."""
    if is_uuid(word):
        return await by_id(client.pools.get, word, "pool")
    rows = await client.pools.list_all()
    return by_name(rows, word, "pool", lambda each: each.name, _about_pool)


async def find_run(client: CyberdeskClient, word: str) -> Run:
    """Return the run with an id or its first digits, or the newest for `last`.

    It comes without its history. Raises `NoSuchName`.
    """
    if word == NEWEST:
        newest = await client.runs.list(fields=(), limit=1, sort_mode="created_at_desc")
        if not newest.items:
            raise NoSuchName("there is no last run: this organisation has no runs")
        return await client.runs.get(newest.items[0].id)
    if is_uuid(word):
        return await by_id(client.runs.get, word, "run")
    if not re.fullmatch(rf"[0-9a-fA-F-]{{{SHORTEST_PREFIX},36}}", word):
        raise NoSuchName(
            f"`{make_printable(word)}` is no id of a run, nor the first {SHORTEST_PREFIX} digits "
            f"or more of one; `{NEWEST}` is the newest run"
        )
    rows = await client.runs.list_all(search=word, fields=("session_alias",))
    matching = [row for row in rows if row.id.startswith(word.lower())]
    if not matching:
        raise NoSuchName(f"the id of no run begins with `{word}`")
    if len(matching) > 1:
        raise NoSuchName(
            f"the ids of {len(matching)} runs begin with `{word}`; write more of the id",
            [f"{row.id}  {row.status}  {row.created_at or ''}" for row in matching[:CANDIDATES]],
        )
    return await client.runs.get(matching[0].id)


def find_workflow_id(word: str, deployed: Mapping[Address, str]) -> str:
    """Return the id of a workflow by its id, address or name; `deployed` has those in state."""
    if is_uuid(word):
        return word.lower()
    for address in (Address.unchecked(word), workflow_address(word)):
        if address in deployed:
            return deployed[address]
    raise error_for_unknown_name(word, "deployed workflow", [address.name for address in deployed])


def session_id(word: str) -> str:
    """Return the id of a session, which has no name; raises `NoSuchName` if `word` is not an id."""
    if not is_uuid(word):
        raise NoSuchName(f"`{make_printable(word)}` is no id of a session")
    return word


def source_named(word: str, workflows: Iterable[str], chains: Iterable[str]) -> tuple[str, str]:
    """Return the kind and name in the sources of `workflow.NAME`, `chain.NAME` or `NAME`."""
    known = [*(("workflow", name) for name in workflows), *(("chain", name) for name in chains)]
    address = Address.unchecked(word)
    matching = [each for each in known if each == (address.kind, address.name) or each[1] == word]
    if len(matching) == 1:
        return matching[0]
    shown = make_printable(word)
    if matching:
        either = " or ".join(f"`{Address(kind, name)}`" for kind, name in matching)
        raise NoSuchName(f"`{shown}` may be {either}; write one of them")
    names = {name for _, name in known}
    nearest = find_closest_name(address.name or word, names)
    there = f"there are {join_names(names)}" if names else "there are none"
    if nearest is not None:
        of = next(of for of, each in known if each == nearest)
        there = f"a {of} `{nearest}` exists"
    raise NoSuchName(f"`{shown}` is no workflow or chain of the sources; {there}")


def _about_machine(machine: Machine) -> str:
    state = machine.status or "unknown status"
    return f"{machine.id}  {make_printable(machine.hostname or 'no host name')}  {state}"


def _about_pool(pool: Pool) -> str:
    return (
        f"{pool.id}  {pool.machine_count or 0} machines  {make_printable(pool.description or '')}"
    )


CANDIDATES = 8
"""The number of objects of one name that a message lists."""

T = TypeVar("T")


class NoSuchName(FlowdslError):
    """A word that matches nothing, or several objects; `candidates` are lines about those."""

    def __init__(self, message: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


async def by_id(get: Callable[[str], Awaitable[T]], word: str, kind: str) -> T:
    """Return the object with an id; raises `NoSuchName` if the organisation has none."""
    try:
        return await get(word)
    except NotFound:
        raise NoSuchName(
            f"there is no {kind} `{make_printable(word)}` in this organisation"
        ) from None


def by_name(
    rows: Sequence[T],
    word: str,
    kind: str,
    name: Callable[[T], str | None],
    about: Callable[[T], str],
) -> T:
    """Return the only one of `rows` whose name is `word`; raises `NoSuchName`.

    `about` returns the line that distinguishes one of several.
    """
    matching = [row for row in rows if name(row) == word]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NoSuchName(
            f"`{make_printable(word)}` is the name of {len(matching)} {plural(kind)}; write the id "
            "of one",
            [about(row) for row in matching[:CANDIDATES]],
        )
    raise error_for_unknown_name(word, kind, (name(row) for row in rows))


def error_for_unknown_name(word: str, kind: str, names: Iterable[str | None]) -> NoSuchName:
    """Return the error for a word that is not a name, with the existing names."""
    known = {make_printable(name) for name in names if name}
    nearest = find_closest_name(word, known)
    if not known:
        exists = f"there are no {plural(kind)} with a name"
    elif nearest is not None:
        exists = f"`{nearest}` exists"
    else:
        exists = f"there are {join_names(known)}"
    return NoSuchName(f"there is no {kind} `{make_printable(word)}`; {exists}")


def plural(kind: str) -> str:
    """Return the plural of the name of a kind of object."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
