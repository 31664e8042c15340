"""A run of the local Cyberdesk ends as a test says, under the scenario of the test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowdsl.emulator.scenario import make_scenario
from flowdsl.simulate.executions import started_world
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import SUCCESS, Ending
from flowdsl.simulate.world import World
from flowdsl.testing.cases import Case, cases_of, inputs_of
from flowdsl.testing.chains import chain_runs
from flowdsl.testing.expectations import needs_run
from flowdsl.testing.outcome import Problem
from flowdsl.testing.run import first_run, run_test
from flowdsl.testing.scenarios import rehearsal
from flowdsl.testing.suite import Suite
from tests.emulator.runs.run_desk import RunDesk, run_desk
from tests.support.flows.compiling import EXAMPLES, workflow
from tests.support.flows.examples import example_suite
from tests.support.flows.tested import suite_of

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))


def wanted(suite: Suite, case: Case) -> Ending:
    """How the program ends in the world of a passing test."""
    assert run_test(suite, case).problems == ()
    if case.chain is not None:
        problems: list[Problem] = []
        *_, last = chain_runs(suite, case, case.chain, problems)
        assert problems == []
        return last.trace.ending
    found = first_run(suite, case)
    assert found is not None
    return found[1].ending


def made(desk: RunDesk, suite: Suite, case: Case, name: str) -> Any:
    """A workflow of the service with the payload of what a case tests."""
    payload = suite.payload(case.workflow)
    return desk.workflow(
        name=name,
        main_prompt=payload.prompt,
        input_schema=payload.input_schema,
        output_schema=payload.output_schema,
    )


def secrets(payload: Payload) -> dict[str, str]:
    properties = json.loads(payload.input_schema or "{}").get("properties", {})
    return {name[1:]: "pw" for name in properties if name.startswith("$")}


def assert_ends_as(run: Any, ending: Ending) -> None:
    assert (run["status"], run["error"] or []) == (
        ending.status,
        [] if ending.status == SUCCESS else [ending.reason],
    )
    if ending.status == SUCCESS:
        assert (run["output_data"] or {}) == dict(ending.outputs)


def assert_a_run_ends_as(suite: Suite, case: Case) -> None:
    found = rehearsal(suite, case)
    assert found is not None
    with run_desk(*make_scenario(found.scenario).runs) as desk:
        if case.chain is not None:
            assert_ends_as(chain_ended(desk, suite, case), wanted(suite, case))
            return
        payload = suite.payload(case.workflow)
        inputs = inputs_of(case, suite.literals(case.module))
        run = desk.ended(
            made(desk, suite, case, suite.title(case.workflow)),
            input_values=dict(started_world(payload, World(inputs, nobody, {})).inputs),
            sensitive_input_values=secrets(payload),
        )
        assert_ends_as(run, wanted(suite, case))


def nobody(question: object, position: int) -> Any:
    raise AssertionError("only inputs are looked at")


def chain_ended(desk: RunDesk, suite: Suite, case: Case) -> Any:
    """The last run of a chain that has begun, after its end."""
    assert case.chain is not None
    given = inputs_of(case, suite.literals(case.module))
    body = json.loads(
        json.dumps(suite.chain(case.chain).whole),
        object_hook=lambda each: given[each["$input"]] if "$input" in each else each,
    )
    ids: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    for _, run in case.chain.steps:
        assert run is not None
        if run.name not in ids:
            payload = suite.payload(run)
            defaults[run.name] = started_world(payload, World({}, nobody, {})).inputs
            ids[run.name] = desk.workflow(
                name=suite.title(run),
                main_prompt=payload.prompt,
                input_schema=payload.input_schema,
                output_schema=payload.output_schema,
            )["id"]
    steps = [
        {
            **{name: value for name, value in step.items() if name != "sensitive_inputs"},
            "workflow_id": ids[step["workflow_id"]],
            "inputs": defaults[step["workflow_id"]] | step.get("inputs", {}),
            "sensitive_inputs": dict.fromkeys(step.get("sensitive_inputs", {}), "pw"),
        }
        for step in body["steps"]
    ]
    others = {name: each for name, each in body.items() if name not in ("steps",)}
    begun = desk.chain(*steps, **others)
    for _ in steps:
        desk.wait()
    runs = [desk.read(run) for run in begun["run_ids"]]
    return [run for run in runs if run["status"] in ("success", "task_failed")][-1]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_run_of_an_example_ends_as_its_test_says(folder: str) -> None:
    suite = example_suite(folder)
    cases = [case for case in cases_of(suite.model) if needs_run(case.items)]
    assert len(cases) > 5
    for case in cases:
        assert_a_run_ends_as(suite, case)


BODY = """
press "F5"
repeat until sees "the end of {what}" max 4 { press "Down" }
for row in rows {
  extract names: string[] from "the names in {row}"
  extract note: string? from "the note"
  copy code from "the code" else abort "no code in {row}"
  emit all += { row: row, names: {{names}}, note: {{note}}, code: {{code}} }
}
run "Get-Item a" else abort "no item"
extract size: int from "the size"
emit size = {{size}}
"""
SECTIONS = """
inputs { what: string rows: string[] @max_items(5) }
secrets { pin: string }
outputs { all: { row: string, names: string[], note: string?, code: string }[] size: int }
"""
GIVEN = 'given { what = "it" rows = ["a", "b"] }'


@pytest.mark.parametrize(
    "test",
    [
        'screen { ~"end of" = [false, false, true] } '
        'reads { names = [["x"], []] note = [null, "n"] code = ["1", "2"] size = 3 }',
        'reads { names = ["x", "y"] code = ["1", unreadable] } aborts "no code in b"',
        'screen { ~"end of" = never } aborts',
        'item 2 { reads { note = "two" } } reads { names = [] code = "7" size = [0] }',
    ],
)
def test_answers_in_turn_and_lists_are_told_apart(test: str) -> None:
    suite = suite_of(workflow(BODY, sections=SECTIONS) + f'\ntest "t" for w {{ {GIVEN} {test} }}')
    (case,) = cases_of(suite.model)
    assert_a_run_ends_as(suite, case)


def test_two_steps_that_run_one_workflow_have_a_rule_each() -> None:
    suite = suite_of(
        workflow('press "F5" expect "{n} is open"', sections="inputs { n: int }")
        + "\nchain c { step one = run w(n: 1) step two = run w(n: 2) }"
        '\ntest "t" for chain c { step two { screen { ~"open" = never } } aborts "2 is open" }'
    )
    (case,) = cases_of(suite.model)
    found = rehearsal(suite, case)
    assert found is not None
    assert [(rule["workflow"], rule["nth"]) for rule in found.scenario["runs"]] == [
        ("w", 1),
        ("w", 2),
    ]
    assert_a_run_ends_as(suite, case)
