"""Reasons to stop before anything is written. Pure, apart from one question to the service."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import printable
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.directory import Directory
from flowdsl.deploy.mark import mark_in
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.resource import Live
from flowdsl.deploy.target import Target
from flowdsl.state.document import StateDocument


async def prove_organization(
    client: CyberdeskClient,
    target: Target,
    prior: StateDocument,
    directory: Directory,
    live: Mapping[str, Live],
    tracked: Mapping[str, str],
    given_up: Collection[str],
) -> str | None:
    """The organisation of the key, as far as replies show it; raises `Stop`.

    A key of another organisation makes every id 404, which would read as "create everything again". `tracked` maps
    addresses to ids; those in `given_up` are known to be gone.
    """
    seen = directory.organizations() | {
        found.organization_id for found in live.values() if found.organization_id
    }
    expected = target.organization or prior.organization_id
    missing = {address for address, workflow_id in tracked.items() if workflow_id not in live}
    if missing or (expected is not None and not seen):
        page = await client.workflows.list(limit=1)
        seen |= {row.organization_id for row in page.items if row.organization_id}
    if expected is not None and (foreign := seen - {expected}):
        raise Stop(
            Status.ACCESS,
            f"the API key belongs to the organisation `{min(foreign)}`, and `{target.environment}` is deployed to "
            f"`{expected}`; use a key of that organisation",
        )
    if not seen and missing - set(given_up) and len(missing) == len(tracked):
        raise Stop(
            Status.ACCESS,
            f"no workflow in state ({len(tracked)}) exists in the organisation of this API key; a key of another "
            "organisation looks the same; if they were deleted on purpose, deploy with "
            f'`--recreate {min(missing)}` for each, or let it go with `[[removed]]` and `mode = "forget"`',
        )
    return min(seen, default=None)


def check_api_base(target: Target, prior: StateDocument) -> None:
    """Raise `Stop` when the state was made at another address."""
    if prior.api_base != target.api_base:
        raise Stop(
            Status.STATE,
            f"the state of `{target.environment}` was made at `{prior.api_base}` and the environment names "
            f"`{target.api_base}`; ids of one service mean nothing to another, so give it a state of its own",
        )


async def left_over(
    client: CyberdeskClient, target: Target, in_source: Collection[str]
) -> dict[str, list[Workflow]]:
    """The workflows that carry a mark of this project and environment, by address, the oldest first.

    Left out is what `[[removed]]` lets go, and what `[[adopt]]` gives to an address that the source has; a copy of that
    one, which carries the same mark, is then nobody's.
    """
    taken = {found.lower() for address, found in target.adopted.items() if address in in_source}
    found: dict[str, list[Workflow]] = {}
    for row in await client.workflows.list_all():
        mark = mark_in(row.input_schema)
        if mark is None or (mark.project, mark.environment) != (target.project, target.environment):
            continue
        found.setdefault(mark.address, []).append(row)
    return {
        address: sorted(rows, key=lambda row: (row.created_at or "", row.id))
        for address, rows in found.items()
        if address not in target.forgotten and not any(row.id in taken for row in rows)
    }


def lost_state(
    target: Target, where: str, left: Mapping[str, Sequence[Workflow]], in_source: Collection[str]
) -> Stop:
    """The stop for an organisation that holds workflows of ours while there is no state.

    Says how to take them over: an entry for each of `left`, those whose address is not `in_source` to be let go.
    """
    entries = [
        _adoption(target, address, rows) if address in in_source else _removal(address, rows[0])
        for address, rows in sorted(left.items())
    ]
    return Stop(
        Status.STATE,
        f"there is no state at `{where}`, and the organisation holds {sum(map(len, left.values()))} workflows that this "
        f"project deployed to `{target.environment}`; creating them again would duplicate them",
        f"put the file `{where.removeprefix('file:')}` back; where it is lost, check these entries against the dashboard "
        "and add them to `flowdsl.toml`, then deploy again:\n\n" + "\n".join(entries),
    )


def _adoption(target: Target, address: str, rows: Sequence[Workflow]) -> str:
    # A duplicate made in the dashboard copies the mark, so the oldest is meant.
    others = "".join(f"# perhaps a copy of it: {_described(row)}\n" for row in rows[1:])
    entry = {"env": target.environment, "address": address, "id": rows[0].id}
    return f"# {_described(rows[0])}\n{others}[[adopt]]\n{_toml(entry)}"


def _removal(address: str, row: Workflow) -> str:
    entry = _toml({"address": address, "mode": "forget"})
    return (
        f"# {_described(row)}, which is not in the source under this name; where it was renamed there, write\n"
        f"# `[[adopt]]` with its new address instead\n[[removed]]\n{entry}"
    )


def _described(row: Workflow) -> str:
    return printable(f"`{row.name or ''}` ({row.id})")


def _toml(entry: Mapping[str, str]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())
