"""Values that a machine, a pool or an earlier step supplied: the trace does not know them, and says
no others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.store import Store
from tests.cli.tracing.traced_desk import TracedDesk, line_of
from tests.support.command_line import write_tree
from tests.support.services.embedded_service import Client

FLOW = """\
flow 1

## Opens a claim at a site.
workflow claims {
  inputs { number: string @pattern(r"^[0-9]{1,5}$"), site: string @machine, memo: string? }
  steps {
    do "Open the portal."
    expect "the portal of {site} is open"
      else abort "The portal of {site} did not open"
    choose "the claim {number} of {site}"
    expect "the claim {number} is open"
      else abort "The claim {number} of {site} is another one"
    do "Press Close."
  }
}
"""
OPENED = line_of(FLOW, 'expect "the portal of')
ANOTHER = line_of(FLOW, 'expect "the claim')
CHOSEN = line_of(FLOW, "choose")


@pytest.fixture
def desk(tmp_path: Path) -> TracedDesk:
    desk = TracedDesk(tmp_path)
    write_tree(tmp_path, {"flows/claims.flow": FLOW})
    desk.deploy()
    # The first run makes the machine.
    run_of(desk, {}, site="Valley")
    with Store.open(tmp_path / ".flowdsl/emulator.sqlite") as store:
        client = Client(store)
        (machine,) = client("GET", "machines").json()["items"]
        parameters = {"machine_parameters": {"site": "Hill"}}
        assert client("PATCH", f"machines/{machine['id']}", json=parameters).status_code == 200
    return desk


def run_of(desk: TracedDesk, rule: dict[str, Any], **values: Any) -> str:
    history = values.pop("history", None)
    inputs = {"number": "12", **values}
    return desk.run(rule, history=history, input_values=inputs, sensitive_input_values={})


def test_a_failure_is_at_its_line_although_the_reason_holds_a_machines_value(
    desk: TracedDesk,
) -> None:
    for screen, line in (
        ("the portal of Hill is open", OPENED),
        ("the claim 12 of Hill", CHOSEN),
        ("the claim 12 is open", ANOTHER),
    ):
        run = run_of(desk, {"screen": {screen: False}})
        told = desk.told(run)
        assert told["failure"]["source"]["start"]["line"] == line, screen
        assert told["failure"]["is_check"] is True
        assert told["prompt"]["certainty"] == "told"
        assert told["totals"]["not_placed"] == 0
        # The agent was told the value, so the trace knows it.
        texts = [each["text"] for each in told["lines"]]
        assert "__EMPTY__" not in json.dumps([*texts, told["failure"]]), screen


def test_without_what_the_agent_was_told_the_value_is_its_name(desk: TracedDesk) -> None:
    instruction = "Check “the portal of Hill is open”."
    call = {
        "type": "tool_use",
        "tool_use_id": "t",
        "tool_name": "focused_action",
        "tool_input": {"instruction": instruction},
    }
    gave_up = {
        "type": "tool_use",
        "tool_name": "declare_task_failed",
        "tool_input": {"reason": "The claim 12 of Hill is another one"},
    }
    answer = {"type": "tool_result", "tool_use_id": "t", "tool_result": "opened: yes\nclaim: no"}
    history = [
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [answer]},
        {"role": "assistant", "content": [gave_up]},
    ]
    run = run_of(desk, {"screen": {"the claim 12 is open": False}}, history=history)
    told = desk.told(run)
    assert told["failure"]["source"]["start"]["line"] == ANOTHER
    shown = desk.trace(run, "--entries", "--html", "trace.html").text
    assert "⟦The claim 12 of {site} is another one⟧" in shown
    page = (desk.root / "trace.html").read_text()
    assert "__EMPTY__" not in shown + page
    # What came back on two lines is shown on two.
    assert "    read: opened: yes\n          claim: no\n" in shown
    assert "    -> opened: yes\n       claim: no\n" in shown
    assert "\\x0a" not in shown


def test_a_value_of_an_earlier_step_is_not_known(desk: TracedDesk) -> None:
    call = {
        "type": "tool_use",
        "tool_name": "declare_task_failed",
        "tool_input": {"reason": "The portal of Dale did not open"},
    }
    history = [{"role": "assistant", "content": [call]}]
    failing = {"screen": {"the claim 12 is open": False}}
    run = run_of(desk, failing, site="Dale", history=history)
    with Store.open(desk.root / ".flowdsl/emulator.sqlite") as store:
        referred = {"number": "12", "site": {"$ref": "first.outputs.site"}}
        done = Client(store)("PATCH", f"runs/{run}", json={"input_values": referred})
        assert done.status_code == 200, done.text
    told = desk.told(run)
    assert told["failure"]["source"]["start"]["line"] == OPENED
    assert "$ref" not in json.dumps(told["failure"])
