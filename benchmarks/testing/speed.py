"""How long do the tests of a large project take?

    python benchmarks/testing/speed.py [--tests N] [--jobs J] [--rounds R]

Writes workflows of two steps with twenty tests each, runs `flowdsl test` on them as a person does,
and prints the least time of the rounds, the time on the processors and the tests a second. Exits 1
when 1,000 tests take longer than the goal, three seconds.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 3.0
"""Seconds for 1,000 tests on two processors."""
EACH = 20
"""Tests of a workflow."""

WORKFLOW = """
## Reads the total of an order. Changes nothing.
workflow order_NUMBER {
  inputs { order: string }
  outputs { due: number, note: string? }
  steps {
    step "Open the order" {
      do "Click \\"Orders\\" in the main menu of desk NUMBER."
      type order into "the field \\"Order\\" of the search form"
      press "Enter"
      if sees "the message \\"No such order\\"" { abort "There is no order {order}" }
      expect "the order form shows order {order}"
    }
    step "Read what is due" {
      extract due: number from "the field \\"Due\\" of the order form"
      extract note: string? from "the note below the table of the order form"
      emit due = due
      emit note = note
    }
  }
}
"""


def flow(tests: int) -> str:
    """A file with so many tests, and their workflows."""
    parts = ["flow 1\n"]
    for number in range(tests):
        workflow, each = divmod(number, EACH)
        if not each:
            parts.append(WORKFLOW.replace("NUMBER", str(workflow)))
        values = f'due = {each} note = "note {each}"'
        parts.append(
            f'test "order {each}" for order_{workflow} {{ given {{ order = "{each}" }} '
            f"reads {{ {values} }} outputs {{ {values} }} }}\n"
        )
    return "".join(parts)


def main() -> int:
    """Measure and print; returns 1 when the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tests", type=int, default=1_000)
    options.add_argument("--jobs", default="2")
    options.add_argument("--rounds", type=int, default=3)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.flow")
        path.write_text(flow(arguments.tests), encoding="utf-8")
        words = [sys.executable, "-m", "flowdsl", "test", "-j", arguments.jobs, str(path)]
        elapsed, used = [], []
        for _ in range(arguments.rounds):
            before, began = _processor(), time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            elapsed.append(time.perf_counter() - began)
            used.append(_processor() - before)
    least = min(elapsed)
    print(
        f"{arguments.tests} tests, {arguments.jobs} processes: {least:.2f} s, "
        f"{min(used):.2f} s on the processors, {arguments.tests / least:.0f} tests a second"
    )
    return 0 if least <= GOAL * max(arguments.tests, 1_000) / 1_000 else 1


def _processor() -> float:
    """The seconds that finished processes of this one have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
