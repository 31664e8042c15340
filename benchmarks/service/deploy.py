"""What plan and deploy of a thousand workflows cost over the requests that they send.

    python benchmarks/service/deploy.py [--workflows N] [--rounds N]

Deploys to a server that answers after 20 ms, 32 requests at once, with state in a file: a plan
before anything exists, the first deploy, one with nothing to do, one with one changed field, one in
which every workflow changed. Each is compared in the same round with its floor: the same requests,
byte for byte, over 32 bare sockets. Prints medians, ratios and the numbers of writes; exits 1 if
the deploy that changes all takes more than 1.3 times its floor, or if the one with nothing to do
writes. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.codegen.artifacts import Bundle, Template, WorkflowArtifact  # noqa: E402
from flowdsl.compiler.collector import collect_rarely  # noqa: E402
from flowdsl.cyberdesk.client import CyberdeskClient  # noqa: E402
from flowdsl.cyberdesk.limits import ClientOptions  # noqa: E402
from flowdsl.deploy.deploy import deploy, plan_deployment  # noqa: E402
from flowdsl.deploy.job import Job, JobOptions  # noqa: E402
from flowdsl.deploy.outcome import Status  # noqa: E402
from flowdsl.deploy.planning.plan import Plan  # noqa: E402
from flowdsl.deploy.target import DeployTarget  # noqa: E402
from flowdsl.ir.source_map import SourceMap  # noqa: E402
from flowdsl.state.lease import Runtime  # noqa: E402
from flowdsl.state.stores import open_store  # noqa: E402

AT_ONCE = 32
LATENCY_SECONDS = 0.02
GATE = 1.3
STEP = "Open the claims portal, search for the claim {claim} and read its state into {{state}}.\n"
INPUTS = json.dumps({"type": "object", "properties": {"claim": {"type": "string"}}})


# The server


class Service(asyncio.Protocol):
    """Keeps workflows in memory, and answers every request after the latency, at little cost."""

    workflows: ClassVar[dict[str, dict[str, Any]]] = {}
    recorded: ClassVar[list[bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        _, announced, after = head.lower().partition(b"content-length:")
        length = int(after.split(b"\r\n")[0]) if announced else 0
        if len(rest) < length:
            return
        request, self._received = self._received[: len(head) + 4 + length], rest[length:]
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        if path == "/heard":
            reply = framed(
                b"200 OK", json.dumps([each.decode() for each in self.recorded]).encode()
            )
            self.recorded.clear()
            self._transport.write(reply)
            return
        self.recorded.append(request)
        reply = framed(*self.answer(method, path, rest[:length]))
        asyncio.get_running_loop().call_later(LATENCY_SECONDS, self._transport.write, reply)

    def answer(self, method: str, path: str, body: bytes) -> tuple[bytes, bytes]:
        """The status and the body of a reply."""
        path = path.partition("?")[0]
        if method == "POST":
            made = {
                "id": str(uuid4()),
                "organization_id": "org_1",
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
                "tags": [],
                "post_run_checks": [],
                "old_versions": [],
                **json.loads(body),
            }
            self.workflows[made["id"]] = made
            return b"201 Created", json.dumps(made).encode()
        one = self.workflows.get(path.rpartition("/")[2])
        if one is None:
            page = {"items": [], "total": 0, "skip": 0, "limit": 1000}
            return b"200 OK", json.dumps(page).encode()
        if method == "PATCH":
            version = {"main_prompt": one["main_prompt"], "updated_at": one["updated_at"]}
            one.update(json.loads(body))
            one["old_versions"] = [version]
            one["updated_at"] = f"2026-01-01T00:00:{len(self.recorded) % 60:02}Z"
        return b"200 OK", json.dumps(one).encode()


def framed(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def serve(service: type[Service] = Service) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(service, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The floor


async def recorded(port: int) -> list[bytes]:
    """The requests since the last call, as they came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /heard HTTP/1.1\r\n\r\n")
    requests = json.loads(await _reply(reader))
    writer.close()
    return [request.encode() for request in requests]


async def over_sockets(port: int, requests: list[bytes], at_once: int = AT_ONCE) -> None:
    """Sends the requests, so many at once."""
    waiting: Iterator[bytes] = iter(requests)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            await _reply(reader)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(requests))):
            group.create_task(work())


async def _reply(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


# The project


class Silent:
    """Shows nothing, and agrees to everything."""

    def show_plan(self, plan: Plan) -> None:
        pass

    def confirm(self, plan: Plan) -> bool:
        return True

    def choose_for_drift(self, plan: Plan) -> Any:
        return "fail"

    def event(self, kind: str, **details: object) -> None:
        pass


def project(count: int, changed: Callable[[int], str]) -> Bundle:
    """Workflows with prompts of about 2 kB; `changed` gives one word of each."""
    workflows = tuple(
        WorkflowArtifact(
            name=f"claim_{number:04}",
            title=f"Claim {number:04}",
            payload_or_maker={
                "main_prompt": Template((f"{changed(number)}\n{STEP * 22}",)),
                "input_schema": INPUTS,
                "includes_file_exports": False,
            },
            tags=(),
            renamed_from=None,
            protect=False,
            images=(),
            source_map_or_maker=SourceMap(f"claim_{number:04}", (), ()),
        )
        for number in range(count)
    )
    return Bundle(workflows, (), {})


async def once(root: Path, port: int, bundle: Bundle, *, only_plan: bool) -> None:
    url = f"http://127.0.0.1:{port}"
    accepted = {"updates": len(bundle.workflows)}
    async with CyberdeskClient(ClientOptions(base_url=url, api_key="local")) as client:
        job = Job(
            bundle,
            DeployTarget("prj_1", "bench", url),
            open_store("file", root=root, project="prj_1", environment="bench"),
            client,
            JobOptions(concurrency=AT_ONCE, accepted=accepted),
            Silent(),
            Runtime(
                now=_now, monotonic=time.monotonic, sleep=asyncio.sleep, new_id=lambda: uuid4().hex
            ),
        )
        if only_plan:
            await plan_deployment(job)
            return
        outcome = await deploy(job)
        assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome.messages


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def measure(count: int, rounds: int) -> bool:
    """Prints what each step takes; whether the goals are kept."""
    collect_rarely()  # As `flowdsl deploy` does.
    steps: dict[str, tuple[Callable[[int], Callable[[int], str]], bool]] = {
        "plan of nothing yet": (lambda _: lambda _: "One.", True),
        "first deploy": (lambda _: lambda _: "One.", False),
        "plan, unchanged": (lambda _: lambda _: "One.", True),
        "nothing to do": (lambda _: lambda _: "One.", False),
        "one field changed": (lambda _: lambda n: "Two." if n == 0 else "One.", False),
        "all changed": (lambda _: lambda _: "Three.", False),
    }
    took: dict[str, list[float]] = {step: [] for step in steps}
    floors: dict[str, list[float]] = {step: [] for step in steps}
    requests: dict[str, tuple[int, int]] = {}
    with subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            for round_number in range(rounds):
                with tempfile.TemporaryDirectory() as folder:
                    for step, (words, only_plan) in steps.items():
                        bundle = project(count, words(round_number))
                        began = time.perf_counter()
                        asyncio.run(once(Path(folder), port, bundle, only_plan=only_plan))
                        took[step].append(time.perf_counter() - began)
                        sent = asyncio.run(recorded(port))
                        writes = sum(not request.startswith(b"GET ") for request in sent)
                        requests[step] = (len(sent), writes)
                        began = time.perf_counter()
                        asyncio.run(over_sockets(port, sent))
                        floors[step].append(time.perf_counter() - began)
                        asyncio.run(recorded(port))
        finally:
            server.terminate()
    print(f"{count} workflows, {AT_ONCE} at once, {LATENCY_SECONDS * 1000:.0f} ms, {rounds} rounds")
    for step in steps:
        ratio = statistics.median(a / b for a, b in zip(took[step], floors[step], strict=True))
        total, writes = requests[step]
        print(
            f"  {step:<20} {statistics.median(took[step]):6.2f} s  {ratio:5.2f} of the sockets"
            f"  {total:5} requests, {writes} writes"
        )
    worst = statistics.median(
        a / b for a, b in zip(took["all changed"], floors["all changed"], strict=True)
    )
    return worst <= GATE and requests["nothing to do"][1] == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workflows", type=int, default=1000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
    return 0 if measure(arguments.workflows, arguments.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
