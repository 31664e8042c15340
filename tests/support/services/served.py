"""The emulator on a port of its own, answering wrongly where a test wants it to.

A command in this process asks it without a connection (`asked_directly`): that takes less time, and
connections are shown with `run_command`, `Beside` and in `unit/cyberdesk`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flowdsl.cyberdesk.transport import asgi_transport

REQUEST_ID = "req-5150"

_SERVED: dict[str, ASGIApp] = {}
"""What is served without TLS, by its URL."""


@dataclass
class Server:
    """A real server: `answer` gives the reply, or None to let the emulator answer.

    `seen` are requests and their keys.
    """

    app: ASGIApp
    url: str = ""
    answer: Callable[[str, str], Response | None] = lambda _method, _path: None
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = request.headers.get("authorization", "")
        self.seen.append((scope["method"], scope["path"], key))
        reply = self.answer(scope["method"], scope["path"])
        if reply is not None:
            await request.body()
            reply.headers["x-request-id"] = REQUEST_ID
        await (reply or self.app)(scope, receive, send)


class _PromptServer(uvicorn.Server):
    """Ends when it is told to, where uvicorn looks and waits in steps of a tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def end(self) -> None:
        """Let the thread that serves end."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        # A tick sets the time that replies carry, a second at a time.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)


@contextmanager
def running(app: ASGIApp, certificate: Path | None = None) -> Iterator[str]:
    """Serve on a port of loopback, over TLS with a `certificate`, a file with its key too.

    Gives the base URL.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ssl_certfile=certificate)
        server = _PromptServer(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            scheme = "http" if certificate is None else "https"
            url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
            if certificate is None:
                _SERVED[url] = app
            yield url
        finally:
            _SERVED.pop(url, None)
            server.end()
            thread.join()


@contextmanager
def serving(server: Server, certificate: Path | None = None) -> Iterator[None]:
    """Serve a server, which then knows its address; `certificate` as in `running`."""
    with running(server, certificate) as server.url:
        yield


@contextmanager
def asked_directly() -> Iterator[None]:
    """Let clients of this process ask what is served here without a connection."""
    connect = httpx.AsyncHTTPTransport.handle_async_request

    async def ask(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        url = request.url
        app = _SERVED.get(f"{url.scheme}://{url.netloc.decode()}")
        if app is None:
            return await connect(transport, request)
        return await asgi_transport(app).handle_async_request(request)

    with patch.object(httpx.AsyncHTTPTransport, "handle_async_request", ask):
        yield
