"""The probes of the assumptions about runs, by key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from flowdsl.emulator.simulation.plans import PlayedRun
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.emulator.simulation.run_plan import play
from flowdsl.emulator.simulation.schemas import input_problems, is_valid_for
from tests.emulator.emulator_desk import UNKNOWN_ID, Desk, check
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk

RunProbe = Callable[[RunDesk], None]
RUN_PROBES: dict[str, Callable[[Desk], None]] = {}


def probe(key: str, *rules: RunRule) -> Callable[[RunProbe], None]:
    def register(function: RunProbe) -> None:
        def run(_desk: Desk) -> None:
            with run_desk(*rules) as desk:
                function(desk)

        assert key not in RUN_PROBES
        RUN_PROBES[key] = run

    return register


def detail(desk: RunDesk, workflow: Any, inputs: Any) -> list[tuple[list[Any], str]]:
    reply = desk.run(workflow, 422, input_values=inputs)
    return [(item["loc"], item["type"]) for item in reply["detail"]]


def plan(prompt: str, **values: Any) -> PlayedRun:
    return PlayedRun("seed", prompt, **{"inputs": {}, **values})


@probe("run-times")
def _(desk: RunDesk) -> None:
    made = desk.run(desk.claims(), input_values=INPUTS)
    seen = []
    for milliseconds in (199, 2, 798, 2, 298, 2):
        desk.wait(milliseconds)
        seen += desk.states(made)
    assert seen == [
        "scheduling",
        "running",
        "running",
        "running_checks",
        "running_checks",
        "success",
    ]


@probe("unavailable-waits")
def _(desk: RunDesk) -> None:
    workflow, machine = desk.claims(), desk.machine()
    path = f"/v1/machines/{machine['id']}"
    for taken, given in (
        ({"is_available": False}, {"is_available": True}),
        ({"status": "disconnected"}, {"status": "connected"}),
    ):
        before = desk.run(workflow, input_values=INPUTS, machine_id=machine["id"])
        desk.ok("PATCH", path, json=taken)
        after = desk.run(workflow, input_values=INPUTS, machine_id=machine["id"])
        desk.wait()
        assert desk.states(before, after) == ["scheduling", "scheduling"]
        desk.ok("PATCH", path, json=given)
        desk.wait()
        assert desk.states(before, after) == ["success", "success"]


@probe("course-decided-early")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    made = desk.run(workflow, input_values=INPUTS)
    desk.patch(workflow, output_schema=None, post_run_checks=[])
    desk.wait()
    after = desk.read(made)
    assert after["output_data"]["day"] == INPUTS["day"]
    assert [item["status"] for item in after["post_run_checks"]] == ["success"]


@probe("soonest-machine")
def _(desk: RunDesk) -> None:
    first, second = desk.machine(), desk.machine()
    workflow = desk.claims()
    chosen = [desk.run(workflow, input_values=INPUTS)["machine_id"] for _ in range(3)]
    assert chosen == [first["id"], second["id"], first["id"]]
    named = desk.run(workflow, input_values=INPUTS, machine_id=first["id"])
    desk.wait(1_500)
    assert desk.states(named) == ["scheduling"]


@probe("checks-off-machine")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    first, second = (desk.run(workflow, input_values=INPUTS) for _ in range(2))
    desk.wait(1_100)
    assert desk.states(first, second) == ["running_checks", "running"]


@probe("session-id-first-run")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    made = desk.run(workflow, input_values=INPUTS, start_session=True)
    assert made["session_id"] == made["id"]
    chain = desk.chain({"workflow_id": workflow["id"], "inputs": INPUTS})
    assert chain["session_id"] == chain["run_ids"][0]
    desk.run(workflow, 404, input_values=INPUTS, session_id=UNKNOWN_ID)


@probe("input-422")
def _(desk: RunDesk) -> None:
    schema = {"properties": {"a": {"items": {"type": "integer"}}}, "required": ["b", "$c"]}
    workflow = desk.workflow(input_schema=json.dumps(schema))
    assert detail(desk, workflow, {"a": [1, "x"]}) == [
        (["body", "sensitive_input_values", "c"], "input_schema.required"),
        (["body", "input_values", "b"], "input_schema.required"),
        (["body", "input_values", "a", 1], "input_schema.type"),
    ]


@probe("formats-enforced")
def _(desk: RunDesk) -> None:
    for name, valid, invalid in (
        ("date", "2026-02-28", "2026-02-29"),
        ("date-time", "2026-02-28T09:30", "yesterday"),
        ("time", "09:30", "25:00"),
        ("email", "ann@clinic.test", "ann"),
        ("uri", "https://clinic.test/", "clinic"),
    ):
        assert is_valid_for({"format": name}, valid)
        assert not is_valid_for({"format": name}, invalid)
    assert is_valid_for({"format": "ipv4"}, "no address")


@probe("secret-values-unread")
def _(desk: RunDesk) -> None:
    schema = {"properties": {"$pin": {"type": "string", "pattern": "^[0-9]+$"}}}
    assert input_problems({**schema, "required": ["$pin"]}, {}, ["pin"]) == []


@probe("defaults-not-filled")
def _(desk: RunDesk) -> None:
    schema = {"properties": {"a": {"default": "x"}}, "required": ["a"]}
    workflow = desk.workflow(input_schema=json.dumps(schema))
    assert detail(desk, workflow, {}) == [(["body", "input_values", "a"], "input_schema.required")]


@probe("unset-variable-empty")
def _(desk: RunDesk) -> None:
    workflow = desk.workflow(main_prompt="1. Type {a} and {b.c}.")
    history = desk.ended(workflow, input_values={"z": 1})["run_message_history"]
    assert history[0]["content"][0]["text"] == "1. Type __EMPTY__ and __EMPTY__."


@probe("unreadable-schema-open")
def _(desk: RunDesk) -> None:
    workflow = desk.workflow(input_schema='{"type": 3}', output_schema="[")
    after = desk.ended(workflow)
    assert (after["status"], after["output_data"]) == ("success", None)


@probe("output-needs-schema", RunRule(workflow="Claims", fail={"step": 1}))
def _(desk: RunDesk) -> None:
    assert desk.ended(desk.workflow())["output_data"] is None
    failed = desk.ended(desk.claims())
    assert (failed["status"], failed["output_data"]) == ("task_failed", None)
    assert [item["status"] for item in failed["post_run_checks"]] == ["cancelled"]


@probe("failed-check-error", RunRule(checks={"picture": "failed"}))
def _(desk: RunDesk) -> None:
    after = desk.ended(desk.claims())
    assert after["status"] == "error"
    assert after["output_data"] is not None
    assert "`picture`" in after["error"][0]


@probe("check-regex-search")
def _(desk: RunDesk) -> None:
    target = {"file_target_mode": "regex", "file_name_regex": "rid-"}
    workflow = desk.claims(post_run_checks=[check("any", **target)])
    result = desk.ended(workflow)["post_run_checks"][0]
    assert (result["status"], result["matched_filenames"]) == ("success", ["grid-2026-01-30.png"])


@probe("check-variables")
def _(desk: RunDesk) -> None:
    checks = [
        check("exact", file_target_mode="exact", file_names=["{a}.txt"]),
        check(
            "count",
            file_target_mode="regex",
            file_name_regex="^p",
            expected_match_count_ref="{n}",
        ),
        check(
            "each",
            file_target_mode="loop_items",
            loop_input="{n}",
            loop_item_filename_template="q{{loop_item}}.png",
        ),
    ]
    run_plan = play(plan("1. Go.", inputs={"a": "b", "n": [7, 8]}, checks=checks))
    names = [item.name for item in run_plan.attachments]
    assert [result.status for result in run_plan.checks] == ["success"] * 3
    assert names[0] == "b.txt"
    assert names[-2:] == ["q7.png", "q8.png"]
    assert sum(name.startswith("p") for name in names) == 2


@probe("loop-shown-once")
def _(desk: RunDesk) -> None:
    prompt = (
        '1. Use start_loop with text="{names}".\n'
        '2. save_screenshot_as_run_attachment "{{loop_item}}.png"\n'
        '3. Use end_loop_iteration with text="done".'
    )
    run_plan = play(plan(prompt, inputs={"names": ["a", "b"]}))
    assert [item.name for item in run_plan.attachments] == ["a.png", "b.png"]
    rounds = [m["iteration_index"] for _, m in run_plan.messages if "iteration_index" in m]
    assert rounds == [0] * 6


@probe("references-as-sent")
def _(desk: RunDesk) -> None:
    claims, reader = desk.claims(), desk.workflow(main_prompt="1. Type {a}.")
    chain = desk.chain(
        {"workflow_id": claims["id"], "session_alias": "first", "inputs": INPUTS},
        {"workflow_id": reader["id"], "inputs": {"a": {"$ref": "first.outputs.day"}}},
    )
    desk.wait()
    after = desk.read(chain["run_ids"][1])
    assert after["input_values"] == {"a": {"$ref": "first.outputs.day"}}
    assert after["run_message_history"][0]["content"][0]["text"] == "1. Type 2026-01-30."
    listed = desk.workflow(output_schema='{"rows": ["string"]}')
    chain = desk.chain(
        {"workflow_id": listed["id"], "session_alias": "first"},
        {"workflow_id": reader["id"], "inputs": {"a": {"$ref": "first.outputs.rows[9]"}}},
    )
    desk.wait()
    text = desk.read(chain["run_ids"][1])["run_message_history"][0]["content"][0]["text"]
    assert text == "1. Type __EMPTY__."


@probe("reference-422")
def _(desk: RunDesk) -> None:
    claims = desk.claims()
    schema = {"properties": {"n": {"type": "integer"}}}
    reader = desk.workflow(main_prompt="1. Type {n}.", input_schema=json.dumps(schema))
    for text, kind in (
        ("other.outputs.paid", "ref_alias"),
        ("first.outputs.total", "ref_path"),
        ("first.outputs.claim_no", "ref_type"),
        ("first.paid", "ref_form"),
    ):
        reply = desk.chain(
            {"workflow_id": claims["id"], "session_alias": "first", "inputs": INPUTS},
            {"workflow_id": reader["id"], "inputs": {"n": {"$ref": text}}},
            status=422,
        )
        (item,) = reply["detail"]
        assert (item["loc"], item["type"]) == (["body", "steps", 1, "inputs", "n"], kind)
    assert desk.listed() == []


@probe("shared-files-everywhere")
def _(desk: RunDesk) -> None:
    step = {"workflow_id": desk.workflow()["id"]}
    file = {"filename": "a.txt", "content": base64.b64encode(b"a").decode()}
    chain = desk.chain(step, step, shared_file_inputs=[file])
    desk.wait(1)
    assert [desk.files({"id": run_id}) for run_id in chain["run_ids"]] == [["a.txt"]] * 2


@probe("bulk-inputs-refused")
def _(desk: RunDesk) -> None:
    body = {"workflow_id": desk.claims()["id"], "count": 2, "input_values": {}}
    desk.ok("POST", "/v1/runs/bulk", 422, json=body)
    assert desk.listed() == []


@probe("cancel-by-status")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    live = desk.run(workflow, input_values=INPUTS)
    desk.wait(500)
    cancelled = desk.change(live, status="cancelled")
    assert cancelled["status"] == "cancelled"
    assert cancelled["ended_at"] > cancelled["started_at"]
    desk.wait()
    assert desk.states(live) == ["cancelled"]
    over = desk.ended(workflow)
    assert "ended" in desk.change(over, 400, status="cancelled")["detail"]
    assert desk.change(over, status="success")["status"] == "success"


@probe("worker-takes-over")
def _(desk: RunDesk) -> None:
    made = desk.run(desk.claims(), input_values=INPUTS)
    desk.wait(500)
    desk.change(made, release_session_after=True)
    desk.change(made, output_data={"own": 1})
    desk.wait()
    after = desk.read(made)
    assert (after["status"], after["output_data"]) == ("running", {"own": 1})


@probe("retry-keeps")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    secrets = {"password": "s3cret"}
    made = desk.ended(workflow, sensitive_input_values=secrets, session_alias="a")
    again = desk.ok("POST", f"/v1/runs/{made['id']}/retry", json={})
    kept = ("id", "created_at", "input_values", "sensitive_input_aliases", "session_alias")
    assert [again[name] for name in kept] == [made[name] for name in kept]
    desk.ok("POST", f"/v1/runs/{made['id']}/retry", 400, json={})


@probe("activity-order")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    old, new = (desk.ended(workflow)["id"] for _ in range(2))
    assert desk.listed() == [new, old]
    desk.ok("POST", f"/v1/runs/{old}/retry", json={})
    assert desk.listed() == [old, new]
    assert desk.listed("?sort_mode=created_at_desc") == [new, old]


@probe("unasked-fields-null")
def _(desk: RunDesk) -> None:
    desk.ended(desk.claims())
    (item,) = desk.ok("GET", "/v1/runs?fields=ended_at&fields=error")["items"]
    filled = {name for name, value in item.items() if value is not None}
    base = {"id", "workflow_id", "machine_id", "status", "created_at", "is_priority"}
    assert filled == base | {"ended_at"}


@probe("recorded-success")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    made = desk.run(workflow, input_values=INPUTS)
    path = f"/v1/runs/{made['id']}/trajectory"
    desk.ok("GET", path, 404)
    desk.wait()
    recorded = desk.ok("GET", path)
    assert (recorded["is_generated"], recorded["is_approved"]) == (False, False)
    assert recorded["created_at"] == desk.read(made)["ended_at"]
    desk.ok("PATCH", f"/v1/trajectories/{recorded['id']}", json={"is_approved": True})
    taken_over = desk.run(workflow, input_values=INPUTS)
    desk.change(taken_over, status="success")
    for run in (desk.ended(workflow), taken_over):
        assert desk.read(run)["status"] == "success"
        desk.ok("GET", f"/v1/runs/{run['id']}/trajectory", 404)


@probe("generate-marks")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    made = desk.run(workflow, input_values=INPUTS)
    path = f"/v1/runs/{made['id']}"
    desk.ok("POST", f"{path}/generate-trajectory", 400)
    desk.wait()
    recorded = desk.ok("GET", f"{path}/trajectory")
    for _ in range(2):
        marked = desk.ok("POST", f"{path}/generate-trajectory")
        assert marked == {**recorded, "is_generated": True}
    desk.ok("DELETE", f"/v1/trajectories/{marked['id']}", 204)
    desk.ok("POST", f"{path}/generate-trajectory", 404)


@probe("unpriced-models")
def _(desk: RunDesk) -> None:
    workflow = desk.claims()
    made = desk.run(workflow, input_values=INPUTS)
    path = f"/v1/runs/{made['id']}"
    assert desk.ok("GET", f"{path}/llm-costs")["rows"] == []
    desk.wait()
    first = desk.ok("GET", f"{path}/llm-costs")["rows"]
    recorded = desk.ok("GET", f"{path}/trajectory")
    desk.ok("PATCH", f"/v1/trajectories/{recorded['id']}", json={"is_approved": True})
    second = desk.ended(workflow)
    rows = desk.ok("GET", f"/v1/runs/{second['id']}/llm-costs")["rows"]
    assert [row["role"] for row in first] == ["main_agent"]
    assert [row["role"] for row in rows] == ["main_agent", "cache_detection"]
    steps = second["usage_metadata"]
    assert [row["call_count"] for row in rows] == [
        steps["total_agentic_steps"],
        steps["total_cached_steps"],
    ]
    assert len({row["input_tokens"] / row["call_count"] for row in first + rows}) == 1
    assert {row["cost_usd"] for row in first + rows} == {None}


@probe("expired-attachment")
def _(desk: RunDesk) -> None:
    made = desk.ended(desk.claims())
    path = f"/v1/run-attachments/{made['output_attachment_ids'][0]}"
    desk.ok("PUT", path, json={"expires_at": "2026-01-01T00:00:00Z"})
    assert desk.files(made) == ["grid-2026-01-30.png"]
    assert desk.send("GET", f"{path}/download").status_code == 404
    desk.ok("GET", f"{path}/download-url", 404)
