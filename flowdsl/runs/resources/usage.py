"""The usage and cost of the runs of a period, by workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import RateLimited, RequestRefused
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.usage import RunCost, UsageAggregate, steps_of
from flowdsl.runs.filters import parse_moment
from flowdsl.source.failure import FlowdslError
from flowdsl.source.moments import read_moment, spell_moment

Figure = TypeVar("Figure", int, float)

Mode = Literal["simulated", "billed"]
"""Which steps are counted."""

FAILURES = frozenset({"task_failed", "error"})
"""The statuses of runs that failed."""

PERIOD = timedelta(days=30)
"""The default length of a period."""


class NoPeriod(FlowdslError):
    """A period that does not end after its beginning."""


@dataclass(frozen=True, slots=True)
class UsageSums:
    """The usage of some runs: steps that a model decided, replayed steps, US dollars.

    `failed` counts the runs that ended as `task_failed` or `error`. None means unknown;
    runs that do not report their usage, or have no cost, are left out of a sum. `has_unpriced` says
    that a model without a price was used, so that the sum is incomplete; it is None if the service
    has no prices.
    """

    runs: int
    failed: int
    agentic_steps: int | None
    cached_steps: int | None
    cost_usd: float | None
    has_unpriced: bool | None


@dataclass(frozen=True, slots=True)
class WorkflowUsage:
    """The usage of the runs of one workflow.

    `workflow` is its name in source, None for one that state does not know, and `title` that of the
    service, None for one that is gone.
    """

    workflow_id: str | None
    workflow: str | None
    title: str | None
    sums: UsageSums


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The usage of runs created from `since` on and before `until`, as ISO 8601 in UTC.

    `workflows` has the most expensive first. `service` is the service's own count of runs that
    ended in the period, None if a single workflow was requested.
    """

    since: str
    until: str
    mode: Mode
    workflows: tuple[WorkflowUsage, ...]
    totals: UsageSums
    service: UsageAggregate | None


def resolve_period(since: str | None, until: str | None, now: datetime) -> tuple[str, str]:
    """Return beginning and end of a period as ISO 8601; by default the 30 days before the end.

    The end is `now` by default, which is in UTC. Raises `NoPeriod`, and `NoSuchName` for an invalid
    time.
    """
    last = now if until is None else parse_moment(until)
    try:
        first = last - PERIOD if since is None else parse_moment(since)
    except OverflowError:
        raise NoPeriod(f"the 30 days before {spell_moment(last)} begin before the year 1") from None
    start, end = spell_moment(first), spell_moment(last)
    if first >= last:
        raise NoPeriod(f"the period ends at {end}, which is not after its beginning at {start}")
    return start, end


async def read_usage(
    client: CyberdeskClient,
    since: str,
    until: str,
    *,
    mode: Mode,
    workflow_id: str | None,
    addresses_by_id: Callable[[], Mapping[str, Address]],
    tell: Callable[[str], None],
) -> UsageReport:
    """Return the usage from `since` until before `until`, as `resolve_period` returns them.

    `addresses_by_id` returns the addresses of workflows by their ids. `tell` is called if costs are
    missing: the service has prices for some organisations only. Raises `CyberdeskError`.
    """
    service = None
    if workflow_id is None:
        service = await client.usage.aggregate(from_date=since, to_date=until, mode=mode)
    runs = await client.runs.list_all(
        workflow_id=workflow_id,
        created_at_from=since,
        created_at_to=until,
        fields=("usage_metadata",),
    )
    costs: Mapping[str, RunCost] | None = None
    try:
        rows = await client.usage.llm_costs_all(from_date=since, to_date=until)
        costs = {each.run_id: each for each in rows}
    except RateLimited:
        raise
    except RequestRefused as refused:
        tell(f"costs are missing: {refused}")
    groups: dict[str | None, list[Run]] = {}
    end = read_moment(until)
    for each in runs:
        # It is not known whether the service includes the end itself.
        if read_moment(each.created_at) != end:
            groups.setdefault(each.workflow_id or None, []).append(each)
    addresses = addresses_by_id()
    titles: Mapping[str, str | None] = {}
    if groups:
        titles = {each.id: each.name for each in await client.workflows.list_all()}
    found = []
    for key, members in groups.items():
        address = addresses.get(key or "")
        name = None if address is None else address.name
        sums = _sums_of(members, costs, mode)
        found.append(WorkflowUsage(key, name, titles.get(key or ""), sums))
    found.sort(key=lambda row: (-(row.sums.cost_usd or 0), -row.sums.runs, row.workflow_id or ""))
    totals = _total_usage([row.sums for row in found])
    return UsageReport(since, until, mode, tuple(found), totals, service)


def _sums_of(runs: Sequence[Run], costs: Mapping[str, RunCost] | None, mode: Mode) -> UsageSums:
    steps = [steps_of(each.usage_metadata, mode) for each in runs]
    counted = [each for each in steps if each is not None]
    known = costs or {}
    found = [known[each.id] for each in runs if each.id in known]
    unpriced = any(each.has_unpriced or each.total_cost_usd is None for each in found)
    return UsageSums(
        len(runs),
        sum(each.status in FAILURES for each in runs),
        _sum_known(each[0] for each in counted),
        _sum_known(each[1] for each in counted),
        _sum_known(each.total_cost_usd for each in found),
        None if costs is None else unpriced,
    )


def _total_usage(rows: Sequence[UsageSums]) -> UsageSums:
    unpriced = [row.has_unpriced for row in rows if row.has_unpriced is not None]
    return UsageSums(
        sum(row.runs for row in rows),
        sum(row.failed for row in rows),
        _sum_known(row.agentic_steps for row in rows),
        _sum_known(row.cached_steps for row in rows),
        _sum_known(row.cost_usd for row in rows),
        any(unpriced) if unpriced else None,
    )


def _sum_known(figures: Iterable[Figure | None]) -> Figure | None:
    """Return the sum of the figures that are known; None if none is."""
    known = [each for each in figures if each is not None]
    return round(sum(known), 6) if known else None
