"""Reasons to stop before anything is written. Pure, apart from one question to the service."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.directory import Directory
from flowdsl.deploy.mark import Mark, mark_in
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
    tracked: Collection[str],
) -> str | None:
    """The organisation of the key, as far as replies show it; raises `Stop`.

    A key of another organisation makes every id 404, which would read as "create everything again".
    """
    seen = directory.organizations() | {
        found.organization_id for found in live.values() if found.organization_id
    }
    expected = target.organization or prior.organization_id
    missing = [workflow_id for workflow_id in tracked if workflow_id not in live]
    if missing or (expected is not None and not seen):
        page = await client.workflows.list(limit=1)
        seen |= {row.organization_id for row in page.items if row.organization_id}
    if expected is not None and (foreign := seen - {expected}):
        raise Stop(
            Status.ACCESS,
            f"the API key belongs to the organisation `{min(foreign)}`, and `{target.environment}` is deployed to "
            f"`{expected}`; use a key of that organisation",
        )
    if len(missing) > 1 and len(missing) == len(tracked) and not seen:
        raise Stop(
            Status.ACCESS,
            f"none of the {len(tracked)} workflows in state exists in the organisation of this API key; a key of another "
            "organisation looks the same",
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


async def marked_workflows(client: CyberdeskClient, target: Target) -> dict[str, Mark]:
    """The workflows that carry a mark of this project and environment, by id."""
    marks = {row.id: mark_in(row.input_schema) for row in await client.workflows.list_all()}
    return {
        workflow_id: mark
        for workflow_id, mark in marks.items()
        if mark is not None
        and (mark.project, mark.environment) == (target.project, target.environment)
    }


def lost_state(target: Target, where: str, marked: Mapping[str, Mark]) -> Stop:
    """The stop for an organisation that holds workflows of ours while there is no state."""
    shown = ", ".join(f"`{mark.address}` ({workflow_id})" for workflow_id, mark in _first(marked))
    more = f" and {len(marked) - 5} more" if len(marked) > 5 else ""
    return Stop(
        Status.STATE,
        f"there is no state at `{where}`, and the organisation holds {len(marked)} workflows that this project deployed "
        f"to `{target.environment}`: {shown}{more}",
        "creating them again would duplicate them; bring the state back, or build it anew with `flowdsl state rebuild`",
    )


def _first(marked: Mapping[str, Mark]) -> Iterable[tuple[str, Mark]]:
    return sorted(marked.items(), key=lambda item: (item[1].address, item[0]))[:5]
