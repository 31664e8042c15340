from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient

CONTENT = bytes(range(256)) * 40


class Chunks(httpx.AsyncByteStream):
    """A body in pieces; `fails_after` pieces the connection is lost."""

    def __init__(self, size: int = 1000, fails_after: int | None = None) -> None:
        self._size, self._fails_after = size, fails_after
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(CONTENT), self._size):
            if self.given == self._fails_after:
                raise httpx.ReadError("reset")
            self.given += 1
            yield CONTENT[start : start + self._size]

    async def aclose(self) -> None:
        self.closed = True


def client_of(
    options: Any, *answers: Callable[[], httpx.Response]
) -> tuple[CyberdeskClient, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1]()

    async def no_sleep(seconds: float) -> None:
        pass

    client = CyberdeskClient(options, transport=httpx.MockTransport(answer), sleep=no_sleep)
    return client, requests


def reply(stream: Chunks, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, headers=headers, stream=stream)


def test_a_file_is_written_where_the_given_one_stands(options: Any, tmp_path: Path) -> None:
    stream = Chunks()
    client, requests = client_of(options, reply(stream))
    with (tmp_path / "a.bin").open("w+b") as file:
        file.write(b"head")
        size = asyncio.run(client.run_attachments.download("a1", file, limit=len(CONTENT)))
    assert size == len(CONTENT)
    assert (tmp_path / "a.bin").read_bytes() == b"head" + CONTENT
    assert stream.closed
    assert requests[0].url.path == "/v1/run-attachments/a1/download"
    assert requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("announced", [{}, {"Content-Length": str(len(CONTENT))}])
def test_a_file_beyond_the_limit_is_not_read_to_its_end(
    options: Any, announced: dict[str, str]
) -> None:
    stream = Chunks()
    client, requests = client_of(options, reply(stream, **announced))
    file = io.BytesIO(b"head")
    file.seek(4)
    with pytest.raises(errors.DownloadTooLarge, match="larger than 2500 bytes"):
        asyncio.run(client.run_attachments.download("a1", file, limit=2500))
    assert file.getvalue() == b"head"
    assert stream.given == (0 if announced else 3)
    assert stream.closed
    assert len(requests) == 1


def test_a_lost_connection_leaves_no_half_and_the_file_is_read_again(options: Any) -> None:
    client, requests = client_of(options, reply(Chunks(fails_after=4)), reply(Chunks(size=700)))
    file = io.BytesIO()
    assert asyncio.run(client.run_attachments.download("a1", file, limit=10**6)) == len(CONTENT)
    assert file.getvalue() == CONTENT
    assert len(requests) == 2


def test_after_the_last_attempt_the_file_ends_where_it_stood(options: Any) -> None:
    client, requests = client_of(options, lambda: reply(Chunks(fails_after=2))())
    file = io.BytesIO(b"head")
    file.seek(4)
    with pytest.raises(errors.ServiceUnreachable):
        asyncio.run(client.run_attachments.download("a1", file, limit=10**6))
    assert file.getvalue() == b"head"
    assert len(requests) == 4


def test_an_error_is_not_written_into_the_file(options: Any) -> None:
    client, _ = client_of(options, lambda: httpx.Response(404, json={"detail": "expired"}))
    file = io.BytesIO()
    with pytest.raises(errors.NotFound, match="expired"):
        asyncio.run(client.run_attachments.download("a1", file, limit=10**6))
    assert file.getvalue() == b""


def test_a_disk_that_is_full_is_no_fault_of_the_service(options: Any) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    client, requests = client_of(options, reply(Chunks()))
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(client.run_attachments.download("a1", Full(), limit=10**6))
    assert len(requests) == 1


def signed(address: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, json={"signed_url": address})


def test_a_screenshot_is_read_from_its_signed_address_without_the_key(options: Any) -> None:
    address = "https://files.cyberdesk.test/run-images/1.png?token=let-me-in"
    client, requests = client_of(options, signed(address), reply(Chunks()))
    content = asyncio.run(client.runs.image("r1", "supabase://run-images/1.png", limit=10**5))
    assert content == CONTENT
    first, second = requests
    assert "authorization" in first.headers and "authorization" not in second.headers
    assert str(second.url) == address


@pytest.mark.parametrize(
    "address",
    ["http://files.cyberdesk.test/1.png", "file:///etc/passwd", "1.png", "https://x:y/", ""],
)
def test_a_signed_address_that_leads_astray_is_not_followed(options: Any, address: str) -> None:
    client, requests = client_of(options, signed(address), reply(Chunks()))
    with pytest.raises(errors.UnreadableReply, match="the service gave an address that"):
        asyncio.run(client.runs.image("r1", "supabase://run-images/1.png", limit=10**5))
    assert len(requests) == 1


def test_neither_size_nor_refusal_of_a_screenshot_tells_its_address(options: Any) -> None:
    address = "https://files.cyberdesk.test/1.png?token=let-me-in"
    for last in (
        reply(Chunks()),
        lambda: httpx.Response(400, json={"detail": f"{address} has expired"}),
    ):
        client, _ = client_of(options, signed(address), last)
        with pytest.raises(errors.CyberdeskError) as failure:
            asyncio.run(client.runs.image("r1", "supabase://run-images/1.png", limit=100))
        assert "let-me-in" not in str(failure.value)
