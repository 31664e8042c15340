"""Requests of the service to desktops. Fields: SDK 2.2.69."""

from __future__ import annotations

from flowdsl.cyberdesk.models.page import Page
from flowdsl.cyberdesk.models.wire_model import ReadModel


class RequestLog(ReadModel):
    """One request to a machine; `completed_at` is null as long as it has no answer."""

    id: str
    machine_id: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None
    status_code: int | None = None
    duration_ms: int | None = None
    request_size_bytes: int | None = None
    response_size_bytes: int | None = None
    error_message: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    completed_at: str | None = None


class RequestLogPage(Page[RequestLog]):
    """One page of the list of requests."""
