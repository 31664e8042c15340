"""The routes of usage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.usage import RunCost, RunCostPage, UsageAggregate
from flowdsl.cyberdesk.paging import walk_in_order
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender


class Usage:
    """The routes below `/v1/usage`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def aggregate(
        self, *, from_date: str, to_date: str, mode: Literal["simulated", "billed"] = "simulated"
    ) -> UsageAggregate:
        """The steps of a span of time; `to_date` is excluded, and both are ISO 8601 in UTC."""
        params = chosen(from_date=from_date, to_date=to_date, mode=mode)
        return (await self._sender.get("/v1/usage/aggregate", params)).model(UsageAggregate)

    async def llm_costs(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        from_date: str | None = None,
        to_date: str | None = None,
    ) -> RunCostPage:
        """One page of what runs cost; times are ISO 8601 in UTC, and `to_date` is excluded.

        The service has this behind a feature flag, and refuses it where that is not set.
        """
        params = chosen(skip=skip, limit=limit, from_date=from_date, to_date=to_date)
        return (await self._sender.get("/v1/usage/llm-costs", params)).model(RunCostPage)

    async def llm_costs_all(
        self, *, from_date: str | None = None, to_date: str | None = None
    ) -> Sequence[RunCost]:
        """What every run of a span of time cost, once (see `walk_in_order`).

        Arguments as in `llm_costs`.
        """
        return await walk_in_order(
            lambda skip: self.llm_costs(
                skip=skip, limit=LIST_LIMIT, from_date=from_date, to_date=to_date
            ),
            "costs",
        )
