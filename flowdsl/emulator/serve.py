"""Serves the emulator on a port."""

from __future__ import annotations

import errno
import logging
import socket
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from flowdsl.emulator.faults import ConnectionLostError, NoReplyError
from flowdsl.host import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    import uvicorn

MAX_PORT = 65_535

SHUTDOWN_SECONDS = 2
"""How long unfinished requests, such as one that hangs, may delay the shutdown."""


class PortInUseError(Exception):
    """Another program is listening on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on `{host}` is in use; choose another with `--port`")


class AddressError(Exception):
    """The host is not an address of this machine, or the port may not be used."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on `{host}` port {port}: {reason}")


def serve_app(
    app: FastAPI, host: str, port: int, *, ready: Callable[[int], None] | None = None
) -> None:
    """Serves until SIGINT or SIGTERM; raises `signals.Interrupted` once it has shut down.

    `ready` is called with the port once connections are accepted; port 0 takes a free one.
    """
    # Imported here because the embedded emulator needs no server.
    import uvicorn

    listener = _open_socket(host, port)
    with listener:
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        logging.getLogger("uvicorn.error").addFilter(_should_log)
        if ready is not None:
            ready(listener.getsockname()[1])
        server = uvicorn.Server(config)
        with _end_on_signal(server):
            server.run(sockets=[listener])


@contextmanager
def _end_on_signal(server: uvicorn.Server) -> Iterator[None]:
    """Return a context in which a signal ends the server.

    Uvicorn handles signals only while it serves, and raises them again afterwards; this handles
    signals that arrive before.
    """
    came: list[int] = []

    def end(number: int) -> None:
        came.append(number)
        server.should_exit = True

    before = signals.answer
    signals.answer = end
    try:
        yield
    finally:
        signals.answer = before
    if came:
        raise signals.Interrupted(came[-1])


def _should_log(record: logging.LogRecord) -> bool:
    """Whether to log an error of the server: not a reply lost on purpose or during shutdown."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ConnectionLostError | NoReplyError | CancelledError)


def _open_socket(host: str, port: int) -> socket.socket:
    if not 0 <= port <= MAX_PORT:
        raise AddressError(host, port, f"a port is a number from 0 to {MAX_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from None
        raise AddressError(host, port, error.strerror or str(error)) from None
