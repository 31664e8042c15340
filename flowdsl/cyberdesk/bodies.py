"""Reads the body of a reply: in chunks, up to a size, and not too slowly."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

import httpx

from flowdsl.cyberdesk.errors import DownloadTooLarge
from flowdsl.cyberdesk.limits import SLOWEST_BYTES, Limits

_GZIP = 31
"""The window size that makes zlib read a gzip header."""

_GRACE = 1.0
"""Seconds added to the timeout of the first part of a reply, which must expire first.

A service that sends nothing may be retried, one that sends slowly not.
"""


class SlowReplyLimit:
    """Aborts a reply that arrives too slowly, by moving the deadline of `clock`.

    httpx applies its timeout of `seconds` to each part of a reply, not to their sum.
    """

    def __init__(self, clock: asyncio.Timeout, seconds: float | None) -> None:
        self._clock, self._last, self._seconds = clock, clock.when(), seconds
        self._begun = 0.0

    async def trace(self, event: str, _details: object) -> None:
        """Handle a trace event of the HTTP library: the request has been sent."""
        if event == "http11.receive_response_headers.started":
            self.begin()

    def begin(self) -> None:
        """Start to measure the time of the head or the body of the reply."""
        self._begun = asyncio.get_running_loop().time()
        self.received(0)

    def received(self, size: int) -> None:
        """Record that `size` bytes of the body have arrived."""
        if self._last is None or self._seconds is None or self._clock.expired():
            return
        end = self._begun + self._seconds + _GRACE + size / SLOWEST_BYTES
        self._clock.reschedule(min(self._last, end))


class UnusableReply(Exception):
    """A reply that is not read further.

    The message is a part of a sentence, and `kind` a word for the log.
    """

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


async def read_body(
    response: httpx.Response,
    headers: Mapping[str, str],
    limits: Limits,
    pace: SlowReplyLimit,
    file: IO[bytes] | None,
    limit: int,
) -> bytes:
    """Return the body of a reply, empty if it was written to `file`.

    Only the body of a 2xx is written there, up to `limit` bytes. Raises `UnusableReply` and
    `DownloadTooLarge`.
    """
    pace.begin()
    body, received = bytearray(), pace.received
    if not response.is_success:
        # The status matters, and as much of the explanation as can be read.
        with suppress(UnusableReply):
            await _unpack_reply(response, headers, body.extend, limits.error_bytes, received)
    elif file is not None:
        await _save_reply(response, headers, file, limit, received)
    elif not await _unpack_reply(response, headers, body.extend, limits.reply_bytes, received):
        raise UnusableReply(f"it is larger than {limits.reply_bytes} bytes", "too large")
    return bytes(body)


async def _unpack_reply(
    response: httpx.Response,
    headers: Mapping[str, str],
    take: Callable[[bytes], object],
    limit: int,
    received: Callable[[int], None],
) -> bool:
    """Decompress the body of a reply in chunks; return whether it ends within `limit` bytes.

    Each chunk is passed to `take`, and the number of bytes that arrived to `received`. At most
    `limit` bytes are decompressed; httpx would decompress all of a chunk. Raises `UnusableReply`.
    """
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip", ""):
        raise UnusableReply("its compression is not the `gzip` that was asked for", "DecodingError")
    unpacker = zlib.decompressobj(_GZIP) if packing == "gzip" else None
    raw = size = 0
    async for chunk in response.stream:  # type: ignore[union-attr]
        raw += len(chunk)
        received(raw)
        if unpacker is not None:
            try:
                chunk = unpacker.decompress(chunk, limit - size + 1)
            except zlib.error:
                raise UnusableReply("its compression is damaged", "DecodingError") from None
        size += len(chunk)
        if max(raw, size) > limit:
            return False
        take(chunk)
    if unpacker is not None and raw and not unpacker.eof:
        raise UnusableReply("its compression is damaged", "DecodingError")
    return True


async def _save_reply(
    response: httpx.Response,
    headers: Mapping[str, str],
    file: IO[bytes],
    limit: int,
    received: Callable[[int], None],
) -> None:
    """Write the body of a reply to `file`.

    Raises `DownloadTooLarge` as soon as the body is known to be longer than `limit` bytes.
    """
    announced, start = headers.get("content-length", ""), file.tell()
    try:
        is_larger = announced.isdecimal() and int(announced[:20]) > limit
        if is_larger or not await _unpack_reply(response, headers, file.write, limit, received):
            raise DownloadTooLarge(
                f"the reply to `{response.request.method} {response.request.url.path}` is larger "
                f"than {limit} bytes"
            )
    except BaseException:
        file.seek(start)
        file.truncate()
        raise
