"""A proxy for an S3 server: replies get lost, requests come late, preconditions are dropped."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Mode = Literal["before", "after", "hang", "late", "503", "409", "403", "301"]
"""`before`: nothing is done and the connection breaks.

`after`: it is done and the connection breaks. `hang`: it is done and the reply comes never. `late`:
the reply comes never, and it is done when `release` is called. A number: nothing is done, and that
is the answer.
"""


@dataclass
class Fault:
    """What happens to the next `times` requests of `method` whose path ends so."""

    mode: Mode
    method: str = "PUT"
    suffix: str = "/state.json"
    times: int = 1


@dataclass
class Proxy:
    """Requests are forwarded one at a time: a store compares and writes in one step."""

    host: str
    port: int
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stripped: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    address: str = ""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _released: threading.Event = field(default_factory=threading.Event)
    _late: list[Callable[[], None]] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything, and let go of what hangs."""
        self.release()
        self.requests.clear()
        self.faults.clear()
        self.stripped = self.hidden = frozenset()

    def release(self) -> None:
        """Carry out the requests that are late, and end those that hang."""
        late, self._late = self._late, []
        for work in late:
            work()
        self._released.set()
        self._released = threading.Event()

    def count(self, method: str, suffix: str = "/state.json") -> int:
        return sum(m == method and path.endswith(suffix) for m, path in self.requests)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Handle one request."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        path = request.path.partition("?")[0]
        self.requests.append((request.command, path))
        mode = self._due(request.command, path)
        released = self._released

        def forward() -> tuple[int, list[tuple[str, str]], bytes]:
            return self._forward(request, body)

        match mode:
            case None:
                self._reply(request, *forward())
            case "before":
                self._break(request)
            case "after":
                forward()
                self._break(request)
            case "hang":
                forward()
                released.wait(20)
                self._break(request)
            case "late":
                self._late.append(lambda: void(forward()))
                released.wait(20)
                self._break(request)
            case number:
                text = f"<Error><Code>Fault{number}</Code></Error>".encode()
                self._reply(request, int(number), [("Content-Type", "application/xml")], text)

    def _due(self, method: str, path: str) -> Mode | None:
        for fault in self.faults:
            if fault.times and fault.method == method and path.endswith(fault.suffix):
                fault.times -= 1
                return fault.mode
        return None

    def _forward(
        self, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in self.stripped}
        with self._turn:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
            try:
                connection.request(request.command, request.path, body, headers)
                reply = connection.getresponse()
                content = reply.read()
            finally:
                connection.close()
        dropped = {"connection", "transfer-encoding", "content-length", *self.hidden}
        kept = [(k, v) for k, v in reply.getheaders() if k.lower() not in dropped]
        if request.command == "HEAD":
            kept.append(("Content-Length", reply.headers["Content-Length"]))
        return reply.status, kept, content

    @staticmethod
    def _reply(
        request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        request.send_response_only(status)
        for key, value in headers:
            request.send_header(key, value)
        if request.command != "HEAD":
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    @staticmethod
    def _break(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True


def void(_result: object) -> None:
    """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has hung up is no news."""


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """A running proxy before `host:port`."""
    proxy = Proxy(host, port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024  # head and body in one packet

        def do_any(self) -> None:
            proxy.answer(self)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_any  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        proxy.release()
        server.shutdown()
        thread.join()
        server.server_close()
