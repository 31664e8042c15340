"""Calls of tasks, attempts and passes: which values begin missing, and which stay."""

from __future__ import annotations

import pytest

from flowdsl.simulate.trace import FAILED, SUCCESS, Ending
from tests.support.flows.worlds import Turns, events, executed, questions, traced
from tests.support.rows import in_rows

# Calls

LOOK = """
  task look(what: string) -> { seen: string?, note: string? @wire("the note"), all: string[] } {
    extract seen: string? from "{what}"
    if seen is not empty { emit seen = seen emit all += seen }
    if sees "a note at {what}" { emit note = "note of {what}" }
  }
"""


def test_a_result_begins_empty_at_every_call() -> None:
    told = traced(
        """call look(what: "a") as r emit one = r call look(what: "b") as r emit two = r""",
        {"a": "A", "a note at a": True, "b": None, "a note at b": False},
        sections="outputs { one: R, two: R }",
        before=LOOK + 'type R { seen: string?, note: string? @wire("the note"), all: string[] }\n',
    )
    assert told.ending.outputs == {
        "one": {"seen": "A", "the note": "note of a", "all": ["A"]},
        "two": {"seen": None, "the note": None, "all": []},
    }


def test_a_loop_inside_a_task_does_not_empty_its_result() -> None:
    told = traced(
        "call last(xs: xs) as r emit r = r.x emit n = r.all",
        sections="inputs { xs: string[] } outputs { r: string?, n: string[] }",
        before="""task last(xs: string[]) -> { x: string?, all: string[] } {
          for x in xs max 3 { emit all += x if x != "b" { emit x = x } }
        }""",
        inputs={"xs": ["a", "b"]},
    )
    assert told.ending.outputs == {"r": "a", "n": ["a", "b"]}


def test_a_result_that_nobody_keeps_is_dropped() -> None:
    told = traced('call look(what: "a") do "Done."', {"a": "A", "a note at a": False}, before=LOOK)
    assert events(told) == ["do 'Done.'"]


def test_arguments_are_taken_when_the_call_begins() -> None:
    told = traced(
        'extract x: string from "x" call again(old: x, number: 5) do "After {x}."',
        {"x": Turns("first", "second")},
        before="""task again(old: string, number: int, more: string = "m", none: string? = null) {
          press "F5"
          extract x: string from "x"
          do "{old} {x} {number} {more}."
          if none is empty { do "None." }
        }""",
    )
    assert events(told) == [
        "press 'f5' '1'",
        "do 'first second 5 m.'",
        "do 'None.'",
        "do 'After first.'",
    ]


def test_variables_of_a_task_are_its_own_and_new_at_every_call() -> None:
    told = traced(
        "call t(n: 1) call t(n: 2)",
        {"x 1": "a", "y": None, "it 1": True, "it 2": False},
        before="""task t(n: int) {
          if sees "it {n}" { extract x: string? from "x {n}" }
          else { extract x: string? from "y" }
          type "{x}" into "f{n}"
        }""",
    )
    assert events(told) == ["type 'a' 'f1'"]


def test_a_record_literal_goes_by_the_names_on_the_wire() -> None:
    told = traced(
        'call t(r: { a: "x", list: [{ a: "y" }] })',
        before="""
          type R { a: string @wire("the a"), list: Q[], rest: string = "none" }
          type Q { a: string @wire("q.a"), rest: string? }
          # flow: ignore[optional-read-unguarded] no `rest` is given, and none is said
          task t(r: R) { do "{r} {r.a} {r.list[0].a} {r.rest}" }
        """,
    )
    written = """do '{"the a": "x", "list": [{"q.a": "y"}], "rest": "none"} x y none'"""
    assert events(told) == [written]


def test_a_const_goes_by_the_names_on_the_wire_where_a_record_is_wanted() -> None:
    told = traced(
        "call t(r: first) call t() emit r = first",
        sections="outputs { r: R }",
        before="""
          const first = { a: "x" }
          type R { a: string @wire("the a") }
          task t(r: R = { a: "y" }) { do "{r} {r.a}" }
        """,
    )
    assert events(told) == ["""do '{"the a": "x"} x'""", """do '{"the a": "y"} y'"""]
    assert told.ending.outputs == {"r": {"the a": "x"}}


def test_a_const_inside_a_literal_goes_by_the_names_on_the_wire() -> None:
    told = traced(
        "call t(rs: [first]) emit b = [first] emit c = { r: first }",
        sections="outputs { b: R[], c: C }",
        before="""
          const first = { a: "x" }
          const list = [first]
          type R { a: string @wire("the a") }
          type C { r: R }
          task t(rs: R[], d: R[] = list, e: R[] = [first], f: C = { r: first }) {
            do "{rs} {d} {e}"
            do "{f}"
          }
        """,
    )
    written = " ".join(3 * ['[{"the a": "x"}]'])
    assert events(told) == [f"do '{written}'", """do '{"r": {"the a": "x"}}'"""]
    assert told.ending.outputs == {"b": [{"the a": "x"}], "c": {"r": {"the a": "x"}}}


def test_an_abort_or_finish_in_a_task_ends_the_run() -> None:
    for leaving, ending in (
        ('abort "no"', Ending(FAILED, "no", {})),
        ('finish "yes"', Ending(SUCCESS, "yes", {})),
    ):
        told = traced(
            'retry 3 { press "F5" call t() expect "ok" } press "F1"',
            {"it": True},
            before=f'task t() {{ if sees "it" {{ {leaving} }} }}',
        )
        assert (events(told), told.ending) == (["press 'f5' '1'"], ending)


def test_the_same_question_at_one_position_is_asked_once() -> None:
    told = traced(
        'if sees "x" { if sees "x" { press "F1" } } expect "y" else { } expect "y"',
        {"x": Turns(True), "y": Turns(True)},
    )
    assert questions(told) == ["0 sees 'x' -> True", "1 expect 'y' -> True"]


# Attempts


def test_a_fail_in_a_task_is_taken_by_the_retry_around_the_call() -> None:
    told = traced(
        'retry 3 wait 2s { do "Try." call save() } do "Saved."',
        {"saved": Turns(False, True)},
        before='task save() { press "F2" expect "saved" else fail "not saved" press "F3" }',
    )
    assert events(told) == [
        "do 'Try.'",
        "press 'f2' '1'",
        "pause '2000'",
        "do 'Try.'",
        "press 'f2' '1'",
        "press 'f3' '1'",
        "do 'Saved.'",
    ]


def test_the_last_fail_goes_on_when_the_attempts_are_used_up() -> None:
    told = traced(
        'retry 2 { press "F5" extract n: string from "n" fail "found {n}" }',
        {"n": Turns("a", "b")},
    )
    assert told.ending == Ending(FAILED, "found b", {})
    told = traced(
        'retry 2 { retry 2 { press "F5" expect "ok" } press "F6" } press "F7"',
        {"ok": Turns(False, False, False, True)},
    )
    assert events(told) == ["press 'f5' '1'"] * 4 + ["press 'f6' '1'", "press 'f7' '1'"]


def test_the_else_of_a_retry_runs_outside_of_it() -> None:
    told = traced(
        'retry 2 { press "F5" expect "ok" } else { press "Escape" } press "F7"', {"ok": False}
    )
    assert events(told) == [
        "press 'f5' '1'",
        "press 'f5' '1'",
        "press 'escape' '1'",
        "press 'f7' '1'",
    ]
    told = traced(
        'retry 2 { retry 1 { expect "ok" } else { press "Escape" fail "gave up" } } press "F7"',
        {"ok": Turns(False, True)},
    )
    assert events(told) == ["press 'escape' '1'", "press 'f7' '1'"]


def test_a_failed_attempt_keeps_no_value() -> None:
    told = traced(
        """emit a = "before"
        retry 2 {
          press "F5"
          if sees "x" { extract x: string? from "x" emit a = x emit b = "set" }
          else { extract x: string? from "y" }
          expect "ok"
        } else { }""",
        {"x": "one", "sees x": True, "ok": False},
        sections="outputs { a: string?, b: string? }",
    )
    assert told.ending.outputs == {"a": "before", "b": None}


def test_a_failed_attempt_in_a_task_keeps_no_field_of_its_result() -> None:
    told = traced(
        "call t() as r emit f = r.f",
        {"ok": False},
        sections="outputs { f: string? }",
        before='task t() -> { f: string? } { retry 2 { emit f = "x" expect "ok" } else { } }',
    )
    assert told.ending.outputs == {"f": None}


def test_an_attempt_begins_without_what_the_failed_one_set() -> None:
    told = traced(
        """extract x: string? from "before"
        retry 2 {
          type "{x}" into "f"
          press "F5"
          extract x: string? from "in"
          expect "ok"
        } else { }
        type "{x}" into "g" """,
        {"before": "b", "in": "i", "ok": False},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["press 'f5' '1'", "press 'f5' '1'"]


# Passes and rounds


def test_an_entry_begins_without_what_the_one_before_set() -> None:
    told = traced(
        """extract x: string? from "x"
        for e in ["a", "b", "c"] {
          if e == "b" { extract x: string? from "xb" }
          type "{x}" into "{e}"
        }""",
        {"x": "0", "xb": "1"},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["type '1' 'b'"]


@in_rows(
    "loop", ['while not sees "it" max 3 { % }', 'retry 3 { % expect "it" }', "for i in 3 { % }"]
)
def test_no_program_reads_what_an_earlier_round_has_set(loop: str) -> None:
    body = 'type "{x}" into "f" extract x: string? from "x"'
    with pytest.raises(AssertionError, match="`x` is emptied when a pass of the loop starts"):
        traced('extract x: string? from "x"' + loop.replace("%", body))


def test_a_round_begins_without_what_the_one_before_set() -> None:
    told = traced(
        """extract x: string? from "x"
        while not sees "it" max 3 {
          if sees "more" { extract x: string? from "xb" }
          type "{x}" into "f"
          press "F5"
        }""",
        {"x": "0", "it": False, "more": Turns(False, True, False), "xb": "1"},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["press 'f5' '1'", "type '1' 'f'", "press 'f5' '1'", "press 'f5' '1'"]


def test_a_round_goes_on_with_what_is_kept_outside_of_it() -> None:
    told = traced(
        """extract first: string? from "x"
        keep x: string? = first
        while x != "c" max 3 {
          type "{x}" into "f"
          press "F5"
          extract next: string? from "x"
          keep x = next
        }
        type "{x}" into "after" """,
        {"x": Turns("a", "b", "c")},
    )
    assert events(told) == [
        "type 'a' 'f'",
        "press 'f5' '1'",
        "type 'b' 'f'",
        "press 'f5' '1'",
        "type 'c' 'after'",
    ]


def test_a_variable_that_a_loop_does_not_set_stays() -> None:
    told = traced('extract x: string from "x" for i in 2 { do "{i} {x}" } do "{x}"', {"x": "a"})
    assert events(told) == ["do '0 a'", "do '1 a'", "do 'a'"]


def test_a_task_in_an_imported_file() -> None:
    told = executed(
        {
            "lib/t.flow": 'flow 1\nimport { who } from "./c.flow"\ntask t() { do "{who}" }\n',
            "lib/c.flow": 'flow 1\nconst who = "Ann"\n',
            "w.flow": 'flow 1\nimport "./lib/t.flow" as lib\nworkflow w { steps { call lib.t() } }',
        }
    )
    assert events(told) == ["do 'Ann'"]
