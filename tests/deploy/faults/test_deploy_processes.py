"""Real processes by the real command line.

Killed at a call, suspended, terminated, and two at once.

Everything here waits for leases and for requests of dead processes, 30 s each. So it all happens at
the same time, and in a quick run on a clock that runs faster (`tests/deploy/hurried.py`).
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.faults.process_world import (
    AFTER,
    BEFORE,
    ProcessWorld,
    Stage,
    Trap,
    flow_text,
    kill,
    race,
    survive_kill,
    suspend,
    terminate,
)
from flowdsl.emulator.store import Store
from flowdsl.state.stores import open_store
from flowdsl.workspace.service import EMBEDDED_DATA
from tests.deploy.fault_world import scratch_folder
from tests.deploy.invariants import check_invariants, deploy_clean
from tests.deploy.kill_switch import Point
from tests.support.command_line import LOCAL_PROJECT, environment, write_tree
from tests.support.effort import THOROUGH, rows
from tests.support.forked import begin
from tests.support.services.state_backends import NAMES

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL, SIGSTOP"),
    pytest.mark.waits,
]

ROUNDS = 5 if THOROUGH else 1
AT_ONCE = 12

EVERY_KILL: Sequence[tuple[str, Point]] = (
    *(("file", Point("write", n, "after")) for n in (2, 3, 5, 7, 8)),
    *(("file", Point("write", n, "before")) for n in (1, 4, 6)),
    *(("file", Point("store", n, "after")) for n in (1, 2)),
    *(("git", Point("store", n, "after")) for n in (1, 2, 3)),
    ("git", Point("store", 2, "before")),
    ("git", Point("write", 5, "after")),
    *(("s3", Point("store", n, "after")) for n in (1, 3, 4)),
    ("s3", Point("store", 5, "before")),
    ("s3", Point("write", 6, "after")),
)
KILLS = rows(EVERY_KILL, 2, 11)
"""In a quick run at a write to the service, and at a write to state in git."""


@pytest.fixture
def stage(s3: object) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        first = "" if THOROUGH else "tests.deploy.hurried"
        yield stack.enter_context(Stage(folder, first=first).open())


def test_killed_processes_are_healed_by_one_deploy(stage: Stage) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        killed = list(pool.map(lambda each: survive_kill(stage, *each), KILLS))

    assert sum(killed) >= len(KILLS) - (2 if THOROUGH else 1), "some get done before the point"


def test_first_deploys_at_once_make_each_workflow_once(stage: Stage) -> None:
    rounds = [name for name in NAMES for _ in range(ROUNDS)]
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(lambda name: race(stage, name), rounds))

    assert codes == [[0, 0]] * len(rounds)


@pytest.mark.parametrize("ends", ["wakes", "killed"])
def test_who_is_suspended_or_terminated_writes_no_more(stage: Stage, ends: str) -> None:
    """On git and on s3 at once; a quick run on s3 alone, and without a SIGKILL.

    A holder that wakes after its lease was taken over stops without a further write. And SIGTERM,
    on files, is answered in good order; a SIGKILL on top of it changes nothing.
    """
    with ThreadPoolExecutor(3) as pool:
        if ends == "wakes":
            list(pool.map(lambda name: _suspended(stage, name), rows(("git", "s3"), 1)))
        else:
            list(pool.map(lambda again: _terminated(stage, again), rows((False, True), 0)))


def _suspended(stage: Stage, back_end: str) -> None:
    world = stage.scenario(back_end)
    project = world.write_sources(AFTER)
    trap = Trap(Point("write", 3, "after"), suspend)
    sleeper = world.start("--concurrency", "1", trap=trap)
    assert trap.sprung.wait(60)
    world.disarm()

    took_over = world.command("--lock-timeout", "100s")

    assert took_over.code == 0, took_over.err
    found = _everything(world)
    sleeper.running.send_signal(signal.SIGCONT)
    woke = world.finish(sleeper)
    assert woke.code in (5, 8), woke.err
    assert _everything(world) == found, "the sleeper wrote after it had lost its lease"
    world.resolve()
    check_invariants(world, project)


def _everything(world: ProcessWorld) -> object:
    return [row.model_dump_json() for row in world.workflows()], world.back_end.contents()


def _terminated(stage: Stage, killed_too: bool) -> None:
    world = stage.scenario("file")
    deploy_clean(world, world.write_sources(BEFORE))
    project = world.write_sources(AFTER)
    trap = Trap(Point("write", 3, "after"), terminate)
    process = world.start("--concurrency", "1", trap=trap)
    assert trap.sprung.wait(60)
    if killed_too:
        kill(process.running)
    ended = world.finish(process)
    world.disarm()
    if not killed_too:
        assert ended.code == 143
        outcomes = {each["outcome"] for each in ended.result["results"]}
        assert outcomes == {"performed", "not_attempted"}
        assert world.document()["pending"] == [] and world.document()["lease"] is None

    again = world.command()

    assert again.code == 0, again.err
    world.resolve()
    check_invariants(world, project)


def test_first_deploys_over_one_embedded_emulator_make_each_workflow_once(tmp_path: Path) -> None:
    """Three processes hold the service's own data file, too, which they lock for each other."""
    flows = {f"flows/{name}.flow": flow_text(name, "Open it.", tags=("t",)) for name in "abc"}
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, **flows})
    words = ("deploy", "--env", "local", "--yes", "--json")
    begun = [begin(words, folder=tmp_path, environ=environment(CI="1")) for _ in range(3)]

    codes = [each.wait(120) for each in begun]

    said = [each.output() for each in begun]
    assert codes == [0, 0, 0], said
    statuses = sorted(json.loads(out.splitlines()[-1])["status"] for out, _ in said)
    assert statuses == ["done", "nothing_to_do", "nothing_to_do"]
    versioned = open_store("file", root=tmp_path, project="prj_1", environment="local").load()
    assert versioned is not None and versioned.document.lease is None
    assert versioned.document.pending == ()
    ids = [
        resource.id for key, resource in versioned.document.resources.items() if "workflow" in key
    ]
    data = Store.open(tmp_path / EMBEDDED_DATA)
    with data as store, store.read("org_local") as transaction:
        rows = transaction.connection.exec_driver_sql("SELECT id FROM workflows").scalars()
        assert sorted(rows) == sorted(ids) and len(ids) == 3
