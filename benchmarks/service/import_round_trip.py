"""Do imported workflows compile to what they were? Random payloads and programs, always the same.

    python benchmarks/service/import_round_trip.py [--payloads N] [--programs N]
        [--seed S] [--show N]

A payload becomes a project, the project a payload again, and that a project: the payloads have to
say the same, the prompts must be equal to the byte, and the second project equal to the first. A
program is compiled first, and its prompt has to come back as statements. Prints how many held, how
many prompts came back as statements and how many stayed in a file, failures by reason with the
seeds (of payloads) or the numbers (of programs) of the first `--show`, and the time. Exits 1 if
anything failed. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from hypothesis import HealthCheck, Phase, assume, given, seed, settings

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.api import CompileOptions, MemoryFiles, compile_project  # noqa: E402
from flowdsl.decompile.payload import find_differing_fields  # noqa: E402
from flowdsl.decompile.project import import_workflows  # noqa: E402
from tests.support.flows.decompile import payloads, round_trip  # noqa: E402
from tests.support.flows.decompile.payloads import Payload  # noqa: E402
from tests.support.flows.generated.workflows import workflows  # noqa: E402

KEPT = ("prompt", "inputs", "outputs", "checks")


class Tally:
    """The results for the workflows of one kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._count = 0
        self._kept: Counter[str] = Counter()
        self._failures: defaultdict[str, list[int]] = defaultdict(list)
        self._started = time.perf_counter()
        self._slowest = (0.0, 0)

    def take(self, number: int, body: Payload, *, ours: bool) -> None:
        """Sends one workflow there and back, and counts the result."""
        started = time.perf_counter()
        self._count += 1
        try:
            reason = self._trip(body, ours=ours)
        except Exception as error:  # noqa: BLE001 - a crash counts as a failure
            reason = (
                f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"
            )
        if reason is not None:
            self._failures[reason].append(number)
        self._slowest = max(self._slowest, (time.perf_counter() - started, number))

    def _trip(self, body: Payload, *, ours: bool) -> str | None:
        first = import_workflows([body])
        kept = {part for part in KEPT if any(f".{part}." in path for path in first.files)}
        self._kept.update(kept)
        bundle = round_trip.compile_files(first.files).bundle
        assert bundle is not None
        ((name, back),) = round_trip.served(bundle).items()
        if back["main_prompt"] != body["main_prompt"]:
            return "the prompt differs"
        left = round_trip.left_to_the_service(body)
        if fields := set(round_trip.differences(body, back)) - left:
            return f"differs in {', '.join(sorted(fields))}"
        if differing := find_differing_fields(body, back):
            return f"find_differing_fields alone sees a difference in {', '.join(differing)}"
        if ours and "prompt" in kept and round_trip.STORE not in body["main_prompt"]:
            return "the prompt of a program is kept in a file"
        if import_workflows([back], name=name).files != first.files:
            return "the second import differs"
        return None

    def report(self, show: int) -> bool:
        """Prints the counts; whether all held."""
        failed = sum(map(len, self._failures.values()))
        verbatim = self._kept["prompt"]
        seconds = time.perf_counter() - self._started
        print(
            f"{self._kind}: {self._count}, same {self._count - failed}, statements "
            f"{self._count - verbatim}, "
            f"verbatim {verbatim}, failed {failed}, {seconds:.0f} s"
        )
        kept = ", ".join(f"{part} {self._kept[part]}" for part in KEPT)
        print(f"  in files: {kept}; slowest {self._slowest[0]:.2f} s (number {self._slowest[1]})")
        for reason, numbers in sorted(self._failures.items(), key=lambda pair: -len(pair[1])):
            shown = ", ".join(str(number) for number in numbers[:show])
            print(f"  {len(numbers):5} {reason} ({shown})")
        return not failed


def main() -> int:
    """The exit code: 0 if every round trip ended where it began."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--payloads", type=int, default=5_000)
    parser.add_argument("--programs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first payload")
    parser.add_argument("--show", type=int, default=5, help="how many numbers to list by reason")
    options = parser.parse_args()
    good = True
    if options.payloads:
        good = _payloads(range(options.seed, options.seed + options.payloads)).report(options.show)
    if options.programs:
        good = _programs(options.programs, options.seed).report(options.show) and good
    return 0 if good else 1


def _payloads(seeds: range) -> Tally:
    tally = Tally("payloads")
    ours = round_trip.shipped()
    for number in seeds:
        tally.take(number, payloads.payload(random.Random(number), ours), ours=False)
    return tally


def _programs(count: int, start: int) -> Tally:
    tally = Tally("programs")
    number = 0

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(workflows())
    def each(source: str) -> None:
        nonlocal number
        number += 1
        files = MemoryFiles({"main.flow": source})
        bundle = compile_project(files, ["main.flow"], CompileOptions()).bundle
        assume(bundle is not None)
        assert bundle is not None
        for body in round_trip.served(bundle).values():
            tally.take(number, body, ours=True)

    each()
    return tally


if __name__ == "__main__":
    sys.exit(main())
