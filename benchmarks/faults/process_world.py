"""Deploys by the real command line in processes of their own, against a real server on a port.

State may be in any back end. The server and the store's side kill a process at the call that a test
names: nothing in the process helps.
"""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.cli.runtime.target import open_project
from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import compile_project
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import ConnectionLostError
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from flowdsl.state.lease import Runtime
from tests.deploy.fault_world import IDEMPOTENCY, FaultWorld
from tests.deploy.invariants import check_invariants, deploy_clean
from tests.deploy.kill_switch import Point, nowhere, replay, request_body
from tests.support.command_line import environment
from tests.support.forked import Running, begin
from tests.support.services.served import Server, serving
from tests.support.services.state_backends import (
    BUCKET,
    ENVIRONMENT,
    PROJECT,
    WATCHES,
    GitBackEnd,
    S3BackEnd,
)

T = TypeVar("T")
SCENARIOS = 4000
"""Organisations that one stage has keys for."""

SECONDS = 180.0
"""A deploy that takes longer hangs."""

PROJECT_FILE = """\
[project]
name = "desk"
id = "{project}"

[env.{environment}]
api = "{api}"
api_key = {{ env = "DESK_KEY" }}
state = "{state}"
"""

FLOW = """\
flow 1

workflow {name} {{
  title = "{title}"
  tags = {tags}
{more}  steps {{
    step "Open the record" {{
      do "{prompt}"
    }}
  }}
}}
"""


def flow_text(
    name: str, prompt: str, title: str = "", tags: tuple[str, ...] = (), renamed_from: str = ""
) -> str:
    """The source of one workflow."""
    more = f'  renamed_from = "{renamed_from}"\n' if renamed_from else ""
    return FLOW.format(
        name=name, title=title or name, tags=json.dumps(list(tags)), more=more, prompt=prompt
    )


Sources = Mapping[str, str]
"""Names of workflows and their text."""

BEFORE: Sources = {
    "u1": flow_text("u1", "Open the first record.", tags=("old",)),
    "u2": flow_text("u2", "Open the first record."),
    "r_old": flow_text("r_old", "Open the first record.", title="Old name"),
}
AFTER: Sources = {
    "u1": flow_text("u1", "Open the second record.", tags=("new",)),
    "u2": flow_text("u2", "Open the second record."),
    "r_new": flow_text("r_new", "Open the first record.", title="New name", renamed_from="r_old"),
    "c1": flow_text("c1", "Open the third record.", tags=("new",)),
    "c2": flow_text("c2", "Open the third record."),
    "c3": flow_text("c3", "Open the third record."),
}


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    result: dict[str, Any]


@dataclass(frozen=True)
class Deploying:
    """A command that runs, and the file in which it leaves its result."""

    running: Running
    result: Path


@dataclass
class Trap:
    """Acts on `process` at a call: `write` and `api` at the service, `store` at the state's side.

    A request that is on its way then (`late`) is carried out `late_seconds` later; `carried_out` is
    set once it is.
    """

    point: Point
    act: Callable[[Running], None]
    late_seconds: float = 0.0
    carried_out: threading.Event = field(default_factory=threading.Event)
    process: Running | None = None
    seen: int = 0
    sprung: threading.Event = field(default_factory=threading.Event)

    def begin(self, *kinds: str) -> bool:
        """A call of these kinds comes; whether something is to happen after its work."""
        if self.point.where not in kinds or self.sprung.is_set():
            return False
        self.seen += 1
        if self.seen != self.point.number:
            return False
        if self.point.when == "after":
            return True
        self.spring()
        return False

    def spring(self) -> None:
        """It is time."""
        self.sprung.set()
        assert self.process is not None
        self.act(self.process)


def kill(process: Running) -> None:
    """End a process at once, and see it gone."""
    process.send_signal(signal.SIGKILL)
    process.wait(SECONDS)


def suspend(process: Running) -> None:
    process.send_signal(signal.SIGSTOP)


def terminate(process: Running) -> None:
    process.send_signal(signal.SIGTERM)


class Stage:
    """A server with an organisation for each scenario. `traps` are by the key of the API.

    Each command imports the module `first` before anything else.
    """

    def __init__(self, root: Path, idempotency: str = "honour", first: str = "") -> None:
        self.root, self.first = root, first
        self.traps: dict[str, Trap] = {}
        self.writes: dict[str, int] = {}
        self.due: dict[str, bool] = {}
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._numbers = count()
        self._store = Store.open(root / "stage.sqlite")
        keys = {_key(number): f"org_{number}" for number in range(SCENARIOS)}
        scenario = Scenario(idempotency=IDEMPOTENCY[idempotency])
        self.app: FastAPI = create_app(self._store, keys=keys, strict=True, scenario=scenario)
        self.server = Server(self._trapped)

    @contextmanager
    def open(self) -> Iterator[Stage]:
        """Serve until the end of the block."""
        WATCHES.append(self._watch_bucket)
        try:
            with serving(self.server):
                yield self
        finally:
            WATCHES.remove(self._watch_bucket)
            self._store.close()

    def scenario(self, back_end: str) -> ProcessWorld:
        """A project and an organisation of its own."""
        number = next(self._numbers)
        root = self.root / f"s{number}"
        root.mkdir()
        return ProcessWorld(self, root, back_end, _key(number))

    async def _trapped(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        key = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        trap = self.traps.get(key)
        if trap is None:
            await self.app(scope, receive, send)
            return
        kinds = ("api",) if scope["method"] == "GET" else ("api", "write")
        late = trap.point.when == "late" and not trap.sprung.is_set()
        if late:
            receive = replay(await request_body(receive))
        # The process is waited for in a thread: it may be in the middle of another request.
        due = await asyncio.to_thread(trap.begin, *kinds)
        if trap.sprung.is_set() and trap.process is not None and trap.process.poll() is not None:
            if late and trap.seen == trap.point.number and not self._coming.get(key):
                self._coming[key] = asyncio.create_task(self._later(trap, scope, receive))
            raise ConnectionLostError("nobody is there who would have sent it")
        await _whole(self.app, scope, receive, send, trap.spring if due else lambda: None)

    async def _later(self, trap: Trap, scope: Scope, receive: Receive) -> None:
        await asyncio.sleep(trap.late_seconds)
        await self.app(scope, receive, nowhere)
        trap.carried_out.set()

    def _watch_bucket(self, method: str, path: str, after: bool) -> None:
        prefix, _, name = path.removeprefix(f"/{BUCKET}/").partition("/")
        if method == "PUT" and name == "state.json" and after:
            self.writes[prefix] = self.writes.get(prefix, 0) + 1
        trap = self.traps.get(prefix)
        if trap is None or name != "state.json":
            return
        if not after:
            self.due[prefix] = trap.begin("store")
        elif self.due.pop(prefix, False):
            trap.spring()


async def _whole(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, done: Callable[[], None]
) -> None:
    """Send the reply once `done` has been called, which is after the work."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    await asyncio.to_thread(done)
    for message in messages:
        await send(message)


def _key(number: int) -> str:
    return f"key-canary-process-{number:05}"


HOOK = """\
#!/bin/sh
# Kills the process whose id is in `victim` at the push whose number is in `{when}`.
if [ ! -f "{folder}/{when}" ]; then exit 0; fi
seen=$(($(cat "{folder}/{when}.seen" 2>/dev/null || echo 0) + 1))
echo $seen > "{folder}/{when}.seen"
if [ "$seen" = "$(cat "{folder}/{when}")" ]; then
  kill -9 "$(cat "{folder}/victim")"
  touch "{folder}/sprung"
fi
exit 0
"""


class ProcessWorld(FaultWorld):
    """One project on the disk, deployed by the command line.

    What it looks like afterwards is checked in this process.
    """

    def __init__(self, stage: Stage, root: Path, back_end: str, key: str) -> None:
        super().__init__(root, back_end)
        self.stage, self.key = stage, key
        self.app = stage.app
        self.retarget(api_base=stage.server.url)
        (root / "flowdsl.toml").write_text(
            PROJECT_FILE.format(
                project=PROJECT,
                environment=ENVIRONMENT,
                api=stage.server.url,
                state=self.back_end.url,
            )
        )

    def client(self, app: ASGIApp | None = None, max_retries: int = 0) -> CyberdeskClient:
        return CyberdeskClient(
            ClientOptions(base_url=self.stage.server.url, api_key=self.key),
            transport=asgi_transport(app or self.app),
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def runtime(self) -> Runtime:
        return Runtime(
            lambda: datetime.now(UTC), time.monotonic, asyncio.sleep, lambda: uuid4().hex
        )

    def write_sources(self, sources: Sources) -> Bundle:
        """Write the project's flows and compile them."""
        folder = self.root / "flows"
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.flow"):
            old.unlink()
        for name, text in sources.items():
            (folder / f"{name}.flow").write_text(text)
        target = open_project(str(self.root))
        assert target.project is not None
        compilation = compile_project(
            target.files, target.entries, target.options(target.project.environments[ENVIRONMENT])
        )
        assert compilation.bundle is not None, compilation.analysis.diagnostics
        return compilation.bundle

    def start(self, *words: str, trap: Trap | None = None) -> Deploying:
        """`flowdsl deploy` in a process of its own, which `trap` waits for."""
        result = self.root / f"result-{uuid4().hex}.json"
        if trap is not None:
            self._arm(trap)
        arguments = ["deploy", "--env", ENVIRONMENT, "--yes", "--json", "--result", str(result)]

        def known(running: Running) -> None:
            if trap is not None:
                trap.process = running
                (self.root / "victim").write_text(str(running.pid))

        running = begin(
            [*arguments, *words],
            folder=self.root,
            environ=environment(DESK_KEY=self.key, CI="1"),
            first=self.stage.first,
            known=known,
        )
        return Deploying(running, result)

    def finish(self, process: Deploying) -> Ended:
        """How a command ended; what it said is looked through for secrets later."""
        code = process.running.wait(SECONDS)
        out, err = (each.decode() for each in process.running.output())
        assert "Traceback" not in err, err
        content = process.result.read_text() if process.result.exists() else ""
        self.said += [out, err, content]
        return Ended(code, out, err, json.loads(content) if content else {})

    def command(self, *words: str) -> Ended:
        """One clean deploy by the command line."""
        return self.finish(self.start(*words))

    def kill_at(self, point: Point) -> bool:
        """Deploy, and be killed at a point; whether it got that far."""
        trap = Trap(point, kill)
        ended = self.finish(self.start(trap=trap))
        self.disarm()
        return ended.code == -signal.SIGKILL

    def resolve(self) -> None:
        """Take in what processes have done to state, before it is checked."""
        document = self.document()
        self.lineage = document.get("lineage")
        self.log.writes = document.get("serial", 0)
        match self.back_end:
            case GitBackEnd() as git:
                assert git.writes() == document["serial"], "a version of state was lost"
            case S3BackEnd() as s3:
                assert self.stage.writes[s3.prefix] >= document["serial"]
            case _:
                pass

    def disarm(self) -> None:
        """Take the trap away."""
        self.stage.traps.pop(self.key, None)
        if isinstance(self.back_end, S3BackEnd):
            self.stage.traps.pop(self.back_end.prefix, None)
        for when in ("before", "after"):
            (self.root / when).unlink(missing_ok=True)

    def _arm(self, trap: Trap) -> None:
        if trap.point.where != "store":
            self.stage.traps[self.key] = trap
            return
        match self.back_end:
            case S3BackEnd() as s3:
                self.stage.traps[s3.prefix] = trap
            case GitBackEnd() as git:
                hook = {"before": "pre-receive", "after": "post-receive"}[trap.point.when]
                path = git.repository / "hooks" / hook
                path.parent.mkdir(exist_ok=True)
                path.write_text(HOOK.format(folder=self.root, when=trap.point.when))
                path.chmod(0o755)
                (self.root / f"{trap.point.when}.seen").unlink(missing_ok=True)
                (self.root / trap.point.when).write_text(str(trap.point.number))
            case _:
                threading.Thread(target=self._watch_file, args=(trap,), daemon=True).start()

    def _watch_file(self, trap: Trap) -> None:
        """Kills once the file has been replaced for the n-th time; a disk shows no more."""
        path = self.root / ".flowdsl/state" / f"{ENVIRONMENT}.json"
        last = _identity(path)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and not trap.sprung.is_set():
            now = _identity(path)
            if now != last and trap.process is not None:
                last = now
                if trap.begin("store"):
                    trap.spring()
            if trap.process is not None and trap.process.poll() is not None:
                return
            time.sleep(0.001)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def survive_kill(stage: Stage, back_end: str, point: Point) -> bool:
    """Kills a deploy over an earlier deploy at `point`, deploys once more and checks everything.

    Returns whether the deploy was killed.
    """
    world = stage.scenario(back_end)
    try:
        world.add_foreign()
        deploy_clean(world, world.write_sources(BEFORE))
        world.resolve()
        project = world.write_sources(AFTER)
        killed = world.kill_at(point)
        again = world.command()
        assert again.code == 0, (again.code, again.err)
        world.resolve()
        check_invariants(world, project)
        return killed
    except BaseException as error:
        error.add_note(f"{back_end}, killed at {point}")
        raise
    finally:
        world.close()


def race(stage: Stage, back_end: str) -> list[int]:
    """Two processes start the first deploy at the same moment.

    Their exit codes, once everything has been looked at.
    """
    world = stage.scenario(back_end)
    try:
        project = world.write_sources(AFTER)
        both = [world.start(), world.start()]
        codes = [world.finish(process).code for process in both]
        world.resolve()
        check_invariants(world, project)
        return codes
    finally:
        world.close()
