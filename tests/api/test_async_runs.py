"""`flowdsl.api.open_async_project`: many calls at once, and calls that are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import count
from typing import Any

import pytest

from flowdsl import api
from flowdsl.emulator import embedded
from flowdsl.emulator.faults import Fault
from tests.api.api_desk import DAY, PIN, ApiDesk

AT_ONCE = 20


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_waits_of_the_service_overlap(desk: ApiDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No reply comes before all twenty requests are there."""
    opened = embedded.open_embedded
    there, all_there = count(1), asyncio.Event()

    def gated(path: Any) -> Any:
        app, close = opened(path)

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") == "/v1/runs":
                if next(there) == AT_ONCE:
                    all_there.set()
                await all_there.wait()
            await app(scope, receive, send)

        return serve, close

    monkeypatch.setattr(embedded, "open_embedded", gated)

    async def work() -> None:
        async with api.open_async_project(desk.root) as project, asyncio.timeout(60):
            await asyncio.gather(*(project.runs() for _ in range(AT_ONCE)))

    run(work())


def test_the_event_loop_goes_on_while_sources_are_compiled(
    desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowdsl.api import session

    compiles: list[str] = []
    released = asyncio.Event()

    async def work() -> None:
        loop, compile_sources = asyncio.get_running_loop(), session._compile

        def slow(*given: Any) -> Any:
            # Ends only when the event loop has had its turn.
            asyncio.run_coroutine_threadsafe(released.wait(), loop).result(5)
            compiles.append("once")
            return compile_sources(*given)

        monkeypatch.setattr(session, "_compile", slow)
        async with api.open_async_project(desk.root) as project, asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(project.run("note", {"text": str(number)}))
            await asyncio.sleep(0)
            released.set()

    run(work())
    assert compiles == ["once"]


def test_a_cancelled_watch_leaves_the_run_and_the_project_in_order(desk: ApiDesk) -> None:
    desk.rules = [{"workflow": "Note", "stay": "running"}]

    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            heard = asyncio.Event()
            made = await project.run("note", {"text": "a"})
            watching = asyncio.create_task(project.watch(made, on_change=lambda _run: heard.set()))
            await heard.wait()
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching
            asked = len(desk.requests)
            await asyncio.sleep(0.1)
            assert len(desk.requests) == asked, "nothing is asked for any more"
            assert (await project.get_run(made)).is_live
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await project.watch(made)
            assert [run.id for run in await project.cancel(made)] == [made.id]

    run(work())


def test_a_cancelled_creation_sends_nothing_further(desk: ApiDesk) -> None:
    desk.faults = [Fault("GET /v1/runs", None, "hang")]

    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            making = asyncio.create_task(
                project.run_many("note", [{"text": str(n)} for n in range(5)])
            )
            while not desk.opened:
                await asyncio.sleep(0.01)
            making.cancel()
            with pytest.raises(asyncio.CancelledError):
                await making
        assert desk.posts() == []

    run(work())


def test_one_that_fails_does_not_harm_the_others(desk: ApiDesk) -> None:
    desk.rules = [{"workflow": "Note", "error": "The desk is gone."}]

    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            refused, failed, good = await asyncio.gather(
                project.run("note", {"text": 3}),
                project.run("note", {"text": "a"}, watch=True),
                project.run("look_up", DAY, secrets=PIN, watch=True),
                return_exceptions=True,
            )
            assert isinstance(refused, api.InputsRefused)
            assert isinstance(failed, api.Run) and failed.status == "error"
            assert isinstance(good, api.Run) and good.status == "success"

    run(work())
