"""A payload on a desk of one's own does what the comparison sees it do, line by line."""

from __future__ import annotations

from typing import Any

from flowdsl.simulate.executions import on_its_day, payload_of, world_with_defaults
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, execute_payload
from flowdsl.simulate.machine.performance import (
    Asking,
    Pass,
    Performance,
    Spot,
    is_ours,
    perform_payload,
    recording_of,
)
from flowdsl.simulate.machine.variants import Variant
from flowdsl.simulate.trace import BROKEN, FAILED, SUCCESS, Trace
from flowdsl.simulate.world import COPY, SEES, Question
from tests.support.effort import THOROUGH, every
from tests.support.flows.compiling import only_workflow, workflow
from tests.support.flows.worlds import without_condition
from tests.support.meaning.corpus import Case, cases
from tests.support.rows import for_rows, in_rows


def without_situations() -> list[Case]:
    return [each for each in cases() if not each.first.fields.get("situations")]


class Asked:
    """A desk that answers as a program was answered in its world."""

    def __init__(self, program: Trace) -> None:
        self._answers = {
            (each.question.kind, each.question.text, each.position): each.answer
            for each in (*program.asked, *program.judged)
        }

    def answer(self, question: Question, asking: Asking) -> Any:
        return self._answers[question.kind, question.text, asking.position]

    def stops(self, done: Spot, following: Spot | None) -> str | None:
        return None


class Easy:
    """A desk on which all goes well; `stop` is the line behind which the task fails."""

    def __init__(self, answers: dict[str, Any] | None = None, stop: str = "") -> None:
        self.asked: list[tuple[Question, Asking]] = []
        self._answers = answers or {}
        self._stop = stop

    def answer(self, question: Question, asking: Asking) -> Any:
        self.asked.append((question, asking))
        if question.text in self._answers:
            return self._answers[question.text]
        return asking.usual if question.kind == SEES else "5"

    def stops(self, done: Spot, following: Spot | None) -> str | None:
        return "enough" if done.label == self._stop else None


def played(
    body: str, desk: Easy | None = None, *, sections: str = "", **inputs: Any
) -> tuple[Payload, Performance]:
    """The payload of a workflow of these statements, and what it does on an easy desk."""
    payload = payload_of(only_workflow(workflow(body, sections=sections)))
    return payload, perform_payload(payload, inputs, desk or Easy())


@for_rows(lambda: every(4, without_situations()), fewest=60 if THOROUGH else 15)
def test_a_free_desk_with_the_answers_of_a_program_sees_the_same_run(case: Case) -> None:
    """Its lines are known as ours, and the recording is found again from them."""
    world = case.first.world()
    world = world_with_defaults(case.payload, on_its_day(case.workflow, world))
    program = interpret(case.model, case.workflow, world)
    expected = execute_payload(case.payload, world, program, Variant())
    found = perform_payload(case.payload, world.inputs, Asked(program))
    events = [event for step in found.steps for event in step.events]
    assert events == list(expected.trace.events)
    assert found.ending == expected.trace.ending
    assert repr(found.recording) == repr(expected.recording)
    assert is_ours(case.payload)
    if found.recording is None:
        return
    lines = [
        step.line
        for step in found.steps
        if step.acts and all(each.entry == 1 for each in step.spot.passes)
    ]
    assert repr(recording_of(case.payload, lines)) == repr(found.recording)
    assert recording_of(case.payload, [*lines, "99 Press enter."]) is None


@in_rows(
    "change",
    [
        ("Rules\n", "Regeln\n"),
        ("- Do the numbered", "- Do quickly the numbered"),
        ("Use focused_action:", "Use focused_action and tell it this:"),
        ("2. Press tab.", "2. Use start_loop as you like."),
        ("\nSteps\n", "\nWhat to do\n"),
    ],
    ids=str,
)
def test_a_prompt_that_says_something_else_of_tools_or_rules_is_not_ours(
    change: tuple[str, str],
) -> None:
    payload, _ = played('expect "it is open" else abort "closed" press "Tab"')
    assert is_ours(payload)
    assert payload.prompt.count(change[0]) == 1
    assert not is_ours(payload.__replace__(prompt=payload.prompt.replace(*change)))


def test_words_that_an_author_adds_leave_a_prompt_ours() -> None:
    payload, _ = played('press "Tab"')
    added = payload.__replace__(prompt=payload.prompt.replace("Press tab.", "Wink at the screen."))
    assert is_ours(added)
    (step,) = perform_payload(added, {}, Easy()).steps
    assert [str(event) for event in step.events] == ["do 'Wink at the screen.'"]


def test_lines_know_their_labels_and_the_pass_of_their_loop() -> None:
    body = 'for x in xs max 5 { step "Open {x}" { do "Click {x}." press "Tab" } }'
    _, found = played(body, sections="inputs { xs: string[] }", xs=["a", "b"])
    assert [(each.spot.label, each.text) for each in found.steps if not each.title] == [
        ("1", found.steps[0].text),
        ("1.1", "Click ⟦a⟧."),
        ("1.2", "Press tab."),
        ("1.3", found.steps[-1].text),
        ("1.1", "Click ⟦b⟧."),
        ("1.2", "Press tab."),
        ("1.3", found.steps[-1].text),
    ]
    assert found.steps[0].entries == 2
    assert found.steps[-1].spot.passes == (Pass(0, 2, 2),)
    assert {each.line for each in found.steps if each.spot.label == "1.1"} == {
        "1.1 Click ⟦{{loop_item}}⟧."
    }


def test_a_list_without_entries_is_skipped() -> None:
    _, found = played(
        'for x in xs max 5 { do "Click {x}." } press "Tab"', sections="inputs { xs: string[]? }"
    )
    assert [(each.spot.label, each.entries) for each in found.steps] == [
        ("1", None),
        ("2", 0),
        ("3", None),
    ]
    assert found.ending.status == SUCCESS


def test_a_desk_may_end_the_run_behind_a_line() -> None:
    payload, found = played('press "Tab" press "Enter" press "Escape"', Easy(stop="2"))
    assert (found.ending.status, found.ending.reason) == (FAILED, "enough")
    assert [each.spot.label for each in found.steps] == ["1", "2"]
    last = perform_payload(payload, {}, Easy(stop="3"))
    assert (last.ending.status, len(last.steps)) == (FAILED, 3)
    assert last.recording is None


def test_a_desk_knows_where_an_answer_goes_and_what_ends_a_repetition() -> None:
    desk = Easy()
    played(
        """
        while not (sees "the end" and not sees "a spinner") max 5 { press "PageDown" }
          else abort "no end"
        if sees "a banner" { press "Escape" }
        extract total: number from "the total"
        emit total = total
        """,
        desk,
        sections="outputs { total: number }",
    )
    asked = {question.text: asking for question, asking in desk.asked}
    assert [(text, asked[text].usual) for text in ("the end", "a spinner", "a banner")] == [
        ("the end", True),
        ("a spinner", False),
        ("a banner", False),
    ]
    assert asked["the total"].key == "total"


def test_a_copy_is_asked_for_in_the_type_that_it_is_converted_to() -> None:
    desk = Easy({"the total": "17"})
    _, found = played(
        'copy total: int from "the total" emit total = total',
        desk,
        sections="outputs { total: int }",
    )
    (question,) = {question for question, _ in desk.asked}
    assert (question.kind, str(question.shape)) == (COPY, "ScalarShape(name='int')")
    assert found.ending.outputs == {"total": 17}


def test_what_cannot_be_carried_out_ends_broken_with_what_it_did() -> None:
    payload, _ = played('do "Wink." if sees "a banner" { press "Escape" } else { press "Enter" }')
    damaged = payload.__replace__(prompt=without_condition(payload.prompt, "a banner"))
    assert is_ours(damaged)
    found = perform_payload(damaged, {}, Easy())
    assert found.ending.status == BROKEN
    assert "means nothing here to the focused agent" in str(found.ending.reason)
    assert [str(event) for event in found.steps[0].events] == ["do 'Wink.'"]
