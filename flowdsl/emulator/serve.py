"""The emulator on a port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from fastapi import FastAPI

MAX_PORT = 65_535


class ServerMissingError(Exception):
    """The optional package that serves HTTP is not installed."""

    def __init__(self) -> None:
        super().__init__("`uvicorn` is not installed; run `pip install 'flowdsl[emulator]'`")


class PortInUseError(Exception):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on `{host}` is in use; choose another with `--port`")


class AddressError(Exception):
    """The host is not an address of this machine, or the port may not be used."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on `{host}` port {port}: {reason}")


def serve(
    app: FastAPI, host: str, port: int, *, ready: Callable[[int], None] | None = None
) -> None:
    """Serves until SIGINT or SIGTERM, which uvicorn raises again once it has shut down.

    `ready` is called with the port once connections are accepted; port 0 takes a free one.
    """
    try:
        import uvicorn
    except ImportError:
        raise ServerMissingError from None
    listener = _listen(host, port)
    with listener:
        config = uvicorn.Config(
            app, lifespan="off", log_level="warning", access_log=False, server_header=False
        )
        if ready is not None:
            ready(listener.getsockname()[1])
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= MAX_PORT:
        raise AddressError(host, port, f"a port is a number from 0 to {MAX_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from None
        raise AddressError(host, port, error.strerror or str(error)) from None
