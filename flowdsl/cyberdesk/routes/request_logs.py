"""The reading routes of requests to desktops, which the platform writes."""

from __future__ import annotations

from flowdsl.cyberdesk.models.request_log import RequestLog, RequestLogPage
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/request-logs"


class RequestLogs:
    """The routes below `/v1/request-logs`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        machine_id: str | None = None,
        method: str | None = None,
        status_code: int | None = None,
    ) -> RequestLogPage:
        """One page."""
        params = chosen(
            skip=skip, limit=limit, machine_id=machine_id, method=method, status_code=status_code
        )
        return (await self._sender.get(_PATH, params)).model(RequestLogPage)

    async def get(self, log_id: str) -> RequestLog:
        """One request."""
        return (await self._sender.get(f"{_PATH}/{segment(log_id)}")).model(RequestLog)
