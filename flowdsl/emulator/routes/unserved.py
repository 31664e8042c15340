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


def _list_operations(prefix: str, **paths: str) -> tuple[str, ...]:
    """Return the operations on the `paths` below a prefix, sorted by path.

    The paths of each method are separated by blanks.
    """
    found = ((path, method) for method, each in paths.items() for path in each.split())
    return tuple(f"{method} {prefix}{path}" for path, method in sorted(found))


UNSERVED: tuple[Unserved, ...] = (
    Unserved(
        "direct control of a desktop, which the emulator does not have",
        _list_operations(
            "/v1/computer/{machine_id}/",
            GET="display/dimensions display/screenshot fs/list fs/read input/mouse/position "
            "internal/diagnostics",
            POST="copy_to_clipboard fs/write input/keyboard/key input/keyboard/type "
            "input/mouse/click input/mouse/drag input/mouse/move input/mouse/scroll "
            "internal/keepalive/remote/activity internal/keepalive/remote/disable "
            "internal/keepalive/remote/enable internal/update shell/powershell/exec "
            "shell/powershell/session shell/powershell/simple shell/powershell/test",
        ),
    ),
    Unserved(
        "talks with the driver on a desktop, which the emulator does not have",
        _list_operations(
            "/api/",
            GET="ab device-group/accessible heartbeat login-options oidc/auth-query oidc/callback "
            "peers users",
            POST="ab ab/peers ab/personal ab/settings ab/shared/profiles "
            "ab/tags/{field_profile_guid} currentUser cyberdriver/authorize-connection "
            "cyberdriver/connection-token oidc/auth oidc/confirm",
        )
        + _list_operations("/v1/machines/{machine_id}/cyberdriver/", POST="shutdown web-session"),
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
