"""The client where one request in five goes wrong, and in front of an emulator that works."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine, Iterator
from typing import Any
from uuid import uuid4

import pytest

from benchmarks.service.client import FAULTS, broken, create_all, workflows_by_name
from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.machine import MachineCreate, PoolCreate
from flowdsl.cyberdesk.models.tag import TagCreate
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL
from flowdsl.emulator.faults import FaultInjector, RecordedRequest
from flowdsl.emulator.store import Store
from tests.support.services.memory_store import app_over

LOCAL = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="local", max_retries=12)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


def test_lost_replies_and_refusals_make_no_workflow_too_many_or_too_few(store: Store) -> None:
    requests: list[RecordedRequest] = []
    app = FaultInjector(app_over(store), FAULTS, requests)

    async def inside() -> tuple[list[str], Any]:
        # Nobody sleeps here, so the clock has to stand for it.
        clock = iter(range(10**9))
        client = CyberdeskClient(
            LOCAL,
            transport=asgi_transport(app),
            sleep=no_sleep,
            monotonic=lambda: float(next(clock)),
        )
        async with client:
            return await create_all(client, 100), await workflows_by_name(client)

    ids, names = asyncio.run(inside())
    attempts = broken(requests)
    assert attempts["answered"] == len(set(ids)) == names.total() == len(names) == 100
    assert min(attempts["reply lost"], attempts["429"], attempts["503"]) > 0


def emulated(store: Store, work: Any) -> Any:
    async def inside() -> Any:
        transport = asgi_transport(app_over(store, strict=True))
        async with CyberdeskClient(LOCAL, transport=transport) as client:
            coroutine: Coroutine[Any, Any, Any] = work(client)
            return await coroutine

    return asyncio.run(inside())


def key() -> dict[str, str]:
    return {"idempotency_key": uuid4().hex}


def test_machines_and_pools(store: Store) -> None:
    async def work(client: CyberdeskClient) -> None:
        desk = await client.machines.create(
            MachineCreate(
                fingerprint="f",
                unkey_key_id="u",
                name="Desk 1",
                machine_sensitive_parameters={"pin": "4711"},
            ),
            **key(),
        )
        assert desk.machine_sensitive_parameters is not None
        assert "4711" not in desk.machine_sensitive_parameters.values()
        night = await client.pools.create(PoolCreate(name="night"), **key())
        await client.pools.add_machines(night.id, [desk.id], **key())
        (found,) = await client.machines.list_all(name="Desk 1", include=["pools"])
        assert [pool.id for pool in found.pools or ()] == [night.id]
        assert await client.pools.remove_machines(night.id, [desk.id], **key())
        assert await client.machines.pools(desk.id) == []
        await client.machines.set_pools(desk.id, [night.id], **key())
        session = str(uuid4())
        held = await client.machines.update(desk.id, {"reserved_session_id": session}, **key())
        assert held.reserved_session_id == session
        freed = await client.machines.clear_session(desk.id, **key())
        assert (freed.reserved_session_id, freed.name) == (None, "Desk 1")
        cleared = await client.machines.update(desk.id, {"name": None}, **key())
        assert cleared.name is None
        assert (await client.health_machines()).status in ("ok", "error")
        assert await client.machines.delete(desk.id, **key())
        assert not await client.machines.delete(desk.id, **key())
        assert len(await client.pools.list_all()) == 1
        assert await client.connections.list_all(machine_id=desk.id) == []

    emulated(store, work)


def test_copies_and_tags_of_workflows(store: Store) -> None:
    async def work(client: CyberdeskClient) -> None:
        first = await client.workflows.create(
            WorkflowCreate(main_prompt="Open the app.", name="Desk"), **key()
        )
        copy = await client.workflows.duplicate(first.id, **key())
        assert copy.name is not None and "(Copy)" in copy.name
        tag = await client.tags.create(TagCreate(name="ehr"), **key())
        await client.workflows.add_tags_to_many([first.id, copy.id], [tag.id], **key())
        assert len(await client.workflows.list_all(tag_ids=[tag.id])) == 2
        assert (await client.tags.archive(tag.id, **key())).is_archived
        assert not (await client.tags.unarchive(tag.id, **key())).is_archived
        await client.tags.reorder([tag.id], **key())
        with pytest.raises(errors.NotFound):
            await client.workflows.latest_trajectory(first.id)
        assert await client.trajectories.list_all(is_generated=False, workflow_id=first.id) == []
        with pytest.raises(errors.NotFound):
            await client.run_attachments.download(str(uuid4()), io.BytesIO(), limit=1)

    emulated(store, work)
