"""Refuses requests whose `Host` is not this machine.

A web page can point a name of its own at 127.0.0.1 (DNS rebinding) and so reach a local server;
the `Host` header then still carries that name.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class HostCheck:
    """ASGI middleware: 400 unless `Host` is a loopback name or one of `allowed`."""

    def __init__(self, app: ASGIApp, allowed: Collection[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = _host_name(Headers(scope=scope).get("host", ""))
            if not _is_loopback(name) and name not in self._allowed:
                reply = JSONResponse({"detail": f"host `{name}` is not served here"}, 400)
                await reply(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host_name(header: str) -> str:
    """The name without its port, an IPv6 address without its brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().rstrip(".")


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
