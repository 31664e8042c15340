"""A world for faults.

Any back end of state, any way of treating idempotency keys, deploys that die, and everything that
was said.

Time is virtual: requests and calls of the store take some of it, sleeping costs none, and the
heartbeat of the lease beats in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar
from uuid import uuid4

from starlette.types import ASGIApp

from flowdsl.codegen.artifacts import Bundle
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.deploy.deploy import deploy
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Outcome
from flowdsl.deploy.rebuild import find_state, write_state
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL
from flowdsl.emulator.faults import Fault, FaultInjector
from flowdsl.state.lease import Runtime
from flowdsl.state.stores import StateStore
from tests.deploy.deploy_world import CANARY, Crash, Ui, World, body_of
from tests.deploy.kill_switch import (
    LATE_SECONDS,
    Attempt,
    Client,
    GivesUp,
    KillSwitch,
    Point,
    Service,
    StoreFault,
    StoreLog,
    WatchedStore,
    Wire,
)
from tests.support.services.memory_store import app_over
from tests.support.services.state_backends import BackEnd, new_back_end
from tests.support.virtual_time import run_without_threads

T = TypeVar("T")

PROVIDER_CANARY = "provider-canary-c2d9"
SECRETS = (CANARY, PROVIDER_CANARY, "secret-canary-4f21")
"""The API key, the key of a provider, and the key of the bucket."""

IDEMPOTENCY: Mapping[str, float | None] = {"honour": None, "ignore": 0.0, "expire": 10.0}
"""How many seconds the service knows a key.

`expire` has forgotten it when recovery sends a creation again.
"""

REQUEST_SECONDS = 0.12
STORE_SECONDS = 0.03

MODEL = {"Reader": {"provider": "anthropic", "model": "m1"}}


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in memory where the machine has that.

    What is lost with the machine is not tested here, and waiting for a disk is most of a deploy's
    time.
    """
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    folder = Path(tempfile.mkdtemp(prefix="flowdsl-", dir=memory if usable else None))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


async def sleep(seconds: float) -> None:
    """Sleep as a real clock does: some of the time passes however little it was."""
    await asyncio.sleep(max(seconds, 0.001))


def _secrets_of(address: str) -> dict[str, str]:
    return {"api_key": PROVIDER_CANARY} if address.startswith("model.") else {}


@dataclass(frozen=True, slots=True, eq=False)
class _Late:
    """A request that is still on its way."""

    at: float
    request: Callable[[], Awaitable[None]]


class FaultWorld(World):
    """One organisation and one environment, with state in `back_end`.

    `attempts` are the requests of the last deploy, `said` everything that any deploy told.
    `foreign` maps the ids of workflows that are not ours to touch to what they looked like. `kept`
    are addresses that left the source and stay in state. A request takes `request_seconds`; the
    request that `gives_up_on` names by method and number is answered by a proxy that did not wait
    for it. What is late comes after `late_seconds`.
    """

    def __init__(
        self,
        root: Path,
        back_end: BackEnd | str = "file",
        *,
        idempotency: str = "honour",
        listing_lag: float = 0.0,
        service: bytes | None = None,
        **target: Any,
    ) -> None:
        super().__init__(root, service, secrets=_secrets_of, **target)
        self.back_end = new_back_end(back_end, root) if isinstance(back_end, str) else back_end
        self.behave(idempotency, listing_lag)
        self.log = StoreLog()
        self.attempts: list[Attempt] = []
        self.said: list[str] = []
        self.foreign: dict[str, str] = {}
        self.kept: set[str] = set()
        self.lineage: str | None = None
        self.lost_state = False
        self.request_seconds = REQUEST_SECONDS
        self.gives_up_on: tuple[str, int] | None = None
        self.late_seconds = LATE_SECONDS
        self._late: list[_Late] = []
        self._arriving: list[asyncio.Task[None]] = []

    def behave(self, idempotency: str, listing_lag: float = 0.0) -> None:
        """How the service treats idempotency keys, and how old rows are when they are listed."""
        self.app = app_over(
            self.emulator,
            strict=True,
            idempotency_seconds=IDEMPOTENCY[idempotency],
            listing_lag=listing_lag,
        )

    def copy_to(self, root: Path, **behaviour: Any) -> FaultWorld:
        """A world of its own that is as this one is, or was when it was closed.

        `root` does not exist yet.
        """
        root.mkdir()
        copy = FaultWorld(
            root, self.back_end.copy_to(root), service=self.emulator.image(), **behaviour
        )
        copy.time.elapsed = self.time.elapsed
        copy.target, copy.log.writes = self.target, self.log.writes
        copy.foreign, copy.kept = dict(self.foreign), set(self.kept)
        copy.lineage = self.lineage
        return copy

    def copy_to_new(self) -> FaultWorld:
        """A world of its own that is as this one, which has not been used yet."""
        root = Path(tempfile.mkdtemp(dir=self.root))
        copy = FaultWorld(root, "file")
        copy.request_seconds = self.request_seconds
        return copy

    def store(self) -> StateStore:
        return self.back_end.store()

    def runtime(self) -> Runtime:
        return Runtime(self.time.now, self.time.monotonic, sleep, lambda: uuid4().hex)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work` in virtual time, in which late requests arrive."""

        async def beside() -> T:
            self._arriving = [asyncio.create_task(self._arrive(each)) for each in self._late]
            try:
                return await work
            finally:
                for task in self._arriving:
                    task.cancel()
                await asyncio.gather(*self._arriving, return_exceptions=True)

        return run_without_threads(beside(), self.time, thread_seconds=STORE_SECONDS)

    def client(self, app: ASGIApp | None = None, max_retries: int = 0) -> CyberdeskClient:
        return CyberdeskClient(
            ClientOptions(base_url=EMBEDDED_BASE_URL, api_key=CANARY, max_retries=max_retries),
            transport=asgi_transport(app or self.app),
            sleep=asyncio.sleep,
            random=lambda: 0.5,
            monotonic=self.time.monotonic,
        )

    def wait(self, seconds: float) -> None:
        """Let time pass, in which late requests arrive."""
        self.run(asyncio.sleep(seconds))

    def ask(self, question: Callable[[CyberdeskClient], Any]) -> Any:
        async def run() -> Any:
            async with self.client() as client:
                return await question(client)

        return self.run(run())

    def deploy(  # type: ignore[override]
        self,
        project: Bundle,
        *faults: Fault,
        ui: Ui | None = None,
        max_retries: int = 0,
        point: Point | None = None,
        store_faults: Mapping[int, StoreFault] | None = None,
        app: ASGIApp | None = None,
        stop: Callable[[], str] = lambda: "",
        interrupted: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Outcome:
        """One deploy, which dies at `point`."""
        self.attempts = []
        self.requests = []
        self.ui = ui or Ui()
        self.switch = KillSwitch(point)
        work = self.deploying(
            project,
            *faults,
            ui=self.ui,
            max_retries=max_retries,
            switch=self.switch,
            store_faults=store_faults,
            app=app,
            attempts=self.attempts,
            job={"stop": stop, "interrupted": interrupted},
            **options,
        )
        try:
            return self.run(work)
        finally:
            self.keep_said(self.ui)
            if self.lineage is None:
                self.lineage = self.document().get("lineage")

    async def deploying(
        self,
        project: Bundle,
        *faults: Fault,
        ui: Ui,
        attempts: list[Attempt],
        switch: KillSwitch | None = None,
        max_retries: int = 0,
        store_faults: Mapping[int, StoreFault] | None = None,
        app: ASGIApp | None = None,
        runtime: Runtime | None = None,
        job: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Outcome:
        """One deploy among others of the same loop."""
        switch = switch or KillSwitch()
        service = Service(app or self.app)
        if self.gives_up_on is not None:
            service = GivesUp(service, *self.gives_up_on, self._is_late)
        wire = Wire(service, switch, self.request_seconds, self._is_late)
        injector = FaultInjector(wire, faults, self.requests, sleep=asyncio.sleep)
        store = WatchedStore(self.store(), switch, self.log, store_faults)
        async with self.client(Client(injector, attempts), max_retries) as client:
            outcome = await deploy(
                Job(
                    project,
                    self.target,
                    store,
                    client,
                    JobOptions(**options),
                    ui,
                    runtime or self.runtime(),
                    **(job or {}),
                )
            )
        self.said.append(body_of(outcome))
        return outcome

    def crash(self, project: Bundle, point: Point, **options: Any) -> None:
        """A deploy that dies at `point`, which it must reach."""
        try:
            outcome = self.deploy(project, point=point, **options)
        except Crash:
            return
        raise AssertionError(f"no crash at {point}: {outcome.status}")

    def rebuild(self, project: Bundle) -> dict[str, str]:
        async def run() -> dict[str, str]:
            async with self.client() as client:
                store = WatchedStore(self.store(), KillSwitch(), self.log)
                job = Job(project, self.target, store, client, JobOptions(), Ui(), self.runtime())
                found = await find_state(job, None)
                written = await write_state(job, found)
                self.lineage = written.lineage
                return {item.address: item.id for item in found.matches.recovered}

        return self.run(run())

    def lose_state(self) -> None:
        """All that is kept is gone."""
        self.back_end.replace(None)
        self.log.writes, self.lineage = 0, None
        self.lost_state = True

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Somebody presses a button in the dashboard."""

        async def send(client: CyberdeskClient) -> Any:
            sender = client.workflows._sender
            return (await sender.write("POST", path, uuid4().hex, body)).mapping()

        return self.ask(send)

    def duplicate(self, workflow_id: str) -> str:
        """Somebody duplicates a workflow; the copy is foreign from then on."""
        made = str(self.post(f"/v1/workflows/{workflow_id}/duplicate", {})["id"])
        self.protect(made)
        return made

    def add_foreign(self) -> None:
        """Workflows of others.

        One without a mark, and those of another project and of another environment of ours.
        """
        for number, comment in enumerate(
            (
                None,
                "flowdsl:prj_2/test/workflow.c1/1/00000000",
                "flowdsl:prj_1/prod/workflow.c1/1/00000000",
            )
        ):
            body: dict[str, Any] = {"name": f"Foreign {number}", "main_prompt": "Not ours."}
            if comment is not None:
                body["input_schema"] = json.dumps({"$comment": comment, "type": "object"})
            self.protect(str(self.post("/v1/workflows", body)["id"]))

    def protect(self, workflow_id: str) -> None:
        """From now on nobody may change this workflow."""
        self.foreign[workflow_id] = self.raw(workflow_id)

    def raw(self, workflow_id: str) -> str:
        """A workflow as the service tells it."""
        return self.raw_of([workflow_id])[workflow_id]

    def raw_of(self, workflow_ids: Iterable[str]) -> dict[str, str]:
        """Workflows as the service tells them, by id."""

        async def read(client: CyberdeskClient) -> dict[str, str]:
            return {
                found: (await client.workflows.get(found)).model_dump_json()
                for found in workflow_ids
            }

        found: dict[str, str] = self.ask(read)
        return found

    def ids(self) -> dict[str, str]:
        """The addresses of workflows by the ids that state has for them."""
        resources = self.document().get("resources", {})
        return {
            each["id"]: address
            for address, each in resources.items()
            if address.startswith("workflow.")
        }

    def document(self) -> dict[str, Any]:
        """The state document as plain JSON; nothing where there is none that can be read."""
        try:
            found = json.loads(self.back_end.contents().get("state.json", b"{}"))
        except ValueError:
            return {}
        assert isinstance(found, dict)
        return found

    def artifacts(self) -> Sequence[str]:
        """Everything that a deploy leaves anywhere, but for what it sends to the service."""
        return [*self.said, *(each.decode() for each in self.back_end.contents().values())]

    def keep_said(self, ui: Ui) -> None:
        """Remember what was shown."""
        self.said += [repr(ui.events), repr(ui.plans)]

    def _is_late(self, request: Callable[[], Awaitable[None]]) -> None:
        late = _Late(self.time.elapsed + self.late_seconds, request)
        self._late.append(late)
        self._arriving.append(asyncio.create_task(self._arrive(late)))

    async def _arrive(self, late: _Late) -> None:
        await asyncio.sleep(max(0.0, late.at - self.time.elapsed))
        if late in self._late:
            self._late.remove(late)
            await late.request()
