"""A service on loopback that means harm.

Every request is answered with the bytes that a fault gives, as they are.
"""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import NamedTuple

Chunks = Iterator[bytes]

ROW = b'{"id": "w1", "main_prompt": "p", "updated_at": "t"}'
PAGE = b'{"items": [%b], "total": 1}' % ROW


def head(*headers: bytes, status: bytes = b"200 OK") -> bytes:
    """The first lines of a reply, the empty one among them.

    They say that the connection ends with it: a client that asks again at once would otherwise
    write into one that is just being closed.
    """
    own = (b"HTTP/1.1 " + status, b"Content-Type: application/json", b"Connection: close")
    return b"\r\n".join((*own, *headers, b"", b""))


def whole(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A reply with its length."""
    return head(b"Content-Length: %d" % len(body), *headers, status=status) + body


def _piece(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


CHUNKED = b"Transfer-Encoding: chunked"
GZIP = b"Content-Encoding: gzip"


def _bomb() -> Chunks:
    """Zeros without end, a thousandth of their size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield head(CHUNKED, GZIP)
    for _ in range(10_000):
        yield _piece(packer.compress(b" " * 2**20) or packer.flush(zlib.Z_SYNC_FLUSH))


class Fault(NamedTuple):
    """What is sent, a part of the sentence that tells of it, and whether it has no end."""

    send: Callable[[], Chunks]
    says: str
    endless: bool = False


def _body(body: bytes, says: str) -> Fault:
    return Fault(lambda: iter([whole(body)]), says)


FAULTS = {
    "body without end": Fault(
        lambda: chain([head(CHUNKED)], repeat(_piece(b" " * 60_000))), "larger than", endless=True
    ),
    "announced length": Fault(
        lambda: chain([head(b"Content-Length: 99999999999")], repeat(b" " * 60_000)),
        "larger than",
        endless=True,
    ),
    "byte by byte": Fault(
        lambda: chain([head(CHUNKED)], repeat(_piece(b" "))), "no whole reply", endless=True
    ),
    "headers without end": Fault(
        lambda: chain([head()[:-2]], (b"X-%d: a\r\n" % n for n in range(10**9))), "gets no reply"
    ),
    "hints without end": Fault(
        lambda: repeat(head(status=b"103 Early Hints")), "no whole reply", endless=True
    ),
    "gzip bomb": Fault(_bomb, "larger than"),
    "empty gzip": Fault(
        lambda: chain(
            [head(CHUNKED, GZIP), _piece(gzip.compress(b"")[:10])],
            # Blocks of deflate that hold nothing.
            repeat(_piece(b"\x00\x00\x00\xff\xff" * 10_000)),
        ),
        "larger than",
    ),
    "gzip in gzip": Fault(
        lambda: iter([whole(gzip.compress(gzip.compress(PAGE)), b"Content-Encoding: gzip, gzip")]),
        "compression is not the `gzip`",
    ),
    "brotli": Fault(
        lambda: iter([whole(b"\x1b\x00", b"Content-Encoding: br")]), "compression is not the `gzip`"
    ),
    "half a gzip": Fault(
        lambda: iter([whole(gzip.compress(PAGE)[:-8], GZIP)]), "compression is damaged"
    ),
    "deep lists": _body(b"[" * 100_000 + b"]" * 100_000, "nests deeper than 100 levels"),
    "deep enough": _body(
        b'{"items": [], "total": 0, "x": %b%b}' % (b"[" * 200, b"]" * 200), "deeper than 100"
    ),
    "a million items": _body(
        b'{"items": [%b], "total": 1}' % b",".join([b"{}"] * 10**6), "more than 200000 values"
    ),
    "many items": _body(
        b'{"items": [%b], "total": 1}' % b",".join([ROW] * 10_001), "at most 10000 items"
    ),
    "wrong items": _body(b'{"items": [{}, {}], "total": 2}', "`items.0.id` of WorkflowPage"),
    "large number": _body(PAGE.replace(b"1}", b"1e999999}"), "a number that is too large"),
    "long number": _body(PAGE.replace(b"1}", b"1" * 10**6 + b"}"), "number of 1000000 digits"),
    "no number": _body(PAGE.replace(b"1}", b"NaN}"), "`NaN`, which is no number"),
    "no UTF-8": _body(PAGE.replace(b"w1", b"\xff"), "not UTF-8 at byte 19"),
    "raw surrogate": _body(PAGE.replace(b"w1", b"\xed\xa0\x80"), "not UTF-8"),
    "surrogate": _body(PAGE.replace(b"w1", b"\\uD800"), "half of a surrogate pair"),
    "key twice": _body(PAGE.replace(b"}]", b', "id": "w2"}]'), "the key `id` twice"),
    "total without end": _body(PAGE.replace(b"1}", b"1000000000}"), "more than 100000 rows"),
    "page that repeats": _body(PAGE.replace(b"1}", b"90000}"), "changes while it is read"),
    "no end of the head": Fault(lambda: iter([b"HTTP/1.1 200 OK\r\nX: a"]), "gets no reply"),
    "no HTTP": Fault(lambda: iter([b"\x00" * 90_000 + b"\r\n\r\n"]), "gets no reply"),
    "redirect": Fault(
        lambda: iter([whole(b"", b"Location: http://127.0.0.1:1/", status=b"302 Found")]),
        "answered from elsewhere with status 302",
    ),
    "refusal without end": Fault(
        lambda: chain([head(CHUNKED, status=b"500 Broken")], repeat(_piece(b"x" * 60_000))),
        "fails with status 500",
    ),
}
"""Every way to mean harm that is tried, as answers to any request."""


@contextmanager
def hostile(answer: Callable[[bytes], Chunks]) -> Iterator[str]:
    """A server on a free port, whose address is given; `answer` gets the first line of a request.

    One thread a connection.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            received = b""
            while b"\r\n\r\n" not in received:
                piece = connection.recv(65_536)
                if not piece:
                    return
                received += piece
            length = received.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            rest = received.partition(b"\r\n\r\n")[2]
            while len(rest) < int(length or b"0"):
                rest += connection.recv(65_536)
            for piece in answer(received.partition(b"\r\n")[0]):
                connection.sendall(piece)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_ones.append(connection)
                threading.Thread(target=serve, args=[connection], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # What waits in `accept` is woken by this alone.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
