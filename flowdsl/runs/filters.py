"""Builds the filters for a list of runs from the words of a person or program."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES, RunField
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.runs.names import NoSuchName, find_machine, find_workflow_id, session_id
from flowdsl.runs.watch import LIVE_STATUSES
from flowdsl.source.moments import read_moment, spell_moment

LISTED: tuple[RunField, ...] = (
    "started_at",
    "ended_at",
    "session_id",
    "session_alias",
    "error",
    "input_values",
    "output_data",
    "main_prompt",
)
"""The fields of a run in a list, besides id, workflow, machine, status and creation."""

MAX_PAGE = 1000
"""Runs of one reply (contract)."""


async def run_filters(
    client: CyberdeskClient,
    deployed: Mapping[Address, str],
    *,
    workflow: str | None = None,
    machine: str | None = None,
    session: str | None = None,
    status: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> dict[str, Any]:
    """Return the filters as `Runs.list` takes them; raises `NoSuchName` and `CyberdeskError`.

    `deployed` are the ids of workflows that state knows. `since` and `until` are ISO 8601.
    """
    filters: dict[str, Any] = {}
    if workflow is not None:
        filters["workflow_id"] = find_workflow_id(workflow, deployed)
    if session is not None:
        filters["session_id"] = session_id(session)
    if status is not None:
        filters["status"] = parse_status(status)
    if since is not None:
        filters["created_at_from"] = normalise_moment(since)
    if until is not None:
        filters["created_at_to"] = normalise_moment(until)
    # Last, so that no request is sent before everything else is known to be valid.
    if machine is not None:
        filters["machine_id"] = (await find_machine(client, machine)).id
    return filters


def parse_status(word: str) -> str:
    """Return the status that `word` names; raises `NoSuchName`."""
    return require_known_word(word, LIVE_STATUSES | TERMINAL_STATUSES, "status of a run")


def require_known_word(word: str, known: Collection[str], what: str) -> str:
    """Return `word` if it is one of the known words; raises `NoSuchName` otherwise."""
    if word in known:
        return word
    nearest = find_closest_name(word, known)
    exists = f"`{nearest}` exists" if nearest else f"there are {join_names(known)}"
    raise NoSuchName(f"`{make_printable(word)}` is no {what}; {exists}")


def normalise_moment(text: str) -> str:
    """Return a time as the service writes it; raises `NoSuchName`."""
    return spell_moment(parse_moment(text))


def parse_moment(text: str) -> datetime:
    """Parse a day or a time; raises `NoSuchName`.

    Without a zone it is UTC, as the service's filters are.
    """
    moment = read_moment(text)
    if moment is None:
        raise NoSuchName(
            f"`{make_printable(text)}` is no time such as `2026-05-31` or `2026-05-31T14:30`"
        )
    return moment
