"""Runs are watched to their end, whatever happens to the connection meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import AuthenticationRefused
from flowdsl.cyberdesk.models.run import ChainCreate, ChainStep, Run
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.runs.submit import ChainRequest, SingleRequest
from flowdsl.runs.watch import (
    FEW,
    ListScope,
    RunsEnding,
    Watched,
    ending_of,
    scopes_of,
    step_of,
    watch,
)
from tests.runs.run_world import RunWorld
from tests.support.rows import in_rows


def watched(world: RunWorld, runs: list[Run], **more: Any) -> tuple[Watched, list[str]]:
    """What came of the runs, and each change of a status."""
    changes: list[str] = []

    async def work(client: CyberdeskClient) -> Watched:
        return await watch(
            client,
            runs,
            world.runtime,
            tell=world.said.append,
            changed=lambda _before, now: changes.append(now.status),
            **more,
        )

    return world.run(work), changes


def made(world: RunWorld, count: int = 1) -> list[Run]:
    return [
        run
        for each in world.submit(*(SingleRequest(world.one(user=f"u{n}")) for n in range(count)))
        for run in each.runs
    ]


def test_a_run_is_watched_to_its_end_with_its_outputs() -> None:
    with RunWorld().open() as world:
        found, changes = watched(world, made(world))
        (run,) = found.runs.values()
        assert (run.status, changes[-1]) == ("success", "success")
        assert "running" in changes and run.output_data is not None
        assert found.live == [] and ending_of([], found) is RunsEnding.SUCCESS
        assert world.elapsed < 5


def test_many_runs_are_read_from_the_list_and_end_with_their_outputs() -> None:
    with RunWorld(machines=10).open() as world:
        runs = made(world, 10)
        world.requests.clear()
        found, _ = watched(world, runs)
        assert {run.status for run in found.runs.values()} == {"success"}
        assert all(run.output_data for run in found.runs.values())
        assert all(path == "/v1/runs" for _, path in world.requests) and len(world.requests) < 20


@in_rows(
    ("rule", "ending"),
    [
        (RunRule(error="the desktop is locked"), RunsEnding.ERROR),
        (RunRule(fail={"step": "1.2", "reason": "refused"}), RunsEnding.TASK_FAILED),  # type: ignore[arg-type]
        (RunRule(cancelled=0.3), RunsEnding.CANCELLED),
    ],
)
def test_the_worst_end_of_all_counts(rule: RunRule, ending: RunsEnding) -> None:
    worst = rule.model_copy(update={"nth": 2})
    with RunWorld(Scenario(runs=(worst,)), machines=3).open() as world:
        found, _ = watched(world, made(world, 3))
        assert ending_of([], found) is ending
        assert ending is RunsEnding.CANCELLED or any(run.error for run in found.runs.values())


def test_checks_that_run_are_no_end() -> None:
    with RunWorld(Scenario(runs=(RunRule(stay="running_checks"),))).open() as world:
        found, _ = watched(world, made(world), left=lambda: max(0.0, 60.0 - world.elapsed))
        (run,) = found.runs.values()
        assert run.status == "running_checks" and world.elapsed >= 60.0
        assert ending_of([], found) is RunsEnding.UNFINISHED


def test_a_run_is_watched_through_lost_connections_and_storms() -> None:
    faults = [
        {"route": "GET /v1/runs*", "kind": "429", "share": 0.5, "seed": 1, "retry_after": "2"},
        {"route": "GET /v1/runs*", "kind": "drop", "share": 0.3, "seed": 2},
        {"route": "GET /v1/runs*", "kind": "html_502", "share": 0.3, "seed": 3},
    ]
    with RunWorld(Scenario.model_validate({"faults": faults})).open() as world:
        found, _ = watched(world, made(world))
        assert ending_of([], found) is RunsEnding.SUCCESS


def test_a_service_that_is_away_for_minutes_is_waited_for() -> None:
    with RunWorld().open() as world:
        runs = made(world)
        away = world.elapsed + 0.5
        world.break_next = lambda _method, _path: (
            ConnectionRefusedError() if away < world.elapsed < away + 300 else None
        )
        found, _ = watched(world, runs)
        assert ending_of([], found) is RunsEnding.SUCCESS
        assert [line for line in world.said if "trying again" in line] != []
        assert world.said[-1] == "the service answers again"


def test_a_run_that_is_deleted_is_said_and_does_not_hang_the_watch() -> None:
    with RunWorld(Scenario(runs=(RunRule(stay="running"),))).open() as world:
        runs = made(world)

        async def meanwhile(method: str, path: str) -> None:
            if method == "GET" and world.elapsed > 3 and not deleted:
                deleted.append(path)
                await world.delete(f"/v1/runs/{runs[0].id}")

        deleted: list[str] = []
        world.meanwhile = meanwhile
        found, _ = watched(world, runs)
        assert found.gone == {runs[0].id} and ending_of([], found) is RunsEnding.CANCELLED
        assert world.said == [f"run {runs[0].id} was deleted while it was watched"]


def test_a_refused_key_ends_the_watch() -> None:
    with RunWorld().open() as world:
        runs = made(world)
        fault = {"route": "GET /v1/runs*", "kind": "status", "status": 401}
        world.use_faults(Scenario.model_validate({"faults": [fault]}))
        with pytest.raises(AuthenticationRefused):
            watched(world, runs)


class _Strange:
    """A client whose run has the statuses that are given, one after the other."""

    def __init__(self, *statuses: str) -> None:
        self.runs = self
        self._left = list(statuses)

    async def get(self, run_id: str) -> Run:
        return Run(id=run_id, status=self._left.pop(0))


def test_an_unknown_status_is_alive_and_warned_of_once() -> None:
    with RunWorld().open() as world:
        strange = _Strange("paused", "paused", "running", "paused", "success")

        async def work(_client: CyberdeskClient) -> Watched:
            runs = [Run(id="r", status="scheduling")]
            return await watch(strange, runs, world.runtime, tell=world.said.append)  # type: ignore[arg-type]

        assert ending_of([], world.run(work)) is RunsEnding.SUCCESS
        assert world.said == [
            "warning: `paused` is a status that this version does not know; it counts as going on"
        ]


def test_the_step_is_told_where_the_history_tells_it() -> None:
    use = {"type": "tool_use", "tool_name": "focused_action"}
    history = [
        {"role": "assistant", "step_index": 3, "iteration_index": 1, "content": [use]},
        {"role": "user", "step_index": 3, "content": []},
        {"role": "system", "content": "a text"},
    ]
    run = Run(id="r", status="running", run_message_history=history)
    assert step_of(run) == "step 4, iteration 2, focused_action"
    assert step_of(Run(id="r", status="running")) == ""


def test_runs_are_listed_by_what_they_have_in_common() -> None:
    one = Run(id="a", status="running", workflow_id="w", created_at="2026-01-02T00:00:00Z")
    two = one.model_copy(update={"id": "b", "workflow_id": "v"})
    earlier = one.model_copy(update={"created_at": "2026-01-01T00:00:00Z"})
    assert scopes_of([one, two]) == ()
    assert scopes_of([one, earlier]) == (
        ListScope(workflow_id="w", created_from=earlier.created_at),
    )
    # Many starts of a chain of two workflows are two lists.
    lists = scopes_of([earlier, *[one, two] * FEW])
    assert lists == tuple(ListScope(workflow_id=w, created_from=earlier.created_at) for w in "wv")
    unknown = one.model_copy(update={"created_at": None})
    assert scopes_of([unknown] * 9) == ()
    mates = [each.model_copy(update={"session_id": "s"}) for each in (one, two)]
    assert scopes_of(mates) == (ListScope(session_id="s", created_from=one.created_at),)


def test_many_starts_of_a_chain_are_read_from_lists() -> None:
    with RunWorld(machines=8).open() as world:
        step = {"workflow_id": world.workflow["id"], "inputs": world.one().input_values}
        chain = ChainRequest(ChainCreate(steps=[ChainStep(**step), ChainStep(**step)]))
        runs = [run for each in world.submit(*[chain] * 8) for run in each.runs]
        assert len(runs) == 16 and {run.created_at for run in runs} == {None}
        world.requests.clear()
        found, _ = watched(world, runs)
        assert {run.status for run in found.runs.values()} == {"success"}
        assert all(run.output_data for run in found.runs.values())
        single = [path for _, path in world.requests if path != "/v1/runs"]
        assert len(single) < len(runs) + FEW * 8, "each is asked for once, and a few at the end"


class _Queue:
    """A client whose runs end ten at a look, in the order of their creation; `read` are the rows
    of each list.

    With `is_exclusive` a list ends before the time that it is asked for.
    """

    def __init__(self, count: int, *, is_exclusive: bool = False) -> None:
        self.runs = self
        self.made = [self._run(number, "running") for number in range(count)]
        self.read: dict[str, list[int]] = {"progress": [], "results": []}
        self.asked_for: list[str] = []
        self._ended, self._is_exclusive = 0, is_exclusive

    def _run(self, number: int, status: str) -> Run:
        made = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        outputs = {"n": number} if status == "success" else None
        return Run(
            id=f"r{number}", status=status, workflow_id="w", created_at=made, output_data=outputs
        )

    def _now(self) -> list[Run]:
        return [
            self._run(number, "success" if number < self._ended else "running")
            for number in range(len(self.made))
        ]

    async def list_all(
        self, *, created_at_from: str, created_at_to: str, fields: tuple[str, ...], **_scope: Any
    ) -> list[Run]:
        is_result = "output_data" in fields
        self._ended += 0 if is_result else 10
        rows = [
            run
            for run in self._now()
            if run.created_at is not None and created_at_from <= run.created_at <= created_at_to
        ]
        rows = rows[:-1] if self._is_exclusive else rows
        self.read["results" if is_result else "progress"].append(len(rows))
        return rows

    async def get(self, run_id: str) -> Run:
        self.asked_for.append(run_id)
        return self._now()[int(run_id[1:])]

    def watch(self) -> Watched:
        with RunWorld().open() as world:

            async def work(_client: CyberdeskClient) -> Watched:
                return await watch(self, self.made, world.runtime)  # type: ignore[arg-type]

            return world.run(work)


def test_a_look_reads_no_run_that_has_ended_before_and_each_result_once() -> None:
    queue = _Queue(100)
    found = queue.watch()
    assert all(run.output_data for run in found.runs.values())
    assert queue.read["progress"] == list(range(100, 0, -10))
    assert queue.read["results"] == [10] * 10
    assert queue.asked_for == []


def test_what_a_list_leaves_out_at_its_end_is_asked_for() -> None:
    queue = _Queue(30, is_exclusive=True)
    found = queue.watch()
    assert {run.status for run in found.runs.values()} == {"success"}
    assert queue.asked_for and len(queue.asked_for) <= 2 * 3
