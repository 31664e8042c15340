"""Reads end when the time of a command is over, until it has written something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from flowdsl.cyberdesk.client import ClientOptions, CyberdeskClient
from flowdsl.cyberdesk.errors import ServiceUnreachable
from flowdsl.cyberdesk.limits import Deadline
from flowdsl.cyberdesk.models.tag import TagCreate

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
                await api.worker().tags.list()
        assert not caught.value.outcome_unknown
        return service.reads

    assert asyncio.run(read()) <= 1


def test_after_a_write_of_any_worker_reads_are_finished() -> None:
    asked: list[None] = []

    async def read() -> list[str]:
        service = Service()
        async with client(service, lambda: 0.0) as api:
            worker = api.guarded(lambda: asked.append(None)).worker()
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
