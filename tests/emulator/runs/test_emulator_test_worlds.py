"""A run of the local Cyberdesk ends as a test says, in the world of the test."""

from __future__ import annotations

import json
from typing import Any

from flowdsl.emulator.scenario import make_scenario
from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.simulate.executions import world_with_defaults
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import SUCCESS, Trace
from flowdsl.simulate.world import World
from flowdsl.syntax import ast
from flowdsl.testing.cases import Case, cases_of, inputs_of
from flowdsl.testing.chains import chain_runs
from flowdsl.testing.outcome import Problem
from flowdsl.testing.rehearsal import rehearsal_rules
from flowdsl.testing.run import every_run, run_test
from flowdsl.testing.suite import Suite
from tests.emulator.runs.run_desk import RunDesk, run_desk
from tests.support.effort import every
from tests.support.flows.compiling import EXAMPLES, workflow
from tests.support.flows.examples import example_suite
from tests.support.flows.expectations import CORPUS, find_cases
from tests.support.flows.post_run_checks import TABLE
from tests.support.flows.post_run_checks import source as checked_source
from tests.support.flows.tested import suite_of
from tests.support.rows import in_rows

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))


def wanted_of_chain(suite: Suite, case: Case) -> Trace:
    """The last step of a chain in the world of a passing test."""
    assert case.chain is not None
    problems: list[Problem] = []
    *_, last = chain_runs(suite, case, case.chain, problems)
    assert problems == []
    return last.trace


def made(desk: RunDesk, suite: Suite, case: Case, name: str) -> Any:
    """A workflow of the service with the payload of what a case tests."""
    payload = suite.payload(case.workflow)
    return desk.workflow(
        name=name,
        main_prompt=payload.prompt,
        input_schema=payload.input_schema,
        output_schema=payload.output_schema,
        post_run_checks=definitions(payload),
    )


def definitions(payload: Payload) -> list[dict[str, Any]]:
    """The checks of a workflow, judged by the model that the service takes by itself."""
    return [{name: each[name] for name in each if name != "model"} for each in payload.checks]


def secrets(payload: Payload) -> dict[str, str]:
    properties = json.loads(payload.input_schema or "{}").get("properties", {})
    return {name[1:]: "pw" for name in properties if name.startswith("$")}


def assert_ends_as(run: Any, trace: Trace) -> None:
    ending = trace.ending
    if ending.status == SUCCESS and not trace.is_well:
        assert run["status"] == "error"
    else:
        assert (run["status"], run["error"] or []) == (
            ending.status,
            [] if ending.status == SUCCESS else [ending.reason],
        )
    if ending.status == SUCCESS and trace.refused is None:
        assert (run["output_data"] or {}) == dict(ending.outputs)
        judged = [check["status"] for check in run["post_run_checks"] or ()]
        assert judged == [verdict.status for verdict in trace.checks]


def assert_a_run_ends_as(suite: Suite, case: Case) -> int:
    """Play the world of a passing test, and its replays behind it; how many those are."""
    assert run_test(suite, case).problems == ()
    with run_desk(*make_scenario({"runs": rehearsal_rules(suite, case)}).runs) as desk:
        if case.chain is not None:
            assert_ends_as(chain_ended(desk, suite, case), wanted_of_chain(suite, case))
            return 0
        payload = suite.payload(case.workflow)
        deployed = made(desk, suite, case, suite.title(case.workflow))
        first, *replays = every_run(suite, case)
        for world, trace in (first, *replays):
            run = desk.ended(
                deployed,
                input_values=dict(world_with_defaults(payload, world).inputs),
                sensitive_input_values=secrets(payload),
            )
            assert_ends_as(run, trace)
            recorded = desk.ok("GET", f"/v1/trajectories?is_generated=false&run_id={run['id']}")
            if replays:
                assert recorded["total"] == (trace is first[1])
        return len(replays)


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
            defaults[run.name] = world_with_defaults(payload, World({}, nobody, {})).inputs
            ids[run.name] = desk.workflow(
                name=suite.title(run),
                main_prompt=payload.prompt,
                input_schema=payload.input_schema,
                output_schema=payload.output_schema,
                post_run_checks=definitions(payload),
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


@in_rows("folder", FOLDERS)
def test_a_run_of_an_example_ends_as_its_test_says(folder: str) -> None:
    suite = example_suite(folder)
    cases = [case for case in cases_of(suite.model) if needs_run(case.items)]
    assert len(cases) > 5
    cases = list(every(14, cases))
    replays = sum(assert_a_run_ends_as(suite, case) for case in cases)
    written = sum(isinstance(item, ast.ThenGiven) for case in cases for item in case.items)
    assert replays == written


def test_a_run_of_every_construct_ends_as_its_test_says() -> None:
    (corpus,) = (case for case in find_cases(CORPUS / "valid") if case.id == "valid/tested")
    suite = suite_of(corpus.files)
    cases = [case for case in cases_of(suite.model) if needs_run(case.items) and not case.task]
    assert len(cases) > 20
    for case in every(25, cases):
        assert_a_run_ends_as(suite, case)


BODY = """
press "F5"
while not sees "the end of {what}" max 4 { press "Down" }
for row in rows {
  extract names: string[] from "the names in {row}"
  extract note: string? from "the note"
  copy code from "the code" else abort "no code in {row}"
  emit all += { row: row, names: names, note: note, code: code }
}
run "Get-Item a" else abort "no item"
extract size: int from "the size"
emit size = size
"""
SECTIONS = """
inputs { what: string rows: string[] @max_items(5) }
secrets { pin: string }
outputs { all: { row: string, names: string[], note: string?, code: string }[] size: int }
"""
GIVEN = 'given { what = "it" rows = ["a", "b"] }'


@in_rows(
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


REPLAYED = (
    workflow(
        """
        do "Open the list."
        type who into "the name"
        extract n: int from "the number"
        if sees "a warning" { press "Esc" abort "{who} has a warning" }
        for row in rows { type row into "the row" expect "{row} is saved" else abort "no {row}" }
        emit n = n
        emit name = who
        if note is not empty { emit note = note }
        """,
        sections='inputs { who: string = "Ann" note: string? rows: string[] @max_items(3) } '
        "outputs { n: int name: string note: string? }",
    )
    + '\ntest "t" for w { given { rows = ["a", "b"] } TEST }'
)


@in_rows(
    ("test", "replays"),
    [
        ('reads { n = 3 } then given { who = "Bo" } run 2 outputs { name = "Bo" ... }', 1),
        # The list of a replay is longer than the one that was recorded, or empty.
        ('reads { n = 3 } then given { rows = ["c", "d", "e"] } then given { rows = [] }', 2),
        ('reads { n = 3 } screen { "e is saved" = false } then given { rows = ["e"] } '
         'run 2 aborts "no e"', 1),
        # Of two runs with the same inputs but one, the rule of that with more is for it alone.
        ('reads { n = 3 } then given { note = "x" } run 2 outputs { note = "x" ... }', 1),
        ("reads { n = 3 } then given { }", 1),
    ],
)  # fmt: skip
def test_a_replay_of_a_test_is_one_on_the_local_service(test: str, replays: int) -> None:
    suite = suite_of(REPLAYED.replace("TEST", test))
    (case,) = cases_of(suite.model)
    assert assert_a_run_ends_as(suite, case) == replays


def test_what_a_replay_answers_is_for_the_replay() -> None:
    suite = suite_of(
        REPLAYED.replace(
            "TEST",
            'reads { n = 3 } screen { "b is saved" = [true] "x is saved" = false } '
            'then given { rows = ["x"] } run 2 aborts "no x"',
        )
    )
    (case,) = cases_of(suite.model)
    first, second = rehearsal_rules(suite, case)
    assert first["approve"] is True and "approve" not in second
    assert (first["inputs"]["rows"], second["inputs"]["rows"]) == (["a", "b"], ["x"])
    assert "x is saved" not in first["screen"] and second["screen"]["x is saved"] is False
    assert assert_a_run_ends_as(suite, case) == 1


def test_two_steps_that_run_one_workflow_have_a_rule_each() -> None:
    suite = suite_of(
        workflow('press "F5" expect "{n} is open"', sections="inputs { n: int }")
        + "\nchain c { step one = run w(n: 1) step two = run w(n: 2) }"
        '\ntest "t" for chain c { step two { screen { ~"open" = never } } '
        'aborts "not so or not found: 2 is open" }'
    )
    (case,) = cases_of(suite.model)
    assert [(rule["workflow"], rule["nth"]) for rule in rehearsal_rules(suite, case)] == [
        ("w", 1),
        ("w", 2),
    ]
    assert_a_run_ends_as(suite, case)


# Post-run checks: the local service judges them by code of its own


def checked(suite: Suite, case: Case) -> tuple[str, list[str]]:
    """How the run of a test ends on the local service, with the status of each of its checks."""
    payload = suite.payload(case.workflow)
    with run_desk(*make_scenario({"runs": rehearsal_rules(suite, case)}).runs) as desk:
        deployed = made(desk, suite, case, suite.title(case.workflow))
        ((world, _),) = every_run(suite, case)
        values = dict(world_with_defaults(payload, world).inputs)
        run = desk.ended(deployed, input_values=values)
        return run["status"], [check["status"] for check in run["post_run_checks"] or ()]


def assert_checks_are_judged_alike(suite: Suite, case: Case) -> list[str]:
    status, judged = checked(suite, case)
    ((_, trace),) = every_run(suite, case)
    assert judged == [verdict.status for verdict in trace.checks]
    passes = run_test(suite, case).problems == ()
    assert (status == "success") is passes is trace.is_well
    return judged


@in_rows("kind", TABLE)
def test_a_check_is_judged_as_its_test_says(kind: str) -> None:
    row = TABLE[kind]
    for given, status in ((row.good, "success"), (row.bad, "failed")):
        test = f'test "t" for w {{ given {{ {given} }} reads {{ total = 2 }} }}'
        suite = suite_of(f"{checked_source(row.check)}\n{test}")
        (case,) = cases_of(suite.model)
        assert assert_checks_are_judged_alike(suite, case) == [status]


@in_rows(
    ("answers", "judged"),
    [
        ("", ["success", "success"]),
        ('checks { ~"not negative" = failed }', ["success", "failed"]),
        ('checks { "a grid" = false }', ["failed", "success"]),
    ],
)
def test_what_a_model_says_of_a_check_is_said_on_the_service(
    answers: str, judged: list[str]
) -> None:
    checks = 'image "a.png" shows "a grid" output satisfies "total is not negative"'
    given = 'given { names = ["a"] } reads { total = 2 }'
    suite = suite_of(f'{checked_source(checks)}\ntest "t" for w {{ {given} {answers} }}')
    (case,) = cases_of(suite.model)
    assert assert_checks_are_judged_alike(suite, case) == judged


def test_a_run_whose_outputs_are_refused_ends_in_an_error_on_the_service() -> None:
    body = 'press "F5" extract n: int from "n" emit n = n'
    text = workflow(body, sections="outputs { n: int @min(0) }")
    for number, passes in ((-1, False), (0, True)):
        suite = suite_of(f'{text}\ntest "t" for w {{ reads {{ n = {number} }} }}')
        (case,) = cases_of(suite.model)
        assert (run_test(suite, case).problems == ()) is passes
        assert checked(suite, case)[0] == ("success" if passes else "error")
