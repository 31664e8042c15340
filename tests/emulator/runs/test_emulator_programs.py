"""Runs of FlowDSL's own prompts end as their programs do, under the scenario's answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from flowdsl.codegen.artifacts import WorkflowArtifact
from flowdsl.compiler.pipeline import Compilation
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.emulator.simulation.files import base_name
from flowdsl.emulator.simulation.plans import PlayedRun
from flowdsl.emulator.simulation.rules import Effects, RunRule
from flowdsl.emulator.simulation.run_plan import play
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.simulate.executions import payload_of
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import CAPTURE, EXPORT, SUCCESS, Trace
from flowdsl.simulate.world import COMMAND, COPY, OUTPUT, READ, SEES, Question, World
from tests.emulator.runs.run_desk import RunDesk, run_desk
from tests.support.flows.compiling import EXAMPLES, compile_folder, only_workflow, workflow
from tests.support.flows.worlds import default_world, without_condition
from tests.support.rows import for_rows, in_rows

TABLES = {READ: "reads", COPY: "reads", OUTPUT: "reads", COMMAND: "commands"}
EXAMPLE_INPUTS: dict[str, Any] = {
    "birth_date": "1980-05-31",
    "claim_count": 7,
    "company": "Northwind Tiles Ltd",
    "control_total": 2.5,
    "file_name": "claims-daily.pdf",
    "first_day": "2026-01-01",
    "from_day": "2026-02-01",
    "invoices": [
        {
            "number": f"INV-{number}",
            "vendor_code": "V00001",
            "invoice_date": "2026-01-31",
            "amount": 12.5,
            "currency": "EUR",
        }
        for number in (1, 2, 3)
    ],
    "last_day": "2026-01-31",
    "mrn": "4471203",
    "note": "asks for a chair by the window",
    "period": "daily",
    "portal_user": "ann",
    "post_batch": True,
    "regions": ["North", "South", "West"],
    "site": "Hill",
    "to_day": "2026-02-07",
    "with_medications": True,
}
PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml"))


def rule(**values: Any) -> RunRule:
    return RunRule.model_validate(values)


def scenario_of(trace: Trace) -> dict[str, dict[str, list[Any]]]:
    """The answers that a program was given, as a scenario has them."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for each in trace.asked:
        table = tables.setdefault(TABLES.get(each.question.kind, "screen"), {})
        table.setdefault(each.question.text, []).append(each.answer)
    return tables


def effects(**values: Any) -> Effects:
    return Effects.model_validate(values)


def planned(payload: Payload, inputs: Mapping[str, Any], how: Effects, **values: Any) -> PlayedRun:
    """What a run of a payload is played from."""
    return PlayedRun(
        "seed",
        payload.prompt,
        inputs,
        payload.output_schema,
        effects=how,
        input_schema=payload.input_schema,
        **values,
    )


def started(desk: RunDesk, payload: Payload, inputs: Mapping[str, Any]) -> Any:
    """A run of a payload, after its end."""
    made = desk.workflow(
        main_prompt=payload.prompt,
        input_schema=payload.input_schema,
        output_schema=payload.output_schema,
    )
    return again(desk, made, payload, inputs)


def again(desk: RunDesk, made: Any, payload: Payload, inputs: Mapping[str, Any]) -> Any:
    """A run of the workflow that a payload was put into, after its end."""
    return desk.ended(made, input_values=dict(inputs), sensitive_input_values=secrets(payload))


def secrets(payload: Payload) -> dict[str, str]:
    properties = json.loads(payload.input_schema or "{}").get("properties", {})
    return {name[1:]: "pw" for name in properties if name.startswith("$")}


def accepted(payload: Payload, *, missing: bool, entries: int) -> dict[str, Any]:
    """Inputs of an example, with so many entries where that may be; or those that it must have."""
    schema = json.loads(payload.input_schema or "{}")
    found: dict[str, Any] = {}
    for name in schema["properties"]:
        if name.startswith("$") or (missing and name not in schema["required"]):
            continue
        value = EXAMPLE_INPUTS[name]
        found[name] = value[: max(entries, 1)] if isinstance(value, list) else value
    return found


def compiled(body: str, sections: str = "") -> Payload:
    return payload_of(only_workflow(workflow(body, sections=sections)))


def played(body: str, sections: str = "", /, *rules: RunRule, **inputs: Any) -> Any:
    """The end of a run of these statements under these rules."""
    with run_desk(*rules) as desk:
        return started(desk, compiled(body, sections), inputs)


def said(run: Any, event: str) -> list[str]:
    """The texts of the notes of a type."""
    return [
        message["content"][0]["text"]
        for message in run["run_message_history"]
        if message.get("event_type") == event
    ]


def lines(run: Any) -> list[str]:
    """The first line of what was said to each numbered line of the prompt."""
    return [
        message["content"][0]["text"].split("\n")[0]
        for message in run["run_message_history"][1:]
        if message["role"] == "assistant" and message["content"][0]["type"] == "text"
    ]


# The examples

Row = tuple[Compilation, WorkflowSymbol, WorkflowArtifact, Mapping[str, str]]


def _examples() -> Iterator[Row]:
    for folder in PROJECTS:
        compilation = compile_folder(folder)
        project = load_project((folder / "flowdsl.toml").read_text(), "flowdsl.toml", Sink())
        assert project is not None and compilation.bundle is not None
        artifacts = {each.name: each for each in compilation.bundle.workflows}
        for each in compilation.analysis.model.workflows:
            environment = dict(project.environments["local"].vars)
            yield compilation, each, artifacts[each.name], environment


def _worlds(symbol: WorkflowSymbol, payload: Payload) -> Iterator[World]:
    """Worlds that say yes, no, or what usually is, with values or without, with long lists."""
    for agrees, sees, missing in product((True, False), (True, False), (True, False)):
        answers = default_world(symbol, agrees=agrees, missing=missing, entries=3).answer

        def answer(
            question: Question,
            position: int,
            answers: Callable[[Question, int], Any] = answers,
            sees: bool = sees,
        ) -> Any:
            if question.kind == SEES and not question.text.startswith("no dialog"):
                return sees
            return answers(question, position)

        yield World(accepted(payload, missing=missing, entries=3), answer, {})


@for_rows(_examples, name=lambda row: row[1].name, fewest=5)
def test_an_example_ends_as_its_program_says(row: Row) -> None:
    compilation, symbol, artifact, environment = row
    payload = payload_of(artifact)
    ends = set()
    for world in _worlds(symbol, payload):
        try:
            trace = interpret(compilation.analysis.model, symbol, world, environment)
        except MissingInText:
            continue
        run = play(planned(payload, world.inputs, effects(**scenario_of(trace))))
        ended = trace.ending
        assert (run.outcome, run.error, run.output_data) == (
            ended.status,
            None if ended.status == SUCCESS else [ended.reason],
            ended.outputs if ended.status == SUCCESS and payload.output_schema else None,
        )
        kept = [each.texts[0] for each in trace.events if each.verb in (CAPTURE, EXPORT)]
        assert [each.name for each in run.attachments] == list(map(base_name, kept))
        events = {message.get("event_type") for _, message in run.messages}
        assert not events & {"scenario_answer_unused", "played_by_phrases"}
        ends.add(ended.reason if ended.status != SUCCESS else SUCCESS)
    assert SUCCESS in ends and len(ends) > 1


# Loops, attempts, decisions

CLAIMS = "inputs { claims: string[] } outputs { opened: string[] }"
EACH_CLAIM = """
  for claim in claims max 9 {
    choose "the row of claim {claim}" else abort "Claim {claim} is not in the list"
    capture "{claim}.png"
    emit opened += claim
  }
  press "Escape"
"""
THREE = ["A", "B", "C"]


def loop_of(run: Any, label: str) -> list[int]:
    """The entries of the loop in which the line with this number was come to."""
    return [
        message["iteration_index"]
        for message in run["run_message_history"]
        if message["role"] == "assistant"
        and message["content"][0].get("text", "").startswith(f"{label} ")
    ]


def label_of(payload: Payload, words: str) -> str:
    """The number of the line that has these words in it or in its instruction."""
    label = ""
    for line in payload.prompt.split("\n"):
        found = re.match(r" *([0-9]+(?:\.[0-9]+)*)\.? ", line)
        label = found[1] if found else label
        if words in line:
            return label
    raise AssertionError(words)


def test_every_entry_of_a_list_is_worked_through() -> None:
    payload = compiled(EACH_CLAIM, CLAIMS)
    with run_desk() as desk:
        run = started(desk, payload, {"claims": THREE})
        files = desk.files(run)
    assert (run["status"], run["error"]) == ("success", None)
    assert run["output_data"] == {"opened": THREE}
    assert files == ["A.png", "B.png", "C.png"]
    assert loop_of(run, label_of(payload, "the row of claim")) == [0, 1, 2]
    loops = {each["loop_uuid"] for each in run["run_message_history"] if "loop_uuid" in each}
    assert len(loops) == 1
    assert said(run, "played_by_phrases") == []


@in_rows(
    ("answers", "failed", "files"),
    [
        ({"screen": {"the row of claim C": False}}, "C", ["A.png", "B.png"]),
        ({"screen": {"~the row of": [True, True, False]}}, "C", ["A.png", "B.png"]),
        ({"entries": [{"entry": 3, "screen": {"~the row": "never"}}]}, "C", ["A.png", "B.png"]),
        (
            {"screen": {"~the row": True}, "entries": [{"entry": 1, "screen": {"~row": False}}]},
            "A",
            [],
        ),
    ],
    ids=["by its words", "the third time", "in the third entry", "an entry goes first"],
)
def test_a_claim_is_missing(answers: Any, failed: str, files: list[str]) -> None:
    with run_desk(rule(**answers)) as desk:
        run = started(desk, compiled(EACH_CLAIM, CLAIMS), {"claims": THREE})
        assert desk.files(run) == files
    assert (run["status"], run["output_data"]) == ("task_failed", None)
    assert run["error"] == [f"Claim {failed} is not in the list"]
    spoken = [each for each in run["run_message_history"] if each["role"] != "system"]
    last, declared = spoken[-2:]
    assert last["content"][0]["error"] == f"Claim {failed} is not in the list"
    assert declared["content"][0]["tool_input"] == {"reason": f"Claim {failed} is not in the list"}
    assert not any("Press escape" in line for line in lines(run))


@in_rows(
    ("entry", "reason", "told"),
    [
        (3, None, "Claim C is not in the list"),
        (9, None, "Claim C is not in the list"),
        (1, None, "Claim A is not in the list"),
        (2, "the portal is closed", "the portal is closed"),
    ],
)
def test_a_step_is_made_to_fail_in_an_entry(entry: int, reason: str | None, told: str) -> None:
    payload = compiled(EACH_CLAIM, CLAIMS)
    step = label_of(payload, "the row of claim")
    fail = {"step": step, "entry": entry, **({"reason": reason} if reason else {})}
    with run_desk(rule(fail=fail)) as desk:
        run = started(desk, payload, {"claims": THREE})
    assert (run["status"], run["error"]) == ("task_failed", [told])
    assert loop_of(run, step) == list(range(min(entry, 3)))


def test_a_step_that_cannot_fail_by_itself_fails_behind_it() -> None:
    run = played('press "Tab" press "Enter" press "Escape"', "", rule(fail={"step": "2"}))
    assert (run["status"], run["error"]) == ("task_failed", ["step 2 failed"])
    assert lines(run) == ["1 Press tab.", "2 Press enter."]


def test_a_step_that_is_not_come_to_fails_at_the_end() -> None:
    run = played(
        'if sees "a banner" { do "Click the banner." press "Escape" } press "Tab"',
        "",
        rule(fail={"step": "7.7", "reason": "gone"}),
    )
    assert (run["status"], run["error"]) == ("task_failed", ["gone"])
    assert lines(run)[-1].endswith("Press tab.")


SAVE = """
  retry 3 wait 2s {
    press "Ctrl+S"
    expect "the word Saved" else fail "it was not saved"
  } else { abort "not saved in three attempts" }
"""


@in_rows(
    ("how", "ends"),
    [
        ({}, None),
        ({"screen": {"the word Saved": [False, False, True]}}, None),
        ({"screen": {"the word Saved": False}}, "not saved in three attempts"),
        ({"fail": {"step": "1"}}, "not saved in three attempts"),
    ],
    ids=["at once", "the third time", "never", "made to fail"],
)
def test_attempts_are_made_until_one_works(how: Any, ends: str | None) -> None:
    payload = compiled(SAVE)
    plan = play(planned(payload, {}, effects(**how)))
    assert (plan.outcome, plan.error) == (
        ("success", None) if ends is None else ("task_failed", [ends])
    )


def test_a_step_of_an_attempt_fails_in_each_as_often_as_the_program_tries() -> None:
    body = """
      retry 3 {
        do "Click Save."
        capture "saving.png"
        expect "the word Saved" else fail "it was not saved"
        do "Click Close."
      } else { abort "not saved in three attempts" }
    """
    payload = compiled(body)
    with run_desk(rule(fail={"step": label_of(payload, "the word Saved")})) as desk:
        run = started(desk, payload, {})
        assert desk.files(run) == ["saving.png"] * 3
    assert (run["status"], run["error"]) == ("task_failed", ["not saved in three attempts"])
    assert not any("Click Close." in line for line in lines(run))


def test_the_result_of_a_task_comes_out() -> None:
    source = """
      task read_number(title: string) -> { number: string, note: string? } {
        extract number: string from "the number of {title}"
        emit number = number
        if sees "a note on {title}" {
          extract note: string from "the note on {title}"
          emit note = note
        }
      }
      workflow w {
        outputs { first: string, second: string, remark: string? }
        steps {
          call read_number(title: "A") as one
          call read_number(title: "B") as two
          emit first = one.number emit second = two.number emit remark = two.note
        }
      }
    """
    reads = {"~the number of": ["1", "2"], "the note on A": "kept for A alone"}
    how = effects(screen={"a note on A": True}, reads=reads)
    plan = play(planned(payload_of(only_workflow(source)), {}, how))
    assert plan.output_data == {"first": "1", "second": "2", "remark": None}


def test_a_run_that_finishes_early_does_nothing_more() -> None:
    body = 'if sees "nothing to do" { finish "the list is empty" } press "Tab" emit n = 1'
    sections = "outputs { n: int? }"
    run = played(body, sections, rule(screen={"nothing to do": True}))
    assert (run["status"], run["output_data"]) == ("success", {"n": None})
    last = run["run_message_history"][-1]["content"][0]["text"]
    assert last == "The task is complete: the list is empty"
    assert not any("Press tab" in line for line in lines(run))
    other = played(body, sections)
    assert other["output_data"] == {"n": 1}
    assert any("Press tab" in line for line in lines(other))


def test_without_answers_all_goes_as_it_usually_does() -> None:
    body = """
      expect "it is open" else abort "closed"
      choose "the row" else abort "no row"
      wait until "it is there" timeout 5s else abort "too late"
      if sees "a banner" { abort "a banner" }
      while not (sees "the end" and not sees "more") max 4 {
        press "PageDown"
      } else { abort "no end" }
      extract total: number from "the total"
      extract day: date from "the day"
      extract code: string from "the code"
      extract tags: string[] from "the tags"
      extract person: { name: string, age: int? } from "the person"
      emit total = total emit day = day emit code = code emit tags = tags
      emit person = person
    """
    sections = """
      inputs { name: string }
      outputs {
        total: number @min(100000), day: date, code: string @pattern(r"^[A-Z]{2}[0-9]{3}$")
        tags: string[], person: { name: string, age: int? }
      }
    """
    run = played(body, sections, name="Ann Osei")
    assert (run["status"], run["error"]) == ("success", None)
    found = run["output_data"]
    assert found["person"]["name"] == "Ann Osei", "an input of this name"
    assert re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", found["day"])
    assert found["total"] >= 100_000 and re.fullmatch("[A-Z]{2}[0-9]{3}", found["code"])
    assert len(found["tags"]) == 2 and isinstance(found["person"]["age"], int)


@in_rows(
    ("given", "outcome", "output"),
    [
        (["a", "b"], "success", ["a", "b"]),
        ([["a", "b"]], "success", ["a", "b"]),
        ([], "success", []),
        ("unreadable", "task_failed", None),
        (["a", 3], "error", None),
        ("a", "error", None),
    ],
    ids=str,
)
def test_a_list_is_read(given: Any, outcome: str, output: Any) -> None:
    body = 'extract tags: string[] from "the tags" emit tags = tags'
    payload = compiled(body, "outputs { tags: string[] }")
    for key in ("the tags", "tags", "~tag"):
        plan = play(planned(payload, {}, effects(reads={key: given})))
        assert (plan.outcome, plan.output_data) == (
            outcome,
            None if output is None else {"tags": output},
        )
    if outcome == "error":
        assert "`the tags`" in str(plan.error) and "not of the type" in str(plan.error)


def test_the_history_tells_what_was_asked_and_answered() -> None:
    body = """
      if sees "a banner" { press "Escape" }
      extract chart_mrn: string from "the number on the chart"
      extract phone: string? from "the phone number"
      emit mrn = chart_mrn emit phone = phone
    """
    sections = "inputs { mrn: string } outputs { mrn: string, phone: string? }"
    unreadable = rule(reads={"phone": "unreadable"})
    run = played(body, sections, unreadable, mrn="4471203")
    told = [
        block["tool_result"]
        for message in run["run_message_history"]
        for block in message["content"]
        if block["type"] == "tool_result"
    ]
    assert "\n".join(told).split("\n") == [
        "a banner: no",
        "the number on the chart: 4471203",
        "the phone number: not there",
    ]
    assert run["output_data"] == {"mrn": "4471203", "phone": None}


def test_a_copy_and_a_command_are_answered() -> None:
    body = """
      copy total: int from "the total"
      run "Get-Item C:/a" else abort "no file"
      emit total = total
    """
    payload = compiled(body, "outputs { total: int }")
    plan = play(planned(payload, {}, effects(reads={"the total": 17})))
    assert plan.output_data == {"total": 17}
    failed = play(planned(payload, {}, effects(commands={"~Get-Item": "failed"})))
    assert failed.error == ["no file"]


def test_an_answer_that_nobody_asks_for_is_told() -> None:
    answers = rule(screen={"the list of claim": False, "the list": True}, reads={"~total": 1})
    run = played('expect "the list" else abort "closed"', "", answers)
    assert run["status"] == "success"
    assert said(run, "scenario_answer_unused") == [
        "The scenario answers `the list of claim`, which this run does not ask.",
        "The scenario answers `~total`, which this run does not ask.",
    ]


# Other prompts, and prompts that were edited


def test_a_prompt_of_another_origin_is_played_by_its_phrases_and_says_so() -> None:
    with run_desk(rule(screen={"the portal": False})) as desk:
        run = desk.ended(desk.claims())
        assert desk.files(run) == ["grid-2026-01-30.png"]
    assert run["status"] == "success"
    (note,) = said(run, "played_by_phrases")
    assert "FlowDSL did not write this prompt" in note


def test_an_edit_that_leaves_a_line_without_meaning_ends_the_run_in_error() -> None:
    payload = compiled('do "Wink." if sees "a banner" { press "Escape" } else { press "Enter" }')
    edited = payload.__replace__(prompt=without_condition(payload.prompt, "a banner"))
    with run_desk() as desk:
        run = started(desk, edited, {})
    assert (run["status"], run["output_data"]) == ("error", None)
    (error,) = run["error"]
    assert error.startswith("the prompt cannot be carried out: ")
    assert "means nothing here to the focused agent" in error
    assert "1 Wink." in lines(run)
    assert said(run, "run_error") == [error]


def test_a_run_that_never_comes_to_an_end_is_given_up() -> None:
    payload = compiled('for x in xs max 4000 { do "Click {x}." }', "inputs { xs: int[] }")
    plan = play(planned(payload, {"xs": list(range(4000))}, effects()))
    assert plan.outcome == "error"
    assert "more than 5000 lines" in str(plan.error)


# Replays

BRANCH = """
  press "Tab"
  if sees "a banner" { emit seen = true } else { emit seen = false }
  for claim in claims max 9 { do "Click {claim}." }
  extract total: int from "the total"
  emit total = total
"""
REPLAYED = "inputs { claims: string[] } outputs { total: int, seen: bool }"


def approved(desk: RunDesk, run: Any) -> Any:
    """The trajectory that a run has recorded, approved."""
    (found,) = desk.ok("GET", f"/v1/trajectories?run_id={run['id']}&is_generated=false")["items"]
    return desk.ok("PATCH", f"/v1/trajectories/{found['id']}", json={"is_approved": True})


def test_a_replay_repeats_the_lines_and_decides_and_reads_anew() -> None:
    payload = compiled(BRANCH, REPLAYED)
    first = rule(nth=1, reads={"total": 1})
    second = rule(screen={"a banner": True}, reads={"total": 2})
    with run_desk(first, second) as desk:
        made = desk.workflow(
            main_prompt=payload.prompt,
            input_schema=payload.input_schema,
            output_schema=payload.output_schema,
        )
        run = again(desk, made, payload, {"claims": ["A", "B"]})
        trajectory = approved(desk, run)
        recorded = [each["line"].split()[0] for each in trajectory["trajectory_data"]]
        assert len(recorded) == len(set(recorded)), "of a loop the first entry is recorded"
        replay = again(desk, made, payload, {"claims": ["C", "D", "E"]})
    assert run["output_data"] == {"total": 1, "seen": False}
    assert replay["output_data"] == {"total": 2, "seen": True}
    clicked = [line.split()[-1] for line in lines(replay) if "Click" in line]
    assert clicked == ["⟦C⟧.", "⟦D⟧.", "⟦E⟧."]
    marked = {each.get("trajectory_id") for each in replay["run_message_history"]}
    assert marked == {None, trajectory["id"]}
    assert replay["usage_metadata"]["total_cached_steps"] > 0


def test_a_recording_of_another_prompt_is_not_repeated() -> None:
    payload = compiled('press "Tab"')
    with run_desk() as desk:
        made = desk.workflow(main_prompt=payload.prompt)
        approved(desk, again(desk, made, payload, {}))
        same = again(desk, made, payload, {})
        changed = compiled('press "Tab" press "Enter"').prompt
        desk.ok("PATCH", f"/v1/workflows/{made['id']}", json={"main_prompt": changed})
        other = again(desk, made, payload, {})
    assert lines(same)[:-1] == ["1 Press tab."]
    assert lines(other)[:-1] == ["1 Press tab.", "2 Press enter."]
