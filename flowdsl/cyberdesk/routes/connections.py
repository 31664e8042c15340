"""The reading routes of connections, which the platform writes."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.connection import Connection, ConnectionPage
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/connections"


class Connections:
    """The routes below `/v1/connections`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        machine_id: str | None = None,
        status: str | None = None,
    ) -> ConnectionPage:
        """One page."""
        params = chosen(skip=skip, limit=limit, machine_id=machine_id, status=status)
        return (await self._sender.get(_PATH, params)).model(ConnectionPage)

    async def list_all(
        self, *, machine_id: str | None = None, status: str | None = None
    ) -> Sequence[Connection]:
        """Every connection that matches, once, whatever is edited meanwhile (see `walk_all`)."""
        return await walk_all(
            lambda skip: self.list(
                skip=skip, limit=LIST_LIMIT, machine_id=machine_id, status=status
            ),
            "connections",
        )

    async def get(self, connection_id: str) -> Connection:
        """One connection."""
        return (await self._sender.get(f"{_PATH}/{segment(connection_id)}")).model(Connection)
