"""Connections: when a machine's agent was in touch with the service, written by the platform."""

from __future__ import annotations

from flowdsl.cyberdesk.models.page import Page
from flowdsl.cyberdesk.models.wire_model import ReadModel


class Connection(ReadModel):
    """One connection of a machine; `disconnected_at` is null while it lasts."""

    id: str
    machine_id: str | None = None
    status: str | None = None
    websocket_id: str | None = None
    connected_at: str | None = None
    disconnected_at: str | None = None
    last_ping: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


class ConnectionPage(Page[Connection]):
    """One page of the connection list."""
