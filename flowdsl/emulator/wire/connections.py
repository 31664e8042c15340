"""Bodies of the connections between machines and the service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from flowdsl.emulator.wire.values import Name255, ReplyId, ReplyModel, ReplyTime, RequestModel


class ConnectionStatus(StrEnum):
    """Whether the connection is open."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


class ConnectionCreate(RequestModel):
    """A new connection, as the websocket server announces it."""

    websocket_id: Name255
    machine_id: UUID
    ip_address: str | None = None
    user_agent: str | None = None


class ConnectionUpdate(RequestModel):
    """Absent keys stay."""

    status: ConnectionStatus | None = None
    last_ping: datetime | None = None
    disconnected_at: datetime | None = None


class ConnectionResponse(ReplyModel):
    """One connection."""

    websocket_id: Name255
    id: ReplyId
    machine_id: ReplyId
    connected_at: ReplyTime
    disconnected_at: ReplyTime | None
    last_ping: ReplyTime
    status: ConnectionStatus
    ip_address: str | None = None
    user_agent: str | None = None
