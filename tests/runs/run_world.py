"""A service in this process whose time is virtual, and runs that are made and watched in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.run import Run, RunCreate
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL
from flowdsl.emulator.faults import FaultInjector
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RuleTally
from flowdsl.runs.submit import Request, SingleRequest, Submission, Submitter
from flowdsl.state.held import Runtime
from tests.emulator.emulator_desk import STANDSTILL, Desk, check
from tests.emulator.runs.run_desk import INPUT_SCHEMA, OUTPUT_SCHEMA, PROMPT
from tests.support.services.memory_store import MemoryStore, app_over
from tests.support.virtual_time import run_without_threads

T = TypeVar("T")


async def _nothing(_method: str, _path: str) -> None:
    pass


class RunWorld:
    """`elapsed` is the time in seconds, of the service and of ours; `said` are the lines for
    people.
    """

    def __init__(self, scenario: Scenario | None = None, machines: int = 1) -> None:
        self.elapsed = 0.0
        self.said: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.break_next: Callable[[str, str], BaseException | None] = lambda _m, _p: None
        self.meanwhile: Callable[[str, str], Awaitable[None]] = _nothing
        self._scenario = scenario or Scenario()
        self._ids = count(1)
        self._machines = machines

    @contextmanager
    def open(self) -> Iterator[RunWorld]:
        # The shared application knows neither of them.
        assert self._scenario.rate_limit is None and self._scenario.webhooks is None
        with MemoryStore(lambda: STANDSTILL + timedelta(seconds=self.elapsed)) as store:
            self.plain = app_over(
                store,
                run_rules=RuleTally(self._scenario.runs),
                idempotency_seconds=self._scenario.idempotency,
                listing_lag=self._scenario.listing_lag,
            )
            # Outside of the application, as a network is.
            self._app = FaultInjector(self.plain, self._scenario.faults)
            with Desk(self.plain) as self.desk:
                self.workflow = self.desk.workflow(
                    name="Claims",
                    main_prompt=PROMPT,
                    input_schema=json.dumps(INPUT_SCHEMA),
                    output_schema=json.dumps(OUTPUT_SCHEMA),
                    post_run_checks=[
                        check("picture", file_target_mode="exact", file_names=["grid-{day}.png"])
                    ],
                )
                for number in range(self._machines):
                    self.desk.machine(name=f"desk-{number}", fingerprint=f"f{number}")
                yield self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append((scope["method"], scope["path"]))
        await self.meanwhile(scope["method"], scope["path"])
        failure = self.break_next(scope["method"], scope["path"])
        if failure is not None:
            raise failure
        await self._app(scope, receive, send)

    @property
    def runtime(self) -> Runtime:
        return Runtime(
            now=lambda: STANDSTILL + timedelta(seconds=self.elapsed),
            monotonic=lambda: self.elapsed,
            sleep=asyncio.sleep,
            new_id=lambda: f"{next(self._ids):032x}",
        )

    def run(self, work: Callable[[CyberdeskClient], Coroutine[Any, Any, T]]) -> T:
        """The result of `work` in virtual time."""
        app: ASGIApp = self

        async def carried_out() -> T:
            options = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="test-key")
            async with CyberdeskClient(
                options,
                transport=asgi_transport(app),
                random=lambda: 1.0,
                monotonic=lambda: self.elapsed,
            ) as client:
                return await work(client)

        return run_without_threads(carried_out(), self)

    def one(self, **inputs: Any) -> RunCreate:
        values = {"user": "ann", "day": "2026-01-30", **inputs}
        return RunCreate(workflow_id=self.workflow["id"], input_values=values)

    def submit(self, *requests: Request, places: Sequence[str] = ()) -> list[Submission]:
        named = [
            (request, places[at] if places else f"row {at + 1}")
            for at, request in enumerate(requests)
        ]

        async def work(client: CyberdeskClient) -> list[Submission]:
            submitter = Submitter(client, self.runtime, tell=self.said.append)
            return await submitter.submit(named)

        return self.run(work)

    def submit_one(self, **inputs: Any) -> Submission:
        return self.submit(SingleRequest(self.one(**inputs)))[0]

    def ids(self) -> list[str]:
        """Every run that the service has."""
        page = self.desk.ok(
            "GET", "/v1/runs?limit=1000&sort_mode=created_at_desc&fields=session_id"
        )
        return [row["id"] for row in page["items"]]

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """What somebody else does meanwhile."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.plain),
            base_url=EMBEDDED_BASE_URL,
            headers={"Authorization": "Bearer test-key"},
        ) as client:
            reply = await client.post(path, json=body)
            assert reply.status_code in (200, 201), reply.text
            return reply.json()

    async def delete(self, path: str) -> None:
        """What somebody else deletes meanwhile."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.plain),
            base_url=EMBEDDED_BASE_URL,
            headers={"Authorization": "Bearer test-key"},
        ) as client:
            assert (await client.delete(path)).status_code == 204

    def use_faults(self, scenario: Scenario) -> None:
        """From now on these faults happen."""
        self._app = FaultInjector(self.plain, scenario.faults)

    def posts(self) -> int:
        return sum(method == "POST" for method, _ in self.requests)


def ids_of(submissions: Sequence[Submission]) -> list[str]:
    return [run.id for each in submissions for run in each.runs]


def named(*runs: Run) -> list[str]:
    return [run.id for run in runs]
