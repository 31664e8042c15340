from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flowdsl.emulator.simulation.rules import RuleTally, RunRule
from tests.emulator.runs.run_desk import INPUTS, run_desk
from tests.support.rows import in_rows


def rule(**values: Any) -> RunRule:
    return RunRule.model_validate(values)


@in_rows(
    ("effect", "status", "error"),
    [
        ({"fail": {"step": 1}}, "task_failed", ["Sign-in refused for ann"]),
        ({"fail": {"step": "1.2"}}, "task_failed", ["Sign-in refused for ann"]),
        ({"fail": {"step": 2}}, "task_failed", ["step 2 failed"]),
        ({"fail": {"step": 2, "reason": "gone"}}, "task_failed", ["gone"]),
        ({"fail": {"step": 99}}, "task_failed", ["step 3 failed"]),
        ({"error": "the agent crashed"}, "error", ["the agent crashed"]),
        ({"refuse": "no worker"}, "error", ["no worker"]),
        ({"cancelled": "300ms"}, "cancelled", None),
    ],
)
def test_a_run_ends_as_the_scenario_says(effect: Any, status: str, error: Any) -> None:
    with run_desk(rule(**effect)) as runs:
        after = runs.ended(runs.claims())
        assert (after["status"], after["error"], after["output_data"]) == (status, error, None)


def test_a_failed_step_is_the_last_of_the_history() -> None:
    with run_desk(rule(fail={"step": "1.2", "reason": "locked"})) as runs:
        history = runs.ended(runs.claims())["run_message_history"]
    assert history[-1]["event_type"] == "task_failed"
    assert history[-1]["content"][0]["tool_input"] == {"reason": "locked"}
    assert history[-2]["content"][0]["error"] == "locked"
    assert sum(item["role"] == "assistant" for item in history) == 4


LOOP = """1. Open the list.
2. For each entry of the list "claims".
   2.1 Use start_loop with text="{claims}".
   2.2 Open {{loop_item}}. If it is closed, use declare_task_failed with the \
reason "{{loop_item}} is closed".
   2.3 Use save_screenshot_as_run_attachment with the file name "{{loop_item}}.png".
   2.4 Use end_loop_iteration with text="done".
3. Leave.
"""


@in_rows(
    ("entry", "failed", "files"),
    [(None, "A", []), (3, "C", ["A.png", "B.png"]), (9, "C", ["A.png", "B.png"])],
)
def test_a_step_of_a_loop_fails_in_the_entry_that_is_named(
    entry: int | None, failed: str, files: list[str]
) -> None:
    fail = {"step": "2.2"} if entry is None else {"step": "2.2", "entry": entry}
    with run_desk(rule(fail=fail)) as runs:
        workflow = runs.workflow(name="Claims", main_prompt=LOOP)
        made = runs.ended(workflow, input_values={"claims": ["A", "B", "C"]})
        messages = made["run_message_history"]
        opened = [
            (message["iteration_index"], message["content"][0]["text"])
            for message in messages
            if message["role"] == "assistant"
            and message["content"][0].get("text", "").startswith("2.2 ")
        ]
        names = ["A"] if entry is None else ["A", "B", "C"]
        assert [(at, text.split()[2]) for at, text in opened] == [
            (at, f"{name}.") for at, name in enumerate(names)
        ]
        loops = {message["loop_uuid"] for message in messages if "loop_uuid" in message}
        assert len(loops) == 1
        assert "Leave" not in str(messages[1:])
        assert (made["status"], made["error"]) == ("task_failed", [f"{failed} is closed"])
        assert runs.files(made) == files


def test_outputs_are_put_in_by_path_and_unchecked() -> None:
    values = {"paid": -1, "extra.deep": "x", "claim_no": "C-1"}
    checks = [{"name": "schema", "type": "output_data_passes_schema_validation"}]
    with run_desk(rule(outputs=values)) as runs:
        after = runs.ended(runs.claims(post_run_checks=checks))
    assert after["output_data"]["paid"] == -1
    assert after["output_data"]["extra"] == {"deep": "x"}
    assert after["output_data"]["claim_no"] == "C-1"
    assert (after["status"], after["post_run_checks"][0]["status"]) == ("error", "failed")
    assert "`paid`" in after["error"][0]


@in_rows("state", ["scheduling", "running", "running_checks"])
def test_a_run_stays_where_it_is_told(state: str) -> None:
    with run_desk(rule(stay=state, workflow="Claims")) as runs:
        after = runs.ended(runs.claims())
        assert (after["status"], after["ended_at"]) == (state, None)
        other = runs.run(runs.workflow(), machine_id=after["machine_id"])
        runs.wait()
        # Only a working run keeps its machine.
        expected = "scheduling" if state == "running" else "success"
        assert runs.states(other) == [expected]
        cancelled = runs.change(after, status="cancelled")
        assert cancelled["ended_at"] is not None
        runs.wait()
        assert runs.states(other) == ["success"]


def test_runs_move_up_when_the_workflow_of_the_run_before_them_is_deleted() -> None:
    with run_desk(rule(stay="running", workflow="Held")) as runs:
        held = runs.workflow(name="Held")
        runs.run(held)
        waiting = runs.run(runs.workflow())
        runs.wait()
        assert runs.read(waiting)["status"] == "scheduling"
        runs.ok("DELETE", f"/v1/workflows/{held['id']}", 204)
        runs.wait()
        assert runs.read(waiting)["status"] == "success"


def test_slow_adds_to_the_time_a_run_works() -> None:
    with run_desk(rule(slow="5s")) as runs:
        made = runs.run(runs.claims(), input_values=INPUTS)
        runs.wait(5_900)
        assert runs.states(made) == ["running"]
        runs.wait(500)
        assert runs.states(made) == ["success"]


def test_the_first_rule_whose_turn_it_is_decides() -> None:
    tally = RuleTally(
        [
            rule(workflow="Claims*", nth=2, error="second"),
            rule(inputs={"patient.mrn": "7"}, error="seven"),
            rule(workflow="Other", error="other"),
        ]
    )
    seven = {"patient": {"mrn": "7"}}
    met = [
        tally.effects(name, inputs).error
        for name, inputs in (
            ("Claims A", {}),
            ("Claims B", seven),
            ("Claims C", seven),
            ("Other", {}),
            (None, {"patient": "7"}),
        )
    ]
    assert met == [None, "second", "seven", "other", None]


def test_retries_count_as_runs() -> None:
    with run_desk(rule(nth=1, error="first")) as runs:
        made = runs.ended(runs.claims())
        assert made["status"] == "error"
        runs.ok("POST", f"/v1/runs/{made['id']}/retry", json={})
        runs.wait()
        assert runs.states(made) == ["success"]


@in_rows(
    "values",
    [
        {"unknown": 1},
        {"nth": 0},
        {"fail": {"step": "x"}},
        {"fail": {}},
        {"checks": {"a": "success"}},
        {"stay": "success"},
        {"slow": -1},
        {"slow": float("nan")},
    ],
)
def test_unknown_words_are_refused(values: Any) -> None:
    with pytest.raises(ValidationError):
        rule(**values)
