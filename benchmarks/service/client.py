"""The API client: does it create exactly what it should when the network fails, and at what cost?

    python benchmarks/service/client.py [--faults | --cost] [--creates N] [--rounds N]

`--faults` creates N workflows, 8 at once, in an emulator on a port that honours idempotency keys,
loses 10 % of the replies, and answers 5 % of the requests with 429 and 5 % with 503. It prints what
was sent and broken, and how many workflows there are afterwards; it exits 1 unless there are N,
each once.

`--cost` sends N small POSTs, 32 at once, to a server that answers after 20 ms: over bare sockets,
with bare httpx (one client for each worker) and with this client, in turns. It prints medians and
ratios; it exits 1 if the client takes more than 1.3 times as long as the sockets. On a busy machine
the processor time says more than the ratios. Without either option both are done. Needs the
development dependencies.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.cyberdesk.client import CyberdeskClient  # noqa: E402
from flowdsl.cyberdesk.limits import ClientOptions  # noqa: E402
from flowdsl.cyberdesk.models.workflow import WorkflowCreate  # noqa: E402
from flowdsl.deploy.workers import for_each  # noqa: E402
from flowdsl.emulator.app import create_app  # noqa: E402
from flowdsl.emulator.faults import Fault, FaultInjector, RecordedRequest  # noqa: E402
from flowdsl.emulator.store import Store  # noqa: E402

CREATE = "POST /v1/workflows"
FAULTS = (
    Fault(CREATE, nth=None, kind="after", share=0.10, seed=1),
    Fault(CREATE, nth=None, kind="429", retry_after="0.05", share=0.05, seed=2),
    Fault(CREATE, nth=None, kind="status", status=503, share=0.05, seed=3),
)
AT_ONCE_UNDER_FAULT = 8
PATIENT = 12
"""Retries.

One request in five fails, so with fewer (four attempts) one create in 600 would fail.
"""

AT_ONCE = 32
LATENCY_SECONDS = 0.02
GATE = 1.3


# Under fault


async def create_all(client: CyberdeskClient, count: int) -> list[str]:
    """The ids in the replies to `count` creates, in the order in which they came."""
    ids: list[str] = []

    async def create(own: CyberdeskClient, number: int) -> None:
        body = WorkflowCreate(main_prompt="Open the app.", name=f"Desk {number}")
        key = f"create-{number}"
        made = await own.workflows.create(body, idempotency_key=key, once=False)
        ids.append(made.id)

    await for_each(client, range(count), create, concurrency=AT_ONCE_UNDER_FAULT)
    return ids


async def workflows_by_name(client: CyberdeskClient) -> Counter[str | None]:
    """The number of workflows of each name."""
    return Counter(workflow.name for workflow in await client.workflows.list_all())


def broken(requests: list[RecordedRequest]) -> Counter[str]:
    """How many creates were answered in which way."""
    kinds = {"after": "reply lost", "429": "429", "status": "503", None: "answered"}
    return Counter(
        kinds[request.fault] for request in requests if f"{request.method} {request.path}" == CREATE
    )


@contextmanager
def on_a_port(app: ASGIApp) -> Iterator[str]:
    """Serves `app` on a free port of this machine; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def under_fault(count: int) -> bool:
    """Prints the result of `count` creates; whether there is each workflow once."""
    requests: list[RecordedRequest] = []

    async def inside(url: str) -> tuple[list[str], Counter[str | None]]:
        options = ClientOptions(base_url=url, api_key="local", max_retries=PATIENT)
        async with CyberdeskClient(options) as client:
            return await create_all(client, count), await workflows_by_name(client)

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder, "desk.sqlite")) as store:
        app = FaultInjector(create_app(store), FAULTS, requests)
        began = time.perf_counter()
        with on_a_port(app) as url:
            ids, names = asyncio.run(inside(url))
    seconds = time.perf_counter() - began
    attempts = broken(requests)
    print(f"{count} creates, {AT_ONCE_UNDER_FAULT} at once, in {seconds:.1f} s")
    print(f"  requests         {attempts.total():6}")
    for kind in ("answered", "reply lost", "429", "503"):
        share = attempts[kind] / attempts.total()
        print(f"  {kind:<16} {attempts[kind]:6}  {share:.1%}")
    print(f"  ids received     {len(set(ids)):6}")
    print(f"  workflows        {names.total():6}, {len(names)} different names")
    return len(set(ids)) == names.total() == len(names) == count


# Cost

WORKFLOW = json.dumps(
    {
        "id": "0b9f3c52-7a41-4d0e-9a55-3f1c2d4e5f60",
        "main_prompt": "Open the app.",
        "name": "Desk",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
).encode()
REPLY = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(WORKFLOW), WORKFLOW)
)
BODY = {"main_prompt": "Open the app.", "name": "Desk"}


class LateServer(asyncio.Protocol):
    """Answers every request after the latency, as cheaply as Python can."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(rest) >= length:
            self._received = rest[length:]
            loop = asyncio.get_running_loop()
            loop.call_later(LATENCY_SECONDS, self._transport.write, REPLY)


async def serve_late() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(LateServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def shared_out(count: int, work: Callable[[Iterator[int]], Awaitable[None]]) -> None:
    """Runs `work` in as many tasks as run at once.

    They take the numbers up to `count` from one iterator.
    """
    numbers = iter(range(count))
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_awaited(work(numbers)))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def over_sockets(port: int, count: int) -> None:
    body = json.dumps(BODY).encode()
    request = (
        f"POST /v1/workflows HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer local\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body

    async def work(numbers: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in numbers:
            writer.write(request)
            assert len(await reader.readexactly(len(REPLY))) == len(REPLY)
        writer.close()

    await shared_out(count, work)


async def with_httpx(port: int, count: int) -> None:
    context = httpx.create_ssl_context()

    async def work(numbers: Iterator[int]) -> None:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": "Bearer local"},
            verify=context,
            trust_env=False,
        ) as client:
            for _ in numbers:
                reply = await client.post("/v1/workflows", json=BODY)
                assert reply.json()["name"] == "Desk"

    await shared_out(count, work)


async def with_this_client(port: int, count: int) -> None:
    options = ClientOptions(base_url=f"http://127.0.0.1:{port}", api_key="local")
    async with CyberdeskClient(options) as client:

        async def work(numbers: Iterator[int]) -> None:
            async with client.make_worker() as own:
                for number in numbers:
                    body = WorkflowCreate(main_prompt="Open the app.", name="Desk")
                    made = await own.workflows.create(body, idempotency_key=f"create-{number}")
                    assert made.name == "Desk"

        await shared_out(count, work)


WAYS: dict[str, Callable[[int, int], Any]] = {
    "sockets": over_sockets,
    "httpx": with_httpx,
    "client": with_this_client,
}


def cost(count: int, rounds: int) -> bool:
    """Prints what each way takes; whether the client is within the gate."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        took: dict[str, list[float]] = {way: [] for way in WAYS}
        worked: dict[str, list[float]] = {way: [] for way in WAYS}
        try:
            for way in WAYS.values():
                asyncio.run(way(port, AT_ONCE))
            for _ in range(rounds):
                for name, way in WAYS.items():
                    began, idle = time.perf_counter(), time.process_time()
                    asyncio.run(way(port, count))
                    took[name].append(time.perf_counter() - began)
                    worked[name].append(time.process_time() - idle)
        finally:
            server.terminate()

    def ratio(way: str, floor: str) -> float:
        # Compared within one round, because a machine drifts.
        return statistics.median(a / b for a, b in zip(took[way], took[floor], strict=True))

    print(f"{count} POSTs, {AT_ONCE} at once, {LATENCY_SECONDS * 1000:.0f} ms, {rounds} rounds")
    for name, seconds in took.items():
        median, cpu = statistics.median(seconds), statistics.median(worked[name])
        print(
            f"  {name:<8} {median:.2f} s  {ratio(name, 'sockets'):.2f} of the sockets"
            f"  {cpu / count * 1e6:5.0f} us of processor a request"
        )
    over_httpx, over_floor = ratio("client", "httpx"), ratio("client", "sockets")
    print(f"  client   {over_httpx:.2f} of httpx, {over_floor:.2f} of the sockets (gate {GATE})")
    return over_floor <= GATE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faults", action="store_true", help="only creates under fault")
    parser.add_argument("--cost", action="store_true", help="only the cost of the client")
    parser.add_argument("--creates", type=int, default=1000, metavar="N", help="requests to send")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of `--cost`")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve_late())
    both = arguments.faults == arguments.cost
    good = True
    if arguments.faults or both:
        good &= under_fault(arguments.creates)
    if arguments.cost or both:
        good &= cost(arguments.creates, arguments.rounds)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
