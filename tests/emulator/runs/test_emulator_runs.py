from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.emulator.app import create_app
from flowdsl.emulator.runs.rows import find_ended_runs
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import MODEL_ID, STANDSTILL, UNKNOWN_ID, Desk, check
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk
from tests.support.effort import examples

SECRET = "hunter2-canary"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def runs() -> Any:
    with run_desk() as desk:
        yield desk


def test_a_run_shows_what_belongs_to_its_state(runs: RunDesk) -> None:
    made = runs.run(runs.claims(), input_values=INPUTS)
    assert (made["status"], made["started_at"], made["usage_metadata"]) == (
        "scheduling",
        None,
        None,
    )
    assert made["run_message_history"] == made["output_attachment_ids"] == []
    runs.wait(700)
    during = runs.read(made)
    assert (during["status"], during["output_data"], during["ended_at"]) == ("running", None, None)
    assert 0 < len(during["run_message_history"]) < 9
    assert [item["status"] for item in during["post_run_checks"]] == ["pending"]
    runs.wait(400)
    checking = runs.read(made)
    assert checking["status"] == "running_checks"
    assert checking["output_data"] is not None
    (snapshot,) = checking["post_run_checks"]
    assert (snapshot["status"], snapshot["ended_at"], snapshot["matched_filenames"]) == (
        "running",
        None,
        None,
    )
    runs.wait(300)
    after = runs.read(made)
    assert after["status"] == "success"
    (snapshot,) = after["post_run_checks"]
    assert snapshot["matched_filenames"] == ["grid-2026-01-30.png"]
    assert snapshot["ended_at"] == after["ended_at"]
    assert len(after["output_attachment_ids"]) == 1
    assert after["usage_metadata"]["total_agentic_steps"] == 4
    stamps = [item["timestamp"] for item in after["run_message_history"]]
    assert stamps == sorted(stamps)
    assert stamps[0] == after["started_at"] <= stamps[-1] <= after["ended_at"]


def test_the_history_has_a_call_and_a_result_for_each_numbered_line(runs: RunDesk) -> None:
    history = runs.ended(runs.claims())["run_message_history"]
    calls = [block for item in history for block in item["content"] if block["type"] == "tool_use"]
    results = [
        block for item in history for block in item["content"] if block["type"] == "tool_result"
    ]
    assert [call["tool_name"] for call in calls] == [
        "computer",
        "focused_action",
        "copy_to_clipboard",
        "save_screenshot_as_run_attachment",
    ]
    assert [call["tool_use_id"] for call in calls] == [item["tool_use_id"] for item in results]
    assert "Sign-in refused for ann" in json.dumps(history)


def test_secrets_are_nowhere_in_the_store(tmp_path: Any) -> None:
    path = tmp_path / "data.sqlite"
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        workflow = desk.workflow(main_prompt="1. Type {$password}.")
        body = {
            "workflow_id": workflow["id"],
            "sensitive_input_values": {"password": SECRET, "nested": {"pin": SECRET}},
        }
        made = desk.ok("POST", "/v1/runs", 201, json=body)
        desk.ok("POST", "/v1/runs/bulk", 201, json={**body, "count": 2})
        step = {"workflow_id": workflow["id"], "sensitive_inputs": {"password": SECRET}}
        chain = {"steps": [step], "shared_sensitive_inputs": {"password": SECRET}}
        desk.ok("POST", "/v1/runs/chain", 201, json=chain)
        refused = desk.send("POST", "/v1/runs", json={**body, "is_priority": SECRET})
        assert set(made["sensitive_input_aliases"]) == {"password", "nested"}
        assert SECRET not in refused.text or "is_priority" in refused.text
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes()


def test_inputs_come_from_the_run_then_the_machine_then_the_pool(runs: RunDesk) -> None:
    machine = runs.machine(machine_parameters={"b": "machine", "c": "machine", "e": ""})
    pool = runs.pool(
        "p", machine, pool_parameters={"a": "pool", "b": "pool", "c": "pool", "e": "pool"}
    )
    workflow = runs.workflow(main_prompt="1. {a} {b} {c} {d} {e}")
    inputs = {"c": "run", "a": None, "d": ""}
    made = runs.run(workflow, input_values=inputs, pool_ids=[pool["id"]])
    runs.wait()
    after = runs.read(made)
    text = after["run_message_history"][0]["content"][0]["text"]
    assert text == "1. pool machine run __EMPTY__ pool"
    assert after["input_values"] == inputs
    alone = runs.ended(workflow, input_values={"c": "__EMPTY__"})
    text = alone["run_message_history"][0]["content"][0]["text"]
    assert text == "1. __EMPTY__ machine __EMPTY__ __EMPTY__ __EMPTY__"


def test_a_run_that_waits_for_a_deleted_pool_breaks_no_other_request(runs: RunDesk) -> None:
    runs.machine(name="Desk")
    pool = runs.pool("p")
    waiting = runs.run(runs.workflow(), pool_ids=[pool["id"]])
    assert waiting["machine_id"] is None
    runs.ok("DELETE", f"/v1/pools/{pool['id']}", 204)
    runs.machine(name="New desk")
    assert runs.read(waiting)["status"] == "scheduling"


def test_a_path_into_a_text_breaks_the_run(runs: RunDesk) -> None:
    workflow = runs.workflow(main_prompt="1. Type {user.name.first}.")
    after = runs.ended(workflow, input_values={"user": {"name": "Ann"}})
    assert after["status"] == "error"
    assert "`user.name.first`" in after["error"][0]
    assert after["usage_metadata"]["billing_outcome"] == "infra_failure"


def test_a_parameter_of_the_machine_meets_a_required_input(runs: RunDesk) -> None:
    workflow = runs.claims()
    runs.machine(machine_parameters={"user": "desk-7"})
    made = runs.run(workflow, input_values={"day": INPUTS["day"]})
    runs.wait()
    assert "type desk-7" in json.dumps(runs.read(made)["run_message_history"])
    runs.run(workflow, 422, input_values={"user": "ann", "day": "tomorrow"})


def test_a_prompt_of_its_own_replaces_the_workflows(runs: RunDesk) -> None:
    model = {"fallback_model_1_id": MODEL_ID}
    after = runs.ended(
        runs.claims(),
        main_prompt="1. Other {user}.",
        main_agent_model_id=MODEL_ID,
        model_metadata=model,
    )
    assert after["run_message_history"][0]["content"][0]["text"] == "1. Other ann."
    assert after["main_prompt"] == "1. Other {user}."
    assert after["model_metadata"] == {
        "main_agent_model_id": MODEL_ID,
        "cache_detection_model_id": None,
        "fallback_model_1_id": MODEL_ID,
        "fallback_model_2_id": None,
    }


def test_unknown_ids_are_404_and_leave_nothing(runs: RunDesk) -> None:
    workflow = runs.workflow()
    runs.run({"id": UNKNOWN_ID}, 404)
    for values in ({"machine_id": UNKNOWN_ID}, {"pool_ids": [UNKNOWN_ID]}):
        runs.run(workflow, 404, **values)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/retry")):
        runs.ok(method, f"/v1/runs/{UNKNOWN_ID}{path}", 404, json={})
    assert runs.listed() == []


def test_organisations_do_not_see_each_others_runs() -> None:
    with Store.open(None, clock=lambda: STANDSTILL) as store:
        app = create_app(store, keys={"a": "org_a", "b": "org_b"})
        with Desk(app, "a") as one, Desk(app, "b") as two:
            workflow = one.workflow()
            file = {"filename": "a.txt", "content": encoded(b"a")}
            body = {"workflow_id": workflow["id"], "file_inputs": [file], "start_session": True}
            made = one.ok("POST", "/v1/runs", 201, json=body)
            (attachment,) = made["input_attachment_ids"]
            own = two.workflow()
            two.ok("GET", f"/v1/runs/{made['id']}", 404)
            two.ok("GET", f"/v1/run-attachments/{attachment}", 404)
            two.ok("GET", f"/v1/run-attachments/{attachment}/download", 404)
            two.ok("POST", "/v1/runs", 404, json={"workflow_id": workflow["id"]})
            joined = {"workflow_id": own["id"], "session_id": made["session_id"]}
            two.ok("POST", "/v1/runs", 404, json=joined)
            placed = {"workflow_id": own["id"], "machine_id": made["machine_id"]}
            two.ok("POST", "/v1/runs", 404, json=placed)
            assert two.ok("GET", "/v1/runs")["total"] == 0
            assert two.ok("GET", "/v1/run-attachments")["total"] == 0


def test_lists_filter_search_and_include(runs: RunDesk) -> None:
    claims, other = runs.claims(), runs.workflow(name="Other")
    pool_machine = runs.machine(name="Desk")
    runs.pool("p", pool_machine)
    first = runs.ended(claims, session_alias="Größe")
    second = runs.run(other, input_values={"path": 'C:\\Reports "A"'}, start_session=True)
    assert runs.listed(f"?workflow_id={claims['id']}") == [first["id"]]
    assert runs.listed(f"?session_id={second['session_id']}") == [second["id"]]
    assert runs.listed("?status=success") == [first["id"]]
    assert runs.listed("?status=scheduling") == [second["id"]]
    assert len(runs.listed(f"?machine_id={pool_machine['id']}")) == 2
    assert runs.listed(f"?created_at_to={first['created_at']}") == [first["id"]]
    for needle, found in (
        ("GRÖSSE", [first]),
        ("größe", [first]),
        ('c:\\reports "a', [second]),
        (second["id"][:13], [second]),
        (first["output_data"]["claim_no"], [first]),
        ("Open the portal", []),
    ):
        reply = runs.ok("GET", "/v1/runs", params={"search": needle})
        assert [item["id"] for item in reply["items"]] == [item["id"] for item in found], needle
    deep = {"search": "open the PORTAL", "deep_search": "true"}
    assert [row["id"] for row in runs.ok("GET", "/v1/runs", params=deep)["items"]] == [first["id"]]
    page = runs.ok("GET", "/v1/runs?include=workflow,machine,machine.pools,other&limit=1&skip=1")
    assert page["total"] == 2
    assert [(item["type"], item["name"]) for item in page["included"]] == [
        ("workflow", "Claims"),
        ("machine", "Desk"),
        ("pool", "p"),
    ]
    assert runs.ok("GET", "/v1/runs")["included"] is None
    runs.ok("GET", f"/v1/runs?skip={2**63}", 422)


def test_results_of_unfinished_runs_are_not_searched(runs: RunDesk) -> None:
    made = runs.run(runs.claims(output_schema='{"claim_no": "string"}'), input_values=INPUTS)
    assert runs.listed("?search=claim_no") == []
    assert runs.listed("?search=claim_no&deep_search=true") == []
    runs.wait()
    assert runs.listed("?search=claim_no") == [made["id"]]


def test_bulk_is_one_transaction_of_up_to_1000(runs: RunDesk) -> None:
    workflow = runs.claims()
    body = {"workflow_id": workflow["id"], "input_values": INPUTS}
    for count in (0, 1001):
        runs.ok("POST", "/v1/runs/bulk", 422, json={**body, "count": count})
    reply = runs.ok("POST", "/v1/runs/bulk", 201, json={**body, "count": 3, "start_session": True})
    made = reply["created_runs"]
    assert (len(made), reply["failed_count"], reply["errors"]) == (3, 0, [])
    assert {item["session_id"] for item in made} == {made[0]["id"]}
    assert runs.listed("?sort_mode=created_at_desc") == [item["id"] for item in reversed(made)]


def test_bulk_reports_the_runs_that_failed() -> None:
    with run_desk(RunRule(workflow="Claims", nth=2, refuse="no machine answers")) as runs:
        body = {"workflow_id": runs.claims()["id"], "input_values": INPUTS, "count": 3}
        reply = runs.ok("POST", "/v1/runs/bulk", 201, json=body)
        assert (len(reply["created_runs"]), reply["failed_count"]) == (2, 1)
        assert reply["errors"] == ["run 2: no machine answers"]


def test_workers_may_report_a_result(runs: RunDesk) -> None:
    workflow = runs.workflow()
    made = runs.run(workflow)
    done = runs.change(
        made,
        status="success",
        output_data={"a": [1, None]},
        run_message_history=[{"role": "user", "content": []}],
        usage_metadata={"total_agentic_steps": 3},
        output_attachment_ids=["x"],
        ended_at="2026-02-01T01:00:00+01:00",
    )
    assert (done["status"], done["output_data"]) == ("success", {"a": [1, None]})
    assert done["ended_at"] == "2026-02-01T00:00:00.000000Z"
    assert done["started_at"] is not None
    assert done["run_message_history"] == [{"role": "user", "content": []}]
    assert done["output_attachment_ids"] == ["x"]
    cleared = runs.change(made, output_data=None, error=["late"])
    assert (cleared["output_data"], cleared["error"], cleared["status"]) == (
        None,
        ["late"],
        "success",
    )
    next_one = runs.run(workflow)
    runs.wait()
    assert runs.states(next_one) == ["success"]


def test_a_run_held_by_a_worker_keeps_its_machine(runs: RunDesk) -> None:
    workflow = runs.workflow()
    held = runs.run(workflow)
    runs.change(held, status="running")
    waiting = runs.run(workflow, machine_id=held["machine_id"])
    runs.wait()
    assert runs.states(held, waiting) == ["running", "scheduling"]
    runs.change(held, status="task_failed")
    runs.wait()
    assert runs.states(held, waiting) == ["task_failed", "success"]


def test_a_cancelled_run_keeps_what_it_had_done(runs: RunDesk) -> None:
    made = runs.run(runs.claims(), input_values=INPUTS)
    runs.wait(700)
    seen = runs.read(made)["run_message_history"]
    cancelled = runs.change(made, status="cancelled")
    assert cancelled["run_message_history"] == seen
    assert [item["status"] for item in cancelled["post_run_checks"]] == ["cancelled"]
    assert 0 < cancelled["usage_metadata"]["total_agentic_steps"] < 4
    runs.wait()
    assert runs.read(made) == cancelled | {"included": None}
    assert runs.files(made) == []


def test_a_retry_starts_anew_under_the_same_id(runs: RunDesk) -> None:
    workflow = runs.claims()
    file = {"filename": "a.txt", "content": encoded(b"a")}
    made = runs.ended(workflow, file_inputs=[file])
    path = f"/v1/runs/{made['id']}/retry"
    runs.ok("POST", path, 422, json={"input_values": {"user": "bob", "day": "never"}})
    inputs = {"user": "bob", "day": "2026-02-02"}
    again = runs.ok("POST", path, json={"input_values": inputs, "is_priority": True})
    assert (again["id"], again["status"], again["is_priority"]) == (made["id"], "scheduling", True)
    assert again["output_data"] is again["ended_at"] is None
    assert again["run_message_history"] == again["output_attachment_ids"] == []
    assert again["input_attachment_ids"] == made["input_attachment_ids"]
    runs.wait()
    after = runs.read(made)
    assert after["output_data"]["day"] == "2026-02-02"
    assert runs.files(made) == ["a.txt", "grid-2026-02-02.png"]
    other = {"filename": "b.txt", "content": encoded(b"b")}
    runs.ok("POST", path, json={"file_inputs": [other]})
    runs.wait(1)
    assert runs.files(made) == ["b.txt"]


def test_deleting_a_run_deletes_its_files(runs: RunDesk) -> None:
    made = runs.ended(runs.claims())
    (attachment,) = made["output_attachment_ids"]
    runs.ok("DELETE", f"/v1/runs/{made['id']}", 204)
    runs.ok("GET", f"/v1/run-attachments/{attachment}", 404)
    assert runs.listed() == []


def test_deleting_the_workflow_deletes_its_runs_and_the_machine_only_its_name(
    runs: RunDesk,
) -> None:
    workflow = runs.claims()
    made = runs.ended(workflow)
    runs.ok("DELETE", f"/v1/machines/{made['machine_id']}", 204)
    assert runs.read(made)["machine_id"] is None
    runs.ok("DELETE", f"/v1/workflows/{workflow['id']}", 204)
    runs.ok("GET", f"/v1/runs/{made['id']}", 404)


def test_screenshots_of_the_history_can_be_seen(runs: RunDesk) -> None:
    made = runs.ended(runs.claims())
    address = next(
        block["image_url"]
        for item in made["run_message_history"]
        for block in item["content"]
        if block["type"] == "image"
    )
    path = f"/v1/runs/{made['id']}/image/signed-url"
    reply = runs.ok("GET", path, params={"image_url": address, "expires_in": 10})
    assert (reply["supabase_url"], reply["expires_in"]) == (address, 10)
    shown = runs.send("GET", reply["signed_url"], headers={"Authorization": ""})
    assert shown.content.startswith(b"\x89PNG")
    runs.wait(11_000)
    assert runs.send("GET", reply["signed_url"]).status_code == 400
    for wrong in ("supabase://run-images/other.png", "https://x.test/a.png"):
        runs.ok("GET", path, 404, params={"image_url": wrong})


def test_ended_runs_are_found_by_their_end() -> None:
    clock = [STANDSTILL]
    with Store.open(None, clock=lambda: clock[0]) as store:
        with RunDesk(store, clock, ()) as runs:
            workflow = runs.claims()
            first = runs.ended(workflow)
            cancelled = runs.run(workflow, input_values=INPUTS)
            cancelled = runs.change(cancelled, status="cancelled")
            runs.wait()
            live = runs.run(workflow, input_values=INPUTS)
            runs.wait(1)
        with store.read("org_local") as transaction:
            since = "2026-01-01T00:00:00.000000Z"
            found = find_ended_runs(transaction, since=since, until=transaction.now)
            assert [row.id for row in found] == [first["id"], cancelled["id"]]
            later = find_ended_runs(transaction, since=first["ended_at"], until=transaction.now)
            assert [row.id for row in later] == [cancelled["id"]]
            far = "2027-01-01T00:00:00.000000Z"
            assert find_ended_runs(transaction, since=far, until=far) == []
        assert live["status"] == "scheduling"


def test_check_results_follow_what_the_run_brought(runs: RunDesk) -> None:
    checks = [
        check("none", file_target_mode="regex", file_name_regex="x^never"),
        check("bad", file_target_mode="regex", file_name_regex="("),
        {"name": "schema", "type": "output_data_passes_schema_validation"},
        {"name": "words", "type": "output_data_agentic_check", "check_prompt": "fine"},
        {
            "name": "optional",
            "type": "run_attachment_image_check",
            "file_target_mode": "exact",
            "file_names": ["absent.png"],
            "allow_missing_attachments": True,
        },
    ]
    after = runs.ended(runs.claims(post_run_checks=checks))
    assert [(item["name"], item["status"]) for item in after["post_run_checks"]] == [
        ("none", "failed"),
        ("bad", "infra_error"),
        ("schema", "success"),
        ("words", "success"),
        ("optional", "success"),
    ]
    assert (after["status"], len(after["error"])) == ("error", 2)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    waits=st.lists(st.integers(0, 700), min_size=1, max_size=8),
    rule=st.sampled_from(
        [
            RunRule(),
            RunRule(fail={"step": "1"}),
            RunRule(error="broken"),
            RunRule(checks={"picture": "infra_error"}),
            RunRule(cancelled=0.3),
        ]
    ),
)
def test_states_only_move_forward_and_end_in_one(waits: list[int], rule: RunRule) -> None:
    order = ["scheduling", "running", "running_checks", "end"]
    with run_desk(rule) as runs:
        made = runs.run(runs.claims(), input_values=INPUTS)
        last, length = 0, 0
        for wait in [*waits, 3_000]:
            runs.wait(wait)
            now = runs.read(made)
            assert now == runs.ok("GET", "/v1/runs")["items"][0] | {"included": None}
            state = now["status"] if now["status"] in order else "end"
            assert order.index(state) >= last
            assert len(now["run_message_history"]) >= length
            last, length = order.index(state), len(now["run_message_history"])
        assert order[last] == "end"
