"""What a thousand runs of one workflow cost from their inputs to their results.

    python benchmarks/service/many_runs.py [--runs N] [--rounds N]

Checks the inputs of N runs, creates the runs and watches them to their end, as `flowdsl run
--inputs` and `run_many` do, at a server that answers after 20 ms and whose runs take a second. The
time without the pauses between two looks of the watch is compared in its round with its floor: the
same requests, byte for byte, over bare sockets, the creations as many at once as `Submitter` sends
them and the others one by one. Prints medians, the ratio and the numbers of requests; then how much
the peak memory of a process grows with 100, 1,000 and 3,000 runs. Exits 1 above 1.5 times the
floor, or where a run takes more memory than `RUN_BYTES`. Run it on an idle machine: client and
server each need a processor. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import uuid4

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.service.deploy import Service, over_sockets, recorded, serve  # noqa: E402
from flowdsl.api import CompileOptions, MemoryFiles, compile_project  # noqa: E402
from flowdsl.cyberdesk.client import CyberdeskClient  # noqa: E402
from flowdsl.cyberdesk.limits import ClientOptions  # noqa: E402
from flowdsl.runs.inputs.assemble import InputSources  # noqa: E402
from flowdsl.runs.inputs.machine_parameters import ANYWHERE  # noqa: E402
from flowdsl.runs.inputs.python_values import parse_given_rows  # noqa: E402
from flowdsl.runs.starting.plan import RequestPlan, named_source  # noqa: E402
from flowdsl.runs.submit import Submitter  # noqa: E402
from flowdsl.runs.watch import watch  # noqa: E402
from flowdsl.state.held import Runtime  # noqa: E402

AT_ONCE = 8
"""Creations under way at a time: what `Submitter` does where nobody says otherwise."""

RUN_SECONDS = 1.0
LATENCY_SECONDS = 0.02
GATE = 1.5
SIZES = (100, 1000, 3000)
RUN_BYTES = 24 * 1024
"""Bytes of peak memory for one run more: its request, its rows in two lists, its result."""

FLOW = """flow 1

workflow look_up {
  title = "Look up"
  inputs { claim: string @pattern(r"^C[0-9]+$"), day: date, note: string? }
  outputs { status: string, amount: number }
  steps { step "Look up" {
    do "Open claim {claim} of {day}."
    if not note is empty { do "Check that its note is {note}." }
    extract status: string from "the status"
    extract amount: number from "the amount"
    emit status = status
    emit amount = amount
  } }
}
"""


# The server


class RunService(Service):
    """Keeps runs in memory, each of which ends a second after it was made."""

    runs: ClassVar[dict[str, dict[str, Any]]] = {}

    def answer(self, method: str, path: str, body: bytes) -> tuple[bytes, bytes]:
        path, _, query = path.partition("?")
        now = datetime.now(UTC)
        if method == "POST":
            asked = json.loads(body)
            made = {
                "id": str(uuid4()),
                "status": "scheduling",
                "machine_id": None,
                "created_at": _text(now),
                **asked,
            }
            self.runs[made["id"]] = made
            return b"201 Created", json.dumps(made).encode()
        one = self.runs.get(path.rpartition("/")[2])
        if one is not None:
            return b"200 OK", json.dumps(_at(one, now)).encode()
        asked = parse_qs(query)
        since = asked.get("created_at_from", [""])[0]
        workflow = asked["workflow_id"][0]
        rows = [
            each
            for each in reversed(self.runs.values())
            if each["workflow_id"] == workflow and each["created_at"] >= since
        ]
        skip, limit = int(asked["skip"][0]), int(asked["limit"][0])
        fields = ["id", "workflow_id", "machine_id", "status", "created_at", *asked["fields"]]
        items = [
            {name: run.get(name) for name in fields}
            for run in (_at(each, now) for each in rows[skip : skip + limit])
        ]
        page = {"items": items, "total": len(rows), "skip": skip, "limit": limit}
        return b"200 OK", json.dumps(page).encode()


def _at(run: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The run as it is at a time."""
    ends = datetime.fromisoformat(run["created_at"]) + timedelta(seconds=RUN_SECONDS)
    if now < ends:
        return {**run, "status": "running", "started_at": run["created_at"]}
    return {
        **run,
        "status": "success",
        "started_at": run["created_at"],
        "ended_at": _text(ends),
        "output_data": {"status": "The claim was paid in full", "amount": 120.5},
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@contextmanager
def serving() -> Iterator[int]:
    """A server in a process of its own; yields its port."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


# The work


async def run_all(port: int, plan: RequestPlan) -> float:
    """Makes the runs and watches them to their end; the seconds of pauses between two looks."""
    paused = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal paused
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        paused += time.perf_counter() - began

    runtime = Runtime(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=sleep,
        new_id=lambda: uuid4().hex,
    )
    options = ClientOptions(base_url=f"http://127.0.0.1:{port}", api_key="local")
    async with CyberdeskClient(options) as client:
        plan.check(is_placed=False)
        requests, _ = plan.requests({"look_up": str(uuid4())}, {}, ANYWHERE)
        submitter = Submitter(client, runtime, tell=print, concurrency=AT_ONCE)
        runs = [run for each in await submitter.submit(requests) for run in each.runs]
        watched = await watch(client, runs, runtime, tell=print)
    assert len(watched.runs) == len(requests)
    assert all(run.output_data for run in watched.runs.values())
    return paused


def planned(count: int) -> RequestPlan:
    compilation = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert compilation.program is not None
    rows = parse_given_rows([{"claim": f"C{n}", "day": "2026-03-01"} for n in range(count)])
    source = named_source(compilation.program, "look_up")
    return RequestPlan(compilation.program, source, InputSources(), rows)


async def floor(port: int, requests: list[bytes]) -> None:
    """Sends the same requests in their order, creations some at once."""
    creations = [each for each in requests if each.startswith(b"POST ")]
    first = requests.index(creations[0])
    last = len(requests) - requests[::-1].index(creations[-1])
    await over_sockets(port, requests[:first], 1)
    await over_sockets(port, creations, AT_ONCE)
    await over_sockets(port, requests[last:], 1)


def measure_time(count: int, rounds: int) -> bool:
    """Prints what the runs take; whether the goal is kept."""
    took: list[float] = []
    floors: list[float] = []
    worked: list[float] = []
    pauses: list[float] = []
    with serving() as port:
        for _ in range(rounds):
            began, idle = time.perf_counter(), time.process_time()
            paused = asyncio.run(run_all(port, planned(count)))
            took.append(time.perf_counter() - began - paused)
            worked.append(time.process_time() - idle)
            pauses.append(paused)
            sent = asyncio.run(recorded(port))
            began = time.perf_counter()
            asyncio.run(floor(port, sent))
            floors.append(time.perf_counter() - began)
            asyncio.run(recorded(port))
    ratios = [a / b for a, b in zip(took, floors, strict=True)]
    ratio = statistics.median(ratios)
    reads = sum(each.startswith(b"GET ") for each in sent)
    print(
        f"{count} runs, {AT_ONCE} creations at once, {LATENCY_SECONDS * 1000:.0f} ms, "
        f"{rounds} rounds"
    )
    print(f"  requests   {len(sent)}, {reads} of them read")
    print(f"  sockets    {statistics.median(floors):.2f} s")
    print(
        f"  runs       {statistics.median(took):.2f} s beside {statistics.median(pauses):.2f} s "
        f"of pauses, {statistics.median(worked):.2f} s of processor"
    )
    print(
        f"  ratio      {ratio:.2f} of the sockets, {min(ratios):.2f} in the best round "
        f"(gate {GATE})"
    )
    return ratio <= GATE


# Memory


def peak_growth(count: int) -> int:
    """By how many bytes the peak of this process grows with the runs."""
    with serving() as port:
        asyncio.run(run_all(port, planned(10)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        asyncio.run(run_all(port, planned(count)))
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def measure_memory() -> bool:
    """Prints how the peak grows with the runs; whether the goal is kept."""
    grown: dict[int, int] = {}
    for count in SIZES:
        done = subprocess.run(
            [sys.executable, __file__, "--peak", str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        grown[count] = int(done.stdout)
        print(
            f"  {count:5} runs  {grown[count] / 1024**2:6.1f} MB more at the peak, "
            f"{grown[count] / count / 1024:5.1f} KiB a run"
        )
    (few, many) = SIZES[-2:]
    each = (grown[many] - grown[few]) / (many - few)
    print(f"  one more   {each / 1024:.1f} KiB (gate {RUN_BYTES // 1024} KiB)")
    return each <= RUN_BYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(RunService))
    if arguments.peak:
        print(peak_growth(arguments.peak))
        return 0
    is_fast = measure_time(arguments.runs, arguments.rounds)
    return 0 if measure_memory() and is_fast else 1


if __name__ == "__main__":
    sys.exit(main())
