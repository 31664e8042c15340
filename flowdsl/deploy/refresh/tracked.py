"""Reads the workflows that state knows by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.job import Job
from flowdsl.deploy.planning.desired import DesiredState
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import StateDocument

LISTED_FROM = 10
"""Workflows from which on the list of the organisation is looked at."""

PAGE = 100
"""Rows of one page: some megabytes where prompts are long, and pages are read side by side."""

_INCLUDED = ("tags", workflow.CHECKS)
"""What a list leaves out unless it is asked for, and a workflow read by itself has."""


async def read_tracked(
    client: CyberdeskClient, ids: Iterable[str], *, concurrency: int
) -> dict[str, Live]:
    """Return the workflows with these ids that exist, by id; raises `CyberdeskError`.

    Each is read by itself: only that shows its history, and that it does not exist.
    """
    found: dict[str, Live] = {}

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        try:
            found[workflow_id] = await workflow.read(own, workflow_id)
        except NotFound:
            return

    await for_each(client, sorted(set(ids)), read, concurrency=concurrency)
    return found


async def read_live(
    job: Job, prior: StateDocument, desire: Callable[[], DesiredState]
) -> dict[str, Live]:
    """Return the workflows in `prior` and those to adopt, as `read_tracked` does.

    Of many, pages of the list show which are as they were left and as the project wants them. Those
    are taken from there, without their history, which is of no use where nothing differs. `desire`
    gives what the project wants, once a workflow of it is listed.
    """
    tracked = prior.workflow_ids()
    wanted = {*tracked.values(), *job.target.adopted.values()}
    found: dict[str, Live] = {}
    if len(tracked) >= LISTED_FROM:
        listed = await _read_listed(job, wanted)
        desired = desire().workflows if listed else {}
        pending = {intent.address for intent in prior.pending}
        for address in (tracked.keys() & desired.keys()) - pending:
            live = listed.get(tracked[address])
            if live is not None and _is_settled(job, prior, desired[address], live):
                found[live.id] = live
    rest = wanted - found.keys()
    return found | await read_tracked(job.client, rest, concurrency=job.options.concurrency)


def _is_settled(job: Job, prior: StateDocument, desired: Desired, live: Live) -> bool:
    """Whether a workflow is as it was last applied, and as it is desired."""
    last = prior.resources[desired.address]
    difference = compare(workflow.POLICIES, desired, last, live, job.target.ignored)
    return difference.is_empty and not difference.state_is_behind


async def _read_listed(job: Job, wanted: set[str]) -> dict[str, Live]:
    """Return workflows from pages of the list, as long as pages are fewer than `wanted`.

    Edits can move rows between pages, so some may be missing.
    """
    found: dict[str, Live] = {}

    async def read_page(own: CyberdeskClient, skip: int) -> ListPage[Workflow]:
        page = await own.workflows.list(skip=skip, limit=PAGE, include=_INCLUDED)
        for row in page.items:
            # A service may leave out what it was asked for.
            if row.id in wanted and None not in (row.tags, row.post_run_checks):
                found[row.id] = workflow.live_workflow(row)
        return page

    async def read_rows(own: CyberdeskClient, skip: int) -> None:
        if len(found) < len(wanted):
            await read_page(own, skip)

    first = await read_page(job.client, 0)
    pages = range(PAGE, first.total, PAGE)
    if len(pages) < len(wanted) - len(found):
        await for_each(job.client, pages, read_rows, concurrency=job.options.concurrency)
    return found
