"""A world to deploy into.

The real emulator in memory behind a recording fault injector, file state, and a clock that only the
deploy itself moves.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from starlette.types import ASGIApp, Receive, Scope, Send

from flowdsl.codegen.artifacts import Bundle, ImageFile, ImageRef, Template, WorkflowArtifact
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.run import RunCreate
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.deploy.deploy import deploy, plan_deployment
from flowdsl.deploy.job import Job, JobOptions, OnDrift
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.rebuild import find_state, write_state
from flowdsl.deploy.target import DeployTarget
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL
from flowdsl.emulator.faults import Fault, FaultInjector, RecordedRequest
from flowdsl.emulator.store import Store
from flowdsl.ir.source_map import SourceMap
from flowdsl.state.document import StateDocument
from flowdsl.state.lease import Runtime
from flowdsl.state.stores import StateStore, Versioned, open_store
from tests.support.command_line import read_tree, write_tree
from tests.support.services.memory_store import MemoryStore, app_over

CANARY = "key-canary-5b1e0c"

T = TypeVar("T")


def flow(
    name: str,
    prompt: str | Template = "Open the app.",
    *,
    title: str | None = None,
    tags: Iterable[str] = (),
    renamed_from: str | None = None,
    protect: bool = False,
    images: tuple[str, ...] = (),
    **payload: Any,
) -> WorkflowArtifact:
    """A compiled workflow."""
    template = Template((prompt,)) if isinstance(prompt, str) else prompt
    shown = title or name.replace("_", " ").title()
    return WorkflowArtifact(
        name=name,
        title=shown,
        payload_or_maker={"main_prompt": template, "name": shown, **payload},
        tags=tuple(sorted(tags)),
        renamed_from=renamed_from,
        protect=protect,
        images=images,
        source_map_or_maker=SourceMap(name, (), ()),
    )


def bundle(*workflows: WorkflowArtifact, images: Sequence[ImageFile] = ()) -> Bundle:
    """A compiled project."""
    ordered = tuple(sorted(workflows, key=lambda item: item.name))
    return Bundle(ordered, (), {item.sha256: item for item in images})


def image_prompt(item: ImageFile) -> Template:
    """A prompt that shows a picture."""
    return Template(("<p>Press ", ImageRef(item.sha256, item.extension), "</p>"))


class Crash(BaseException):
    """The process dies: nothing may catch this."""


@dataclass
class Time:
    """A clock that moves by sleeping."""

    elapsed: float = 0.0
    start: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.elapsed += 0.001
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.elapsed += seconds
        await asyncio.sleep(0)


@dataclass
class Ui:
    """Answers as told and remembers what was shown."""

    answer: bool = True
    on_drift: OnDrift = "fail"
    plans: list[Plan] = field(default_factory=list)
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def show_plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def confirm(self, plan: Plan) -> bool:
        return self.answer

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        return self.on_drift

    def event(self, kind: str, **details: object) -> None:
        self.events.append((kind, details))
        if kind == "apply_start":
            self.begun.append(str(details["address"]))


class CrashingApp:
    """Raises `Crash` at the n-th request, before or after the work is done."""

    def __init__(self, app: ASGIApp, at: int | None, after: bool) -> None:
        self._app, self._at, self._after = app, at, after
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        due = self.count == self._at
        if due and not self._after:
            raise Crash
        await self._app(scope, receive, send)
        if due:
            raise Crash


class CrashingStore:
    """Raises `Crash` at the n-th call of the store, before or after the work is done."""

    def __init__(self, store: StateStore, at: int | None, after: bool) -> None:
        self._store, self._at, self._after = store, at, after
        self.count = 0
        self.url, self.shared, self.excludes = store.url, store.shared, store.excludes

    def put(self, objects: Mapping[str, bytes]) -> None:
        for one in objects.items():
            self._call(partial(self._store.put, dict([one])))

    def get(self, name: str) -> bytes | None:
        return self._store.get(name)

    def probe(self) -> None:
        self._store.probe()

    def load(self) -> Versioned | None:
        return self._call(self._store.load)

    def write(self, document: StateDocument, expected: str | None) -> str:
        return self._call(lambda: self._store.write(document, expected))

    def hold(self) -> AbstractContextManager[None]:
        return self._store.hold()

    def _call(self, work: Callable[[], Any]) -> Any:
        self.count += 1
        due = self.count == self._at
        if due and not self._after:
            raise Crash
        result = work()
        if due:
            raise Crash
        return result


def world_app(emulator: Store, **behaviour: Any) -> ASGIApp:
    """The application over the data of one world, which refuses what the service would drop."""
    return app_over(emulator, **{"strict": True, **behaviour})


class _Begun(NamedTuple):
    """What the first deploys to a world left: the time, the data of the service, our files."""

    elapsed: float
    service: bytes
    files: dict[str, bytes]


_BEGUN: dict[str, _Begun] = {}
"""By target and projects."""


class World:
    """One organisation and one project environment. `requests` are those of the last deploy."""

    def __init__(self, root: Path, service: bytes | None = None, **target: Any) -> None:
        """`service` is what another world has at the service."""
        self.root = root
        self.time = Time()
        self.emulator = MemoryStore(self.time.now, service)
        self.app: ASGIApp = world_app(self.emulator)
        self.target = DeployTarget("prj_1", "test", EMBEDDED_BASE_URL, local=True, **target)
        self.project = "prj_1"
        self.requests: list[RecordedRequest] = []
        self.ui = Ui()
        self.crash_counts = (0, 0)

    def close(self) -> None:
        self.emulator.close()

    def copy_to(self, root: Path) -> World:
        """A world of its own that is as this one is, or was when it was closed.

        `root` does not exist yet.
        """
        copytree(self.root, root)
        copy = World(root, self.emulator.image())
        copy.time.elapsed, copy.target = self.time.elapsed, self.target
        return copy

    def store(self) -> StateStore:
        return open_store("file", root=self.root, project=self.project, environment="test")

    def runtime(self) -> Runtime:
        time = self.time
        return Runtime(time.now, time.monotonic, time.sleep, lambda: uuid4().hex)

    def client(self, app: ASGIApp | None = None, max_retries: int = 0) -> CyberdeskClient:
        return CyberdeskClient(
            ClientOptions(base_url=EMBEDDED_BASE_URL, api_key=CANARY, max_retries=max_retries),
            transport=asgi_transport(app or self.app),
            sleep=self.time.sleep,
            random=lambda: 0.0,
            monotonic=self.time.monotonic,
        )

    def perform(
        self,
        work: Callable[[Job], Awaitable[T]],
        *faults: Fault,
        project: Bundle | None = None,
        ui: Ui | None = None,
        max_retries: int = 0,
        crash_api: tuple[int, bool] | None = None,
        crash_store: tuple[int, bool] | None = None,
        app: ASGIApp | None = None,
        stop: Callable[[], str] = lambda: "",
        interrupted: Callable[[], bool] | None = None,
        **options: Any,
    ) -> T:
        """What `work` gives for a job.

        `crash_api` and `crash_store` name the call, from 1, and whether its work is done first.
        """
        self.requests = []
        self.ui = ui or Ui()
        crashing = CrashingApp(app or self.app, *(crash_api or (None, False)))
        store = CrashingStore(self.store(), *(crash_store or (None, False)))
        injector = FaultInjector(crashing, faults, self.requests)

        async def run() -> T:
            async with self.client(injector, max_retries) as client:
                return await work(
                    Job(
                        project or bundle(),
                        self.target,
                        store,
                        client,
                        JobOptions(**options),
                        self.ui,
                        self.runtime(),
                        stop=stop,
                        interrupted=interrupted or (lambda: bool(stop())),
                    )
                )

        try:
            return asyncio.run(run())
        finally:
            self.crash_counts = (crashing.count, store.count)

    def deploy(
        self,
        project: Bundle,
        *faults: Fault,
        ui: Ui | None = None,
        begun: list[str] | None = None,
        **more: Any,
    ) -> Outcome:
        """One deploy, as `perform` does it; `begun` gets the addresses of operations that begin."""
        ui = ui or Ui()
        ui.begun = [] if begun is None else begun
        return self.perform(
            deploy, *faults, project=project, ui=ui, interrupted=lambda: False, **more
        )

    def begin(self, *projects: Bundle) -> None:
        """Deploy one project after the other to a world in which nothing was done yet.

        This process does it once: for the same projects and target the others begin as the first
        one was left.
        """
        assert self.time.elapsed == 0, "what was done before would be gone in all tests but one"
        key = repr((self.target, projects))
        if key not in _BEGUN:
            for project in projects:
                assert self.deploy(project).status is Status.DONE
            _BEGUN[key] = _Begun(self.time.elapsed, self.emulator.image(), read_tree(self.root))
        begun = _BEGUN[key]
        self.requests, self.ui, self.crash_counts = [], Ui(), (0, 0)
        self.time.elapsed = begun.elapsed
        self.emulator.fill(begun.service)
        write_tree(self.root, begun.files)

    def plan(self, project: Bundle) -> Plan:
        """What a deploy would do."""

        async def work(job: Job) -> Plan:
            return (await plan_deployment(job)).plan

        return self._ask_engine(work, project)

    def rebuild(self, project: Bundle) -> dict[str, str]:
        """State made anew from what is there; returns how each address was found."""

        async def work(job: Job) -> dict[str, str]:
            found = await find_state(job, None)
            await write_state(job, found)
            return {item.address: item.by for item in found.matches.recovered}

        return self._ask_engine(work, project)

    def _ask_engine(self, work: Callable[[Job], Awaitable[T]], project: Bundle) -> T:
        """What `work` gives, without a trace in this world."""

        async def run() -> T:
            async with self.client() as client:
                return await work(
                    Job(
                        project,
                        self.target,
                        self.store(),
                        client,
                        JobOptions(),
                        Ui(),
                        self.runtime(),
                    )
                )

        return asyncio.run(run())

    def ask(self, question: Callable[[CyberdeskClient], Any]) -> Any:
        """The answer of the service to somebody else's client."""

        async def run() -> Any:
            async with self.client() as client:
                return await question(client)

        return asyncio.run(run())

    def workflows(self) -> list[Workflow]:
        """All workflows of the organisation, by name."""

        async def read(client: CyberdeskClient) -> list[Workflow]:
            rows = await client.workflows.list_all(include=("tags", "post_run_checks"))
            return sorted(rows, key=lambda row: (row.name or "", row.id))

        return self.ask(read)

    def workflow(self, name: str) -> Workflow:
        """The one workflow with this display name, read by its id."""
        (found,) = [row for row in self.workflows() if row.name == name]
        return self.ask(lambda client: client.workflows.get(found.id))

    def edit(self, name: str, **patch: Any) -> None:
        """Somebody edits a workflow in the dashboard."""
        found = self.workflow(name)
        self.ask(
            lambda client: client.workflows.update(found.id, patch, idempotency_key=uuid4().hex)
        )

    def editing(self, title: str, /, *, before: str, nth: int = 1, **patch: Any) -> ASGIApp:
        """The service, in which somebody edits a workflow right before the n-th request of a
        method.
        """
        identifier = self.workflow(title).id
        left = nth

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal left
            if scope["method"] == before and scope["path"].endswith(identifier):
                left -= 1
                if left == 0:
                    async with self.client() as client:
                        key = uuid4().hex
                        await client.workflows.update(identifier, patch, idempotency_key=key)
            await self.app(scope, receive, send)

        return app

    def run(self, workflow_id: str) -> str:
        """Somebody runs a workflow; returns the id of the run."""
        return str(
            self.ask(
                lambda client: client.runs.create(
                    RunCreate(workflow_id=workflow_id), idempotency_key=uuid4().hex
                )
            ).id
        )

    def recording(self, name: str) -> str:
        """A run of a workflow becomes an approved recording; returns its id."""
        return self.recordings(name, 1)[0]

    def recordings(self, name: str, count: int) -> list[str]:
        """As many runs of a workflow become approved recordings, after all have ended.

        A run that replays an approved one records none. Returns their ids.
        """
        runs = []
        for _ in range(count):
            runs.append(self.run(self.workflow(name).id))
            self.time.elapsed += 3600

        async def record(client: CyberdeskClient) -> list[str]:
            made = [
                await client.runs.generate_trajectory(run, idempotency_key=uuid4().hex)
                for run in runs
            ]
            for each in made:
                await client.trajectories.update(
                    each.id, {"is_approved": True}, idempotency_key=uuid4().hex
                )
            return [each.id for each in made]

        return list(self.ask(record))

    def approved(self) -> set[str]:
        """The ids of the approved recordings."""

        async def read(client: CyberdeskClient) -> set[str]:
            lists = [
                await client.trajectories.list_all(is_generated=generated, is_approved=True)
                for generated in (True, False)
            ]
            return {row.id for rows in lists for row in rows}

        return set(self.ask(read))

    def idempotency(self, mode: str) -> None:
        """How the service treats repeated keys from now on: `honour`, `ignore` or `expire`."""
        seconds = {"honour": None, "ignore": 0.0, "expire": 1.0}[mode]
        self.app = world_app(self.emulator, idempotency_seconds=seconds)

    def state(self) -> StateDocument:
        versioned = self.store().load()
        assert versioned is not None
        return versioned.document

    def state_text(self) -> str:
        return (self.root / ".flowdsl/state/test.json").read_text()

    @property
    def writes(self) -> list[RecordedRequest]:
        """The requests of the last deploy that may change something."""
        return [request for request in self.requests if request.method != "GET"]

    def retarget(self, **changes: Any) -> None:
        self.target = replace(self.target, **changes)


def body_of(outcome: Outcome) -> str:
    return json.dumps(outcome.to_json())
