"""Reads end when the time of a command is over, until it has written something."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from itertools import repeat
from typing import Any

import httpx
import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, ServiceUnreachable
from flowdsl.cyberdesk.limits import ClientOptions, Deadline
from flowdsl.cyberdesk.models.tag import TagCreate
from tests.support.services.hostile import head, hostile
from tests.support.virtual_time import now, run_virtually

OPTIONS = ClientOptions(base_url="http://127.0.0.1:9", api_key="key-of-a-test")
TAG = {
    "id": "0b9e6a52-3a83-4b0e-9d6c-51f1f0a7c001",
    "name": "ward",
    "organization_id": "org_1",
    "is_archived": False,
    "order": 0,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}


class Service(httpx.AsyncBaseTransport):
    """Answers writes, and reads once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.reads = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.reads += 1
            await self.may_answer.wait()
            return httpx.Response(200, json=[TAG])
        return httpx.Response(201, json=TAG)


def client(service: Service, left: Callable[[], float | None]) -> CyberdeskClient:
    return CyberdeskClient(OPTIONS, transport=service, deadline=Deadline(left, "time is up"))


def test_a_read_ends_with_the_time_and_is_not_repeated() -> None:
    async def read() -> int:
        service = Service()
        async with client(service, lambda: 0.0) as api:
            with pytest.raises(ServiceUnreachable, match="time is up") as caught:
                await api.make_worker().tags.list()
        assert not caught.value.outcome_unknown
        return service.reads

    assert asyncio.run(read()) <= 1


def test_after_a_write_of_any_worker_reads_are_finished() -> None:
    asked: list[None] = []

    async def read() -> list[str]:
        service = Service()
        async with client(service, lambda: 0.0) as api:
            worker = api.guarded(lambda: asked.append(None)).make_worker()
            await worker.tags.create(TagCreate(name="ward"), idempotency_key="k")
            reading = asyncio.create_task(api.tags.list())
            await asyncio.sleep(0)
            service.may_answer.set()
            return [tag.name for tag in await reading]

    assert asyncio.run(read()) == ["ward"]
    assert len(asked) == 1


def test_a_write_that_is_not_allowed_leaves_the_time_in_force() -> None:
    class Lost(Exception):
        pass

    def refuse() -> None:
        raise Lost

    async def read() -> None:
        async with client(Service(), lambda: 0.0) as api:
            with pytest.raises(Lost):
                await api.guarded(refuse).tags.create(TagCreate(name="ward"), idempotency_key="k")
            with pytest.raises(ServiceUnreachable):
                await api.tags.list()

    asyncio.run(read())


def test_without_a_limit_nothing_ends() -> None:
    async def read() -> int:
        service = Service()
        service.may_answer.set()
        async with client(service, lambda: None) as api:
            return len(await api.tags.list())

    assert asyncio.run(read()) == 1


class Dripping(httpx.AsyncByteStream):
    """A body that comes a piece a second."""

    def __init__(self, piece: bytes, pieces: int) -> None:
        self._piece, self._pieces = piece, pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces):
            await asyncio.sleep(1.0)
            yield self._piece


def dripped(status: int, body: Dripping, work: Callable[[CyberdeskClient], Any]) -> float:
    """The seconds after which `work` ends on a service whose replies drip."""

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=body)

    async def ask() -> float:
        options = replace(OPTIONS, read_timeout=20.0, max_retries=0)
        async with CyberdeskClient(options, transport=httpx.MockTransport(answer)) as api:
            with suppress(CyberdeskError):
                await work(api)
        return now()

    return run_virtually(ask())


@pytest.mark.parametrize("status", [200, 503])
def test_a_reply_that_drips_takes_no_longer_than_a_request_may(status: int) -> None:
    endless = Dripping(b" ", 10_000)

    def read(api: CyberdeskClient) -> Any:
        return api.tags.list()

    def write(api: CyberdeskClient) -> Any:
        return api.tags.create(TagCreate(name="ward"), idempotency_key="k")

    def download(api: CyberdeskClient) -> Any:
        return api.run_attachments.download(str(TAG["id"]), BytesIO(), limit=10**6)

    for work in (read, write, download):
        assert dripped(status, endless, work) <= 22.0


def test_a_head_that_drips_takes_no_longer_than_a_request_may() -> None:
    async def ask(url: str) -> None:
        options = replace(OPTIONS, base_url=url, read_timeout=0.2, max_retries=0)
        async with CyberdeskClient(options) as api:
            await api.tags.list()

    endless = repeat(head(status=b"103 Early Hints"))
    with (
        hostile(lambda _line: endless) as url,
        pytest.raises(ServiceUnreachable, match="no whole reply"),
    ):
        asyncio.run(asyncio.wait_for(ask(url), 30))


def test_a_large_reply_over_a_slow_line_is_waited_for() -> None:
    rows = f"[{','.join([json.dumps(TAG)] * 1000)}]".encode()
    piece = rows[: len(rows) // 100 + 1]
    pieces = [rows[start : start + len(piece)] for start in range(0, len(rows), len(piece))]
    assert len(piece) > 2000 and len(pieces) > 90

    class Slow(Dripping):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                await asyncio.sleep(1.0)
                yield piece

    found: list[int] = []

    async def read(api: CyberdeskClient) -> None:
        found.append(len(await api.tags.list()))

    assert dripped(200, Slow(b"", 0), read) > 90 and found == [1000]
