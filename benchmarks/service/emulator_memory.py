"""Does the emulator's memory grow with the requests that it has answered?

    python benchmarks/service/emulator_memory.py [--workflows N]

Creates N workflows, lists them in pages, changes each, runs each, lists the runs and reads each
run, all in one process over a data file. Prints for each kind of request the Python memory that the
requests of its second half left, for each of them, the same of the process's resident memory, and
the time of a request; exits 1 if Python memory grows with the requests.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.emulator.app import create_app  # noqa: E402
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL  # noqa: E402
from flowdsl.emulator.store import Store  # noqa: E402

WORKFLOWS = 10_000
LIMIT = 16
"""Bytes of Python memory for each request; any object that is kept takes more."""

SLACK = 64 * 1024
"""Bytes that caches and free lists may hold more at the end than in the middle."""

PAGE = 100
PROMPT = "Export the claims report\n\nSteps\n1. Open the portal.\n2. Select the claim number.\n"
OUTPUT_SCHEMA = '{"type": "object", "properties": {"claim_no": {"type": "string"}}}'


class Growth(NamedTuple):
    """Bytes for each request of the second half, and milliseconds for each request."""

    kind: str
    requests: int
    python: float
    resident: float
    milliseconds: float


class Ids:
    """Ids in memory of a fixed size, so that keeping them is no growth."""

    def __init__(self, count: int) -> None:
        self._bytes = bytearray(16 * count)

    def __getitem__(self, number: int) -> str:
        return str(UUID(bytes=bytes(self._bytes[16 * number : 16 * number + 16])))

    def __setitem__(self, number: int, identifier: str) -> None:
        self._bytes[16 * number : 16 * number + 16] = UUID(identifier).bytes


async def grow(
    workflows: int, data: Path | None, report: Callable[[Growth], None] = lambda _item: None
) -> list[Growth]:
    """One item for each kind of request, in order; `report` is given each once it is measured.

    If `data` is None, the store is in memory.
    """
    with Store.open(data) as store:
        app = create_app(store)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url=EMBEDDED_BASE_URL,
            headers={"Authorization": "Bearer k"},
        ) as client:
            return await _phases(client, workflows, report)


async def _phases(
    client: httpx.AsyncClient, count: int, report: Callable[[Growth], None]
) -> list[Growth]:
    ids, runs = Ids(count), Ids(count)
    pages = count // PAGE
    # First everything that is made once, such as compiled statements, is made.
    for number in range(min(count, 20)):
        ids[number] = await _create(client, number)
        runs[number] = await _run(client, ids[number])
        for path in (f"runs/{runs[number]}", "workflows?limit=9", "runs?limit=9"):
            await _ask(client, "GET", f"/v1/{path}")
        await _change(client, ids[number])

    async def create(number: int) -> None:
        ids[number] = await _create(client, number)

    async def run(number: int) -> None:
        runs[number] = await _run(client, ids[number])

    async def change(number: int) -> None:
        await _change(client, ids[number])

    async def page(kind: str, number: int) -> None:
        skip = number % max(pages, 1) * PAGE
        await _ask(client, "GET", f"/v1/{kind}?skip={skip}&limit={PAGE}")

    async def read(number: int) -> None:
        await _ask(client, "GET", f"/v1/runs/{runs[number]}")

    listings = max(pages * 2, 20)
    growth = []
    for kind, requests, send in (
        ("create", count, create),
        ("list workflows", listings, lambda number: page("workflows", number)),
        ("change", count, change),
        ("run", count, run),
        ("list runs", listings, lambda number: page("runs", number)),
        ("read a run", count, read),
    ):
        growth.append(await _measure(kind, requests, send))
        report(growth[-1])
    return growth


async def _measure(kind: str, requests: int, send: Callable[[int], Any]) -> Growth:
    half = requests // 2
    started = time.perf_counter()
    # Traced from the beginning, so that an object that replaces an older one is no growth.
    tracemalloc.start()
    for number in range(half):
        await send(number)
    python, resident = _held()
    for number in range(half, requests):
        await send(number)
    python_after, resident_after = _held()
    tracemalloc.stop()
    seconds = time.perf_counter() - started
    sent = requests - half
    return Growth(
        kind,
        requests,
        (python_after - python) / sent,
        (resident_after - resident) / sent,
        seconds * 1000 / requests,
    )


def _held() -> tuple[int, int]:
    """Bytes of Python memory and of resident memory; 0 if the system does not tell."""
    gc.collect()
    statm = Path("/proc/self/statm")
    resident = (
        int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0
    )
    return tracemalloc.get_traced_memory()[0], resident


async def _create(client: httpx.AsyncClient, number: int) -> str:
    body = {"main_prompt": PROMPT, "name": f"Desk {number}", "output_schema": OUTPUT_SCHEMA}
    return str((await _ask(client, "POST", "/v1/workflows", body, f"create/{number}"))["id"])


async def _run(client: httpx.AsyncClient, workflow_id: str) -> str:
    body = {"workflow_id": workflow_id}
    return str((await _ask(client, "POST", "/v1/runs", body, f"run/{workflow_id}"))["id"])


async def _change(client: httpx.AsyncClient, workflow_id: str) -> None:
    body = {"name": f"Changed {workflow_id}"}
    await _ask(client, "PATCH", f"/v1/workflows/{workflow_id}", body, f"change/{workflow_id}")


async def _ask(
    client: httpx.AsyncClient, method: str, path: str, body: object = None, key: str = ""
) -> Any:
    # Between requests the event loop of a server turns, which clears its timers.
    await asyncio.sleep(0)
    headers = {"Idempotency-Key": key} if key else {}
    reply = await client.request(method, path, json=body, headers=headers)
    reply.raise_for_status()
    return reply.json()


def grown(growth: Sequence[Growth]) -> list[Growth]:
    """The kinds of requests with which Python memory grows."""
    return [
        item
        for item in growth
        if item.python * (item.requests / 2) > LIMIT * (item.requests / 2) + SLACK
    ]


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workflows", type=int, default=WORKFLOWS)
    workflows = parser.parse_args().workflows
    print(f"{'':<16}{'requests':>10}{'Python B':>10}{'resident B':>12}{'ms':>8}")

    def report(item: Growth) -> None:
        figures = f"{item.python:>10.1f}{item.resident:>12.1f}{item.milliseconds:>8.1f}"
        print(f"{item.kind:<16}{item.requests:>10}{figures}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        growth = asyncio.run(grow(workflows, Path(folder, "emulator.sqlite"), report))
    return int(bool(grown(growth)))


if __name__ == "__main__":
    sys.exit(main())
