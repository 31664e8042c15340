"""The route of usage."""

from __future__ import annotations

from typing import Literal

from flowdsl.cyberdesk.models.usage import UsageAggregate
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender


class Usage:
    """The route `/v1/usage/aggregate`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def aggregate(
        self, *, from_date: str, to_date: str, mode: Literal["simulated", "billed"] = "simulated"
    ) -> UsageAggregate:
        """The steps of a span of time; `to_date` is excluded, and both are ISO 8601 in UTC."""
        params = chosen(from_date=from_date, to_date=to_date, mode=mode)
        return (await self._sender.get("/v1/usage/aggregate", params)).model(UsageAggregate)
