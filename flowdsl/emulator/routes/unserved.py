"""The operations of the contract that the emulator does not serve, each with the reason.

Together with the routes they cover the contract: a test compares both with it, and
`docs/emulator.md` with this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse

DOCUMENT = "docs/emulator.md"


@dataclass(frozen=True, slots=True)
class Unserved:
    """Operations, as `METHOD path`, and the reason they are not served."""

    why: str
    operations: tuple[str, ...]


UNSERVED: tuple[Unserved, ...] = (
    Unserved(
        "direct control of a desktop, which the emulator does not have",
        (
            "POST /v1/computer/{machine_id}/copy_to_clipboard",
            "GET /v1/computer/{machine_id}/display/dimensions",
            "GET /v1/computer/{machine_id}/display/screenshot",
            "GET /v1/computer/{machine_id}/fs/list",
            "GET /v1/computer/{machine_id}/fs/read",
            "POST /v1/computer/{machine_id}/fs/write",
            "POST /v1/computer/{machine_id}/input/keyboard/key",
            "POST /v1/computer/{machine_id}/input/keyboard/type",
            "POST /v1/computer/{machine_id}/input/mouse/click",
            "POST /v1/computer/{machine_id}/input/mouse/drag",
            "POST /v1/computer/{machine_id}/input/mouse/move",
            "GET /v1/computer/{machine_id}/input/mouse/position",
            "POST /v1/computer/{machine_id}/input/mouse/scroll",
            "GET /v1/computer/{machine_id}/internal/diagnostics",
            "POST /v1/computer/{machine_id}/internal/keepalive/remote/activity",
            "POST /v1/computer/{machine_id}/internal/keepalive/remote/disable",
            "POST /v1/computer/{machine_id}/internal/keepalive/remote/enable",
            "POST /v1/computer/{machine_id}/internal/update",
            "POST /v1/computer/{machine_id}/shell/powershell/exec",
            "POST /v1/computer/{machine_id}/shell/powershell/session",
            "POST /v1/computer/{machine_id}/shell/powershell/simple",
            "POST /v1/computer/{machine_id}/shell/powershell/test",
        ),
    ),
    Unserved(
        "talks with the driver on a desktop, which the emulator does not have",
        (
            "GET /api/ab",
            "POST /api/ab",
            "POST /api/ab/peers",
            "POST /api/ab/personal",
            "POST /api/ab/settings",
            "POST /api/ab/shared/profiles",
            "POST /api/ab/tags/{field_profile_guid}",
            "POST /api/currentUser",
            "POST /api/cyberdriver/authorize-connection",
            "POST /api/cyberdriver/connection-token",
            "GET /api/device-group/accessible",
            "GET /api/heartbeat",
            "GET /api/login-options",
            "POST /api/oidc/auth",
            "GET /api/oidc/auth-query",
            "GET /api/oidc/callback",
            "POST /api/oidc/confirm",
            "GET /api/peers",
            "GET /api/users",
            "POST /v1/machines/{machine_id}/cyberdriver/shutdown",
            "POST /v1/machines/{machine_id}/cyberdriver/web-session",
        ),
    ),
    Unserved(
        "the platform's record of its own traffic with desktops",
        (
            "POST /v1/request-logs",
            "PATCH /v1/request-logs/{log_id}",
            "DELETE /v1/request-logs/{log_id}",
        ),
    ),
)


def router_of_unserved() -> APIRouter:
    """Return routes that answer 501 and name the operation, the reason and the list of them all."""
    router = APIRouter()
    for group in UNSERVED:
        for operation in group.operations:
            method, _, path = operation.partition(" ")
            detail = (
                f"the local Cyberdesk does not serve `{operation}`: {group.why}; "
                f"what it serves stands in `{DOCUMENT}`"
            )
            router.add_route(
                path, partial(_refuse_unserved, detail), methods=[method], include_in_schema=False
            )
    return router


async def _refuse_unserved(detail: str, _request: object) -> JSONResponse:
    return JSONResponse({"detail": detail}, 501)
