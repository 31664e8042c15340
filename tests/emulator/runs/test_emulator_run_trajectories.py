"""When a run has a trajectory, and which lists show it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.emulator.simulation.rules import RunRule
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk
from tests.support.effort import THOROUGH

ENDS = {
    "success": {},
    "task_failed": {"fail": {"step": 2, "reason": "refused"}},
    "error": {"error": "the desktop froze"},
    "check": {"checks": {"picture": "failed"}},
    "stay": {"stay": "running_checks"},
}
ACTIONS = ("wait", "cancel", "retry", "take over", "look")


def rule(name: str) -> RunRule:
    return RunRule.model_validate({"workflow": name, **ENDS[name]})


def recordings(desk: RunDesk, run: Any) -> list[str]:
    query = f"run_id={run['id']}&is_generated=false"
    return [item["id"] for item in desk.ok("GET", f"/v1/trajectories?{query}")["items"]]


@pytest.mark.parametrize("name", ENDS)
@settings(
    max_examples=12 if THOROUGH else 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    actions=st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.sampled_from((1, 200, 700, 1300, 9000))), max_size=6
    )
)
def test_every_end_as_a_success_by_itself_records_one_trajectory(
    name: str, actions: list[tuple[str, int]]
) -> None:
    with run_desk(rule(name)) as desk:
        workflow = desk.claims(name=name)
        run = desk.run(workflow, input_values=INPUTS)
        expected: list[str] = []
        counted = False
        for action, milliseconds in [*actions, ("look", 9000)]:
            status = desk.read(run)["status"]
            live = status in ("scheduling", "running", "running_checks")
            if action == "cancel" and live:
                desk.change(run, status="cancelled")
            elif action == "take over" and live:
                desk.change(run, output_data={"own": 1}, status="success")
                counted = True
            elif action == "retry" and not live:
                desk.ok("POST", f"/v1/runs/{run['id']}/retry", json={})
                counted = False
            desk.wait(milliseconds)
            shown = desk.read(run)
            found = recordings(desk, run)
            if shown["status"] == "success" and not counted:
                counted = True
                assert len(found) == len(expected) + 1
                expected = found
                newest = desk.ok("GET", f"/v1/runs/{run['id']}/trajectory")
                assert (newest["is_generated"], newest["created_at"]) == (False, shown["ended_at"])
                latest = desk.ok("GET", f"/v1/workflows/{workflow['id']}/latest-trajectory")
                assert latest == newest
            assert found == expected
            assert desk.ok("GET", "/v1/trajectories")["total"] == 0
            if not expected:
                desk.ok("GET", f"/v1/runs/{run['id']}/trajectory", 404)
                desk.ok("GET", f"/v1/workflows/{workflow['id']}/latest-trajectory", 404)


def test_a_trajectory_of_the_future_is_no_row_yet() -> None:
    """Its id is not told, so it is taken from a run whose time is then put back."""
    with run_desk() as desk:
        run = desk.ended(desk.claims())
        (made,) = recordings(desk, run)
        desk.wait(-9_000)
        path = f"/v1/trajectories/{made}"
        assert desk.read(run)["status"] == "scheduling"
        assert recordings(desk, run) == []
        for method, suffix in (("GET", ""), ("PATCH", ""), ("POST", "/duplicate"), ("DELETE", "")):
            desk.ok(method, path + suffix, 404, json={})
        desk.wait()
        assert recordings(desk, run) == [made]


def test_a_deleted_run_records_nothing_and_leaves_what_it_has_recorded() -> None:
    with run_desk() as desk:
        workflow = desk.claims()
        live, ended = desk.run(workflow, input_values=INPUTS), None
        desk.ok("DELETE", f"/v1/runs/{live['id']}", 204)
        ended = desk.ended(workflow)
        desk.ok("DELETE", f"/v1/runs/{ended['id']}", 204)
        desk.wait()
        items = desk.ok("GET", "/v1/trajectories?is_generated=false")["items"]
        assert [item["run_id"] for item in items] == [None]


def test_runs_in_bulk_record_one_trajectory_each_at_their_ends() -> None:
    with run_desk() as desk:
        body = {"workflow_id": desk.claims()["id"], "input_values": INPUTS, "count": 3}
        made = desk.ok("POST", "/v1/runs/bulk", 201, json=body)["created_runs"]
        for _ in range(12):
            desk.wait(500)
            ended = [run for run in made if desk.read(run)["status"] == "success"]
            assert [len(recordings(desk, run)) for run in ended] == [1] * len(ended)
            total = desk.ok("GET", "/v1/trajectories?is_generated=false")["total"]
            assert total == len(ended)
        assert len(ended) == 3


@pytest.mark.parametrize(
    ("changes", "recorded"),
    [({"output_data": {"claim_no": "HM-4711"}, "status": "success"}, 1), ({"status": "error"}, 0)],
    ids=["succeeds", "fails"],
)
def test_a_run_decided_anew_records_what_it_does_now(changes: Any, recorded: int) -> None:
    with run_desk() as desk:
        steps = (
            {"workflow_id": desk.claims()["id"], "session_alias": "claims", "inputs": INPUTS},
            {
                "workflow_id": desk.workflow(main_prompt="1. Type {no}.")["id"],
                "inputs": {"no": {"$ref": "claims.outputs.claim_no"}},
            },
        )
        source, reader = desk.chain(*steps)["run_ids"]
        desk.wait(500)
        desk.change({"id": source}, **changes)
        desk.wait()
        assert desk.states(reader) == ["success" if recorded else "error"]
        assert len(recordings(desk, {"id": reader})) == recorded
