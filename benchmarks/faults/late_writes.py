"""Does a request that the service carries out late revert what was deployed since?

    python benchmarks/faults/late_writes.py [--delay SECONDS ...]
        [--idempotency honour|ignore|expire] [--at-once N]

With real processes and a real server: `flowdsl deploy` is killed with SIGKILL while a request of it
is on its way; the server on the loopback interface carries that request out a while after the
connection died. The source moves on, and `flowdsl deploy` is run until it exits with 0: once right
after the death, then again as soon as the request has been carried out, if it said that this may
happen. Prints a line for each delay and kind of write: what each of these deploys exited with and
after how long, what the service ended with, and after how many deploys that was right. Exits 1 if
an exit code of 0 was followed by anything else than what the source says, and for duplicates,
orphans and open writes. Takes some minutes, in which it mostly waits. Needs the development
dependencies and a system with SIGKILL.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.faults.process_world import (
    ProcessWorld,
    Sources,
    Stage,
    Trap,
    flow_text,
    kill,
)
from flowdsl.cyberdesk.models.workflow import Workflow
from tests.deploy.fault_world import IDEMPOTENCY, scratch_folder
from tests.deploy.invariants import check_invariants, deploy_clean, orphans
from tests.deploy.kill_switch import Point

DELAYS = (1.0, 5.0, 20.0, 60.0)
MOST_DEPLOYS = 4
AT_ONCE = 4
MARGIN = 1.0
"""Seconds from the late request until the next deploy begins."""

B = flow_text("b", "Open the first record.")
T = flow_text("b", "Open the first record.", tags=("t",))


def a(prompt: str, *tags: str) -> str:
    return flow_text("a", f"Open the {prompt} record.", tags=tags)


@dataclass(frozen=True)
class Kind:
    """A kind of write.

    It leads from the source `before` to `late`, and its `number`-th request is late; then to the
    source `then`.
    """

    name: str
    before: Sources
    late: Sources
    then: Sources
    number: int = 1
    options: Sequence[str] = ()


KINDS = (
    Kind(
        "update", {"a": a("first"), "b": B}, {"a": a("second"), "b": B}, {"a": a("third"), "b": B}
    ),
    Kind(
        "update, same again",
        {"a": a("first"), "b": B},
        {"a": a("second"), "b": B},
        {"a": a("second"), "b": B},
    ),
    Kind("create", {"b": B}, {"a": a("second"), "b": B}, {"a": a("third"), "b": B}),
    Kind(
        "deletion",
        {"a": a("first"), "b": B},
        {"b": B},
        {"a": a("first"), "b": B},
        options=("--prune",),
    ),
    Kind(
        "tag taken off",
        {"a": a("first", "t"), "b": T},
        {"a": a("first"), "b": T},
        {"a": a("first", "t"), "b": T},
    ),
)


@dataclass
class Row:
    """The result of one case. `deploys` are exit codes and seconds."""

    kind: str
    delay: float
    deploys: list[tuple[int, float]] = field(default_factory=list)
    ended_with: str = ""
    right_after: int = 0
    wrong: list[str] = field(default_factory=list)


def run_case(stage: Stage, kind: Kind, delay: float) -> Row:
    """Carries a case out and examines everything."""
    row = Row(kind.name, delay)
    world = stage.scenario("file")
    try:
        _run(world, kind, delay, row)
    except Exception as error:  # noqa: BLE001 - shown at the end
        row.wrong.append(f"{type(error).__name__}: {str(error)[:600]}")
    finally:
        world.close()
    return row


def _run(world: ProcessWorld, kind: Kind, delay: float, row: Row) -> None:
    world.add_foreign()
    deploy_clean(world, world.write_sources(kind.before))
    world.resolve()
    world.write_sources(kind.late)
    trap = Trap(Point("write", kind.number, "late"), kill, late_seconds=delay)
    world.finish(world.start(*kind.options, trap=trap))
    assert trap.sprung.is_set(), "the process was not killed"
    world.disarm()
    project = world.write_sources(kind.then)
    while len(row.deploys) < MOST_DEPLOYS:
        began = time.monotonic()
        ended = world.command()
        row.deploys.append((ended.code, time.monotonic() - began))
        if ended.code == 0:
            break
        if ended.code != 7:
            row.wrong.append(f"exit {ended.code}: {ended.err[-400:]}")
        assert trap.carried_out.wait(delay + 30)
        time.sleep(MARGIN)
    assert trap.carried_out.wait(delay + 30), "the request never came"
    time.sleep(MARGIN)
    rows = {each.id: each for each in world.workflows()}
    ours = [each for each in rows.values() if each.id not in world.foreign]
    row.ended_with = ", ".join(f"{each.name}: {_shown(each)}" for each in ours)
    if found := orphans(world, rows, set(world.ids())):
        row.wrong.append(f"{len(found)} orphans")
    if len({each.name for each in ours}) != len(ours):
        row.wrong.append("duplicates")
    world.resolve()
    check_invariants(world, project)
    row.right_after = len(row.deploys)


def _shown(row: Workflow) -> str:
    """The words and the tags by which the versions differ."""
    words = re.findall(r"Open the (\w+) record", row.main_prompt)
    return " ".join([*words[:1], *(f"[{tag.name}]" for tag in row.tags or ())])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--delay", action="append", type=float, default=[])
    parser.add_argument("--idempotency", choices=sorted(IDEMPOTENCY), default="honour")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    arguments = parser.parse_args()
    cases = [(kind, delay) for kind in KINDS for delay in arguments.delay or DELAYS]
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        stage = stack.enter_context(Stage(folder, arguments.idempotency).open())
        with ThreadPoolExecutor(arguments.at_once) as pool:
            rows = list(pool.map(lambda case: run_case(stage, *case), cases))
    print(f"keys: {arguments.idempotency}")
    print(
        "| write | carried out after | following deploys: exit (seconds) | service ended "
        "with | right after |"
    )
    print("|---|---|---|---|---|")
    for row in rows:
        deploys = ", ".join(f"{code} ({seconds:.0f} s)" for code, seconds in row.deploys)
        right = f"{row.right_after} deploys" if not row.wrong else "WRONG"
        print(f"| {row.kind} | {row.delay:.0f} s | {deploys} | {row.ended_with} | {right} |")
    for row in rows:
        for line in row.wrong:
            print(f"{row.kind}, {row.delay:.0f} s: {line}", file=sys.stderr)
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
