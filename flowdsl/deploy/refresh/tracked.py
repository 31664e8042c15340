"""Reads the workflows that state knows by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.job import Job
from flowdsl.deploy.planning.desired import DesiredState
from flowdsl.deploy.planning.plan import Settled
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.packed import pack_live
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.workers import for_each
from flowdsl.source.packing import Packer
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
    packer = Packer()

    async def read(own: CyberdeskClient, workflow_id: str) -> None:
        try:
            found[workflow_id] = pack_live(await workflow.read(own, workflow_id), packer)
        except NotFound:
            return

    await for_each(client, sorted(set(ids)), read, concurrency=concurrency)
    return found


async def read_live(
    job: Job, prior: StateDocument, desire: Callable[[], DesiredState]
) -> tuple[dict[str, Live], dict[str, Settled]]:
    """Return the workflows in `prior` and those to adopt, as `read_tracked` does.

    Of many, pages of the list show which are as they were left and as the project wants them. Those
    are taken from there, without their history, which is of no use where nothing differs. What was
    compared so comes second, by id. `desire` gives what the project wants, once a workflow of it is
    listed.
    """
    tracked = prior.workflow_ids()
    wanted = {*tracked.values(), *job.target.adopted.values()}
    settled: dict[str, Settled] = {}
    if len(tracked) >= LISTED_FROM:
        settled = await _Pages(job, prior, wanted, desire).read()
    rest = wanted - settled.keys()
    singly = await read_tracked(job.client, rest, concurrency=job.options.concurrency)
    return {workflow_id: each.live for workflow_id, each in settled.items()} | singly, settled


class _Pages:
    """Pages of the list of workflows, as long as they are fewer than the `wanted` workflows.

    A page is compared when it comes, and only what is settled is kept, packed: all rows of a large
    organisation would fill the memory. Edits can move rows between pages, so some may be missing.
    """

    def __init__(
        self, job: Job, prior: StateDocument, wanted: Set[str], desire: Callable[[], DesiredState]
    ) -> None:
        self._job = job
        self._prior = prior
        self._wanted = wanted
        self._desire = desire
        pending = {intent.address for intent in prior.pending}
        self._addresses = {
            workflow_id: address
            for address, workflow_id in prior.workflow_ids().items()
            if address not in pending
        }
        self._listed: set[str] = set()
        self._settled: dict[str, Settled] = {}
        self._packer = Packer()

    async def read(self) -> dict[str, Settled]:
        """Read the pages; returns what is settled, by id."""
        client, concurrency = self._job.client, self._job.options.concurrency
        total = await self._read_page(client, 0)
        pages = range(PAGE, total, PAGE)
        if len(pages) < len(self._wanted) - len(self._listed):
            await for_each(client, pages, self._read_next, concurrency=concurrency)
        return self._settled

    async def _read_next(self, own: CyberdeskClient, skip: int) -> None:
        if len(self._listed) < len(self._wanted):
            await self._read_page(own, skip)

    async def _read_page(self, own: CyberdeskClient, skip: int) -> int:
        """Take in a page; returns the number of workflows on all pages."""
        page = await own.workflows.list(skip=skip, limit=PAGE, include=_INCLUDED)
        for row in page.items:
            # A service may leave out what it was asked for.
            if row.id in self._wanted and None not in (row.tags, row.post_run_checks):
                self._listed.add(row.id)
                self._take_in(row)
        return page.total

    def _take_in(self, row: Workflow) -> None:
        """Keep a workflow if it is as it was last applied, and as it is desired."""
        # An earlier page may have had it as it was before an edit.
        self._settled.pop(row.id, None)
        address = self._addresses.get(row.id)
        desired = None if address is None else self._desire().workflows.get(address)
        if address is None or desired is None:
            return
        live, last = workflow.live_workflow(row), self._prior.resources[address]
        difference = compare(workflow.POLICIES, desired, last, live, self._job.target.ignored)
        if difference.is_empty and not difference.state_is_behind:
            desired.share_hashes(last.applied)
            packed = pack_live(live, self._packer)
            self._settled[row.id] = Settled(packed, desired, last, difference)
