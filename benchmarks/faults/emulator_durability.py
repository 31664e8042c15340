"""Does the emulator keep what it has acknowledged if it is killed while it writes?

    python benchmarks/faults/emulator_durability.py [--rounds N] [--writers N] [--seed S]

Each round serves one data file with `flowdsl emulator`, lets writers create, change and delete
workflows, kills the server with SIGKILL after a random number of acknowledged writes, starts it
again and compares. Then every write whose reply was lost is sent again with its key, and all is
compared once more. Prints what was acknowledged, and what was lost or cannot be explained; exits 1
for either. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx

ROUNDS = 40
WRITERS = 6
MOST_WRITES = 400
"""A round is killed after 1 to this many acknowledged writes."""

FAILURES = ("lost", "unexplained")
"""`unexplained` is a workflow that no reply told of, for example one that was made twice."""


@dataclass(frozen=True)
class Write:
    """One request. `expected` is the name that its workflow then has, None if it is deleted."""

    kind: str
    key: str
    expected: str | None
    workflow_id: str | None = None

    def send(self, connection: httpx.Client) -> httpx.Response:
        headers = {"Idempotency-Key": self.key}
        path = f"/v1/workflows/{self.workflow_id}"
        if self.kind == "create":
            body = {"main_prompt": "Open the ledger.", "name": self.expected}
            return connection.post("/v1/workflows", json=body, headers=headers)
        if self.kind == "change":
            return connection.patch(path, json={"name": self.expected}, headers=headers)
        return connection.delete(path, headers=headers)


@dataclass
class Ledger:
    """What the writers know: names of workflows that they were told of, and writes in doubt."""

    names: dict[str, str] = field(default_factory=dict)
    doubts: list[Write] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, write: Write, reply: httpx.Response) -> str | None:
        """Notes an acknowledged write; returns the id of its workflow unless that is deleted."""
        reply.raise_for_status()
        self.counts[write.kind] += 1
        identifier = write.workflow_id or str(reply.json()["id"])
        if write.expected is None:
            self.names.pop(identifier, None)
            return None
        self.names[identifier] = write.expected
        return identifier


@contextmanager
def served(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs the emulator as a process over `data`; yields it and its address."""
    words = [sys.executable, "-m", "flowdsl", "emulator", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        address = re.search(r"http://\S+", line)
        assert address is not None, line + process.stderr.read()
        yield process, address[0]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def connect(address: str) -> httpx.Client:
    headers = {"Authorization": "Bearer k"}
    return httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)


def write_until_killed(data: Path, ledger: Ledger, tag: str, writers: int, seed: int) -> None:
    """The life of one server: it ends with SIGKILL, and what is in doubt is in the ledger."""
    limit = random.Random(seed).randint(1, MOST_WRITES)
    lock, killed = Lock(), Event()
    acknowledged = 0
    with served(data) as (process, address):

        def write(writer: int) -> None:
            nonlocal acknowledged
            rng = random.Random(f"{seed}/{writer}")
            mine: list[str] = []
            with connect(address) as connection:
                for number in range(100_000):
                    item = _next_write(rng, mine, f"{tag}/{writer}/{number}")
                    try:
                        reply = item.send(connection)
                    except httpx.TransportError:
                        with lock:
                            ledger.doubts.append(item)
                        return
                    with lock:
                        made = ledger.take(item, reply)
                        acknowledged += 1
                        if acknowledged >= limit and not killed.is_set():
                            killed.set()
                            process.kill()
                    if item.kind == "create" and made is not None:
                        mine.append(made)

        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(write, range(writers)))


def _next_write(rng: random.Random, mine: list[str], key: str) -> Write:
    kind = rng.choice(("create", "create", "change", "change", "delete")) if mine else "create"
    if kind == "create":
        return Write(kind, key, key)
    chosen = rng.randrange(len(mine))
    if kind == "change":
        return Write(kind, key, key, mine[chosen])
    return Write(kind, key, None, mine.pop(chosen))


def compare(data: Path, ledger: Ledger) -> None:
    """Counts what a new server lacks, or has too much; resolves every doubt on the way."""
    with served(data) as (_, address), connect(address) as connection:
        _count_lost(ledger, _all_workflows(connection))
        for item in ledger.doubts:
            ledger.take(item, item.send(connection))
            ledger.counts["settled"] += 1
        ledger.doubts.clear()
        found = _all_workflows(connection)
        _count_lost(ledger, found)
        ledger.counts["unexplained"] += sum(row["id"] not in ledger.names for row in found)


def _count_lost(ledger: Ledger, found: list[Any]) -> None:
    names = {row["id"]: row["name"] for row in found}
    in_doubt = {item.workflow_id for item in ledger.doubts}
    for identifier, name in ledger.names.items():
        if identifier not in in_doubt and names.get(identifier) != name:
            ledger.counts["lost"] += 1


def _all_workflows(connection: httpx.Client) -> list[Any]:
    rows: list[Any] = []
    while True:
        page = connection.get("/v1/workflows", params={"skip": len(rows), "limit": 1000}).json()
        rows += page["items"]
        if len(rows) >= page["total"]:
            return rows


def run_rounds(data: Path, rounds: int, writers: int, seed: int) -> Counter[str]:
    """The counts after `rounds` kills of a server over `data`."""
    ledger = Ledger()
    for number in range(rounds):
        write_until_killed(data, ledger, str(number), writers, seed + number)
        compare(data, ledger)
        ledger.counts["rounds"] += 1
    ledger.counts["workflows"] = len(ledger.names)
    return ledger.counts


def main() -> int:
    """Runs the rounds and prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--writers", type=int, default=WRITERS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "emulator.sqlite")
        counts = run_rounds(data, options.rounds, options.writers, options.seed)
    print(f"servers killed               {counts['rounds']:>8}")
    for kind in ("create", "change", "delete"):
        print(f"acknowledged: {kind:<14} {counts[kind]:>8}")
    print(f"replies lost, sent again     {counts['settled']:>8}")
    for kind in FAILURES:
        print(f"{kind:<28} {counts[kind]:>8}")
    print(f"workflows left               {counts['workflows']:>8}")
    print(f"seconds                      {time.perf_counter() - started:>8.1f}")
    return int(any(counts[kind] for kind in FAILURES))


if __name__ == "__main__":
    sys.exit(main())
