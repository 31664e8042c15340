"""Chains, sessions, and who gets which machine when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.emulator.simulation.rules import RunRule
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk
from tests.support.effort import examples
from tests.support.rows import in_rows

READER = {
    "name": "Reader",
    "main_prompt": "1. Type {no}.",
    "input_schema": '{"properties": {"no": {"type": "string"}}, "required": ["no"]}',
    "output_schema": '{"no": "string"}',
}
REFERENCE = {"no": {"$ref": "claims.outputs.claim_no"}}


@pytest.fixture
def runs() -> Iterator[RunDesk]:
    with run_desk() as desk:
        yield desk


def two_steps(desk: RunDesk, **values: Any) -> Any:
    """Claims, then a workflow that reads its claim number."""
    return desk.chain(
        {"workflow_id": desk.claims()["id"], "session_alias": "claims", "inputs": INPUTS},
        {"workflow_id": desk.workflow(**READER)["id"], "session_alias": "r", "inputs": REFERENCE},
        **values,
    )


def reserved(desk: RunDesk) -> list[Any]:
    return [item["reserved_session_id"] for item in desk.ok("GET", "/v1/machines")["items"]]


def test_a_chain_runs_back_to_back_and_hands_its_values_on(runs: RunDesk) -> None:
    chain = two_steps(runs)
    runs.wait(1_100)
    assert runs.states(*chain["run_ids"]) == ["running_checks", "scheduling"]
    assert reserved(runs) == [chain["session_id"]]
    runs.wait()
    first, second = (runs.read(run_id) for run_id in chain["run_ids"])
    assert second["started_at"] == first["ended_at"]
    assert first["machine_id"] == second["machine_id"]
    assert second["output_data"]["no"] == first["output_data"]["claim_no"]
    assert [first["release_session_after"], second["release_session_after"]] == [False, True]
    assert reserved(runs) == [None]


def test_a_kept_session_takes_more_runs_and_keeps_others_out(runs: RunDesk) -> None:
    chain = two_steps(runs, keep_session_after_completion=True)
    runs.wait()
    assert reserved(runs) == [chain["session_id"]]
    workflow = runs.workflow()
    outside = runs.run(workflow)
    reader = runs.workflow(**READER)
    inside = runs.run(reader, session_id=chain["session_id"], input_values=REFERENCE)
    runs.wait()
    assert runs.states(outside, inside) == ["scheduling", "success"]
    last = runs.run(workflow, session_id=chain["session_id"], release_session_after=True)
    runs.wait()
    assert runs.states(outside, last) == ["success", "success"]


@in_rows("effect", [{"fail": {"step": 1}}, {"error": "x"}, {"cancelled": 0.1}])
def test_a_step_whose_source_failed_ends_in_error(effect: Any) -> None:
    with run_desk(RunRule.model_validate({"workflow": "Claims", **effect})) as runs:
        chain = two_steps(runs)
        runs.wait()
        second = runs.read(chain["run_ids"][1])
        assert second["status"] == "error"
        assert "`claims`" in second["error"][0]


def test_cancelling_the_source_fails_its_readers_in_turn(runs: RunDesk) -> None:
    reader = runs.workflow(**READER)["id"]
    chain = runs.chain(
        {"workflow_id": runs.claims()["id"], "session_alias": "claims", "inputs": INPUTS},
        {"workflow_id": reader, "session_alias": "b", "inputs": REFERENCE},
        {"workflow_id": reader, "inputs": {"no": {"$ref": "b.outputs.no"}}},
        {"workflow_id": reader, "inputs": {"no": "own"}},
    )
    runs.wait(500)
    runs.change({"id": chain["run_ids"][0]}, status="cancelled")
    runs.wait()
    assert runs.states(*chain["run_ids"]) == ["cancelled", "error", "error", "success"]


def test_a_worker_may_supply_what_the_next_step_reads(runs: RunDesk) -> None:
    chain = two_steps(runs)
    first = {"id": chain["run_ids"][0]}
    runs.change(first, status="running")
    runs.wait()
    assert runs.states(*chain["run_ids"]) == ["running", "scheduling"]
    runs.change(first, status="success", output_data={"claim_no": "C-7"})
    runs.wait()
    assert runs.read(chain["run_ids"][1])["output_data"] == {"no": "C-7"}


def test_resolved_values_are_validated_too(runs: RunDesk) -> None:
    schema = {"properties": {"no": {"type": "string", "pattern": "^C-[0-9]+$"}}}
    strict = runs.workflow(**{**READER, "input_schema": json.dumps(schema)})
    chain = runs.chain(
        {"workflow_id": runs.claims()["id"], "session_alias": "claims", "inputs": INPUTS},
        {"workflow_id": strict["id"], "inputs": REFERENCE},
    )
    runs.wait()
    second = runs.read(chain["run_ids"][1])
    assert (second["status"], "input_schema" in second["error"][0]) == ("error", True)


def test_shared_values_reach_only_workflows_that_declare_them(runs: RunDesk) -> None:
    chain = runs.chain(
        {"workflow_id": runs.claims()["id"], "inputs": {"day": "2026-03-03"}},
        {"workflow_id": runs.workflow(main_prompt="1. {user} {$password}")["id"]},
        {"workflow_id": runs.workflow()["id"]},
        shared_inputs={**INPUTS, "x": 1},
        shared_sensitive_inputs={"password": "p", "other": "o"},
    )
    made = [runs.read(run_id) for run_id in chain["run_ids"]]
    assert [item["input_values"] for item in made] == [
        {"user": "ann", "day": "2026-03-03"},
        {"user": "ann"},
        None,
    ]
    aliases = [item["sensitive_input_aliases"] for item in made]
    assert [None if item is None else list(item) for item in aliases] == [
        ["password"],
        ["password"],
        None,
    ]


def test_a_chain_that_is_refused_makes_nothing(runs: RunDesk) -> None:
    claims = {"workflow_id": runs.claims()["id"], "session_alias": "a", "inputs": INPUTS}
    twice = runs.chain(claims, claims, status=422)["detail"]
    assert twice[0]["loc"] == ["body", "steps", 1, "session_alias"]
    missing = runs.chain(claims, {**claims, "session_alias": "b", "inputs": {}}, status=422)
    assert missing["detail"][0]["loc"][:4] == ["body", "steps", 1, "inputs"]
    later = {"$ref": "b.outputs.claim_no"}
    forward = {**claims, "inputs": {**INPUTS, "user": later}}
    runs.chain(forward, {**claims, "session_alias": "b"}, status=422)
    runs.chain(status=422)
    assert runs.listed() == []


def test_references_outside_a_session_are_refused(runs: RunDesk) -> None:
    reply = runs.run(runs.workflow(**READER), 422, input_values=REFERENCE)
    assert reply["detail"][0]["loc"] == ["body", "input_values", "no"]


def test_a_machine_serves_one_run_at_a_time_and_priority_waits_less(runs: RunDesk) -> None:
    workflow = runs.workflow()
    first, second, third = (runs.run(workflow) for _ in range(3))
    urgent = runs.run(workflow, is_priority=True)
    order = []
    for _ in range(40):
        runs.wait(100)
        states = dict(zip("123u", runs.states(first, second, third, urgent), strict=True))
        working = [name for name, state in states.items() if state == "running"]
        assert len(working) <= 1
        order += [name for name in working if name not in order]
    assert order == ["1", "u", "2", "3"] or order == ["u", "1", "2", "3"]


def test_cancelling_moves_the_waiting_runs_up(runs: RunDesk) -> None:
    workflow = runs.workflow()
    first, second = runs.run(workflow), runs.run(workflow)
    runs.wait(300)
    runs.change(first, status="cancelled")
    runs.wait(100)
    assert runs.states(first, second) == ["cancelled", "running"]
    third = runs.run(workflow)
    runs.ok("DELETE", f"/v1/runs/{second['id']}", 204)
    runs.wait(300)
    assert runs.states(third) == ["running"]


def test_clearing_a_reservation_cancels_the_session(runs: RunDesk) -> None:
    chain = two_steps(runs)
    machine = runs.read(chain["run_ids"][0])["machine_id"]
    outside = runs.run(runs.workflow(), machine_id=machine)
    runs.wait(500)
    body = {"reserved_session_id": None}
    cleared = runs.ok("PATCH", f"/v1/machines/{machine}", json=body)
    assert (cleared["reserved_session_id"], cleared["is_available"]) == (None, True)
    assert runs.states(*chain["run_ids"], outside) == ["cancelled"] * 3
    again = runs.run(runs.workflow())
    runs.wait()
    assert runs.states(again) == ["success"]


def test_runs_wait_for_a_machine_to_come_back(runs: RunDesk) -> None:
    machine = runs.machine(machine_parameters={"user": "desk"})
    path = f"/v1/machines/{machine['id']}"
    runs.ok("PATCH", path, json={"status": "disconnected"})
    workflow = runs.claims()
    named = runs.run(workflow, machine_id=machine["id"], input_values={"day": INPUTS["day"]})
    anywhere = runs.run(workflow, input_values={"day": INPUTS["day"]})
    assert (named["machine_id"], anywhere["machine_id"]) == (machine["id"], None)
    runs.wait()
    assert runs.states(named, anywhere) == ["scheduling", "scheduling"]
    runs.ok("PATCH", path, json={"status": "connected"})
    runs.wait()
    assert runs.states(named, anywhere) == ["success", "success"]
    assert runs.read(anywhere)["machine_id"] == machine["id"]


def test_a_machine_that_joins_the_pool_takes_the_waiting_run(runs: RunDesk) -> None:
    runs.machine()
    pool, other = runs.pool("a"), runs.pool("b")
    workflow = runs.workflow()
    waiting = [runs.run(workflow, pool_ids=[item["id"]]) for item in (pool, other)]
    assert [item["machine_id"] for item in waiting] == [None, None]
    made = runs.machine()
    body = {"machine_ids": [made["id"]]}
    runs.ok("POST", f"/v1/pools/{pool['id']}/machines", json=body)
    ids = {"pool_ids": [pool["id"], other["id"]]}
    runs.ok("PUT", f"/v1/machines/{made['id']}/pools", json=ids)
    runs.wait()
    assert runs.states(*waiting) == ["success", "success"]


def test_pools_are_met_together(runs: RunDesk) -> None:
    both, one = runs.machine(), runs.machine()
    first, second = runs.pool("a", one, both), runs.pool("b", both)
    ids = [first["id"], second["id"]]
    workflow = runs.workflow()
    assert runs.run(workflow, pool_ids=ids)["machine_id"] == both["id"]
    assert runs.run(workflow, pool_ids=ids, machine_id=one["id"])["machine_id"] == one["id"]


def test_a_failed_check_in_a_session_runs_the_clean_up() -> None:
    with run_desk(RunRule(checks={"picture": "failed"})) as runs:
        workflow = runs.claims(post_run_check_failure_cleanup_prompt="Close the dialog.")
        alone = runs.ended(workflow)
        inside = runs.ended(workflow, start_session=True)
        marks = [
            [item.get("event_type") for item in made["run_message_history"]][-1]
            for made in (alone, inside)
        ]
        assert marks == [None, "post_run_check_failure_cleanup"]


@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    actions=st.lists(
        st.tuples(
            st.sampled_from(["run", "priority", "session", "chain", "cancel", "delete", "free"]),
            st.integers(0, 900),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_no_machine_ever_serves_two_runs(actions: list[tuple[str, int]]) -> None:
    with run_desk() as runs:
        machines = [runs.machine() for _ in range(2)]
        workflow = runs.claims()
        made: list[Any] = []
        for action, pause in actions:
            body = {"input_values": INPUTS}
            if action in ("run", "priority", "session"):
                values = {"is_priority": action == "priority", "start_session": action == "session"}
                made.append(runs.run(workflow, **body, **values))
            elif action == "chain":
                step = {"workflow_id": workflow["id"], "inputs": INPUTS}
                made += [{"id": run_id} for run_id in runs.chain(step, step)["run_ids"]]
            elif action == "free":
                path = f"/v1/machines/{machines[0]['id']}"
                runs.ok("PATCH", path, json={"reserved_session_id": None})
            elif made:
                chosen = made[pause % len(made)]
                if action == "cancel":
                    runs.send("PATCH", f"/v1/runs/{chosen['id']}", json={"status": "cancelled"})
                else:
                    made.remove(chosen)
                    runs.ok("DELETE", f"/v1/runs/{chosen['id']}", 204)
            runs.wait(pause)
        runs.wait(20_000)
        spans: dict[str, list[tuple[str, str]]] = {}
        for item in made:
            row = runs.read(item)
            if row["started_at"] is None or row["status"] == "scheduling":
                continue
            # Outside a session the machine is free when the checks begin.
            checks = [check["started_at"] for check in row["post_run_checks"]]
            end = row["ended_at"]
            if row["session_id"] is None and checks[0] is not None:
                end = checks[0]
            spans.setdefault(row["machine_id"], []).append((row["started_at"], end))
        for served in spans.values():
            served.sort()
            for (_, end), (start, _) in pairwise(served):
                assert end <= start
