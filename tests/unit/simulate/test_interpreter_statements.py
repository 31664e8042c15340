"""What each statement does to the desktop, and what it asks of it."""

from __future__ import annotations

from hashlib import sha256

import pytest

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.simulate.interpreter.budget import MAX_STEPS
from flowdsl.simulate.interpreter.errors import TooLong
from flowdsl.simulate.shapes import (
    EnumShape,
    FieldShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
)
from flowdsl.simulate.trace import FAILED, SUCCESS, Ending
from flowdsl.simulate.world import Question
from tests.support.flows.worlds import Turns, events, executed, lines, questions, traced
from tests.support.rows import in_rows

WORKED = Ending(SUCCESS, None, {})


def failed(reason: str) -> Ending:
    return Ending(FAILED, reason, {})


# Acting


def test_do_keeps_its_words_as_they_are() -> None:
    told = traced('do "Open it.  Then close it. " do """\n  One:\n    - a\n\n  Two.\n  """')
    assert events(told) == [
        "do 'Open it.  Then close it.'",
        "do 'One:\\n  - a\\n\\nTwo.'",
    ]
    assert told.ending == WORKED


def test_a_do_without_words_is_nothing() -> None:
    assert events(traced('do "" do "  " do "{# only a comment #}"')) == []


def test_a_step_is_its_statements() -> None:
    told = traced('step "One" { do "A." step "Two" { do "B." } step "Empty" { } } do "C."')
    assert events(told) == ["do 'A.'", "do 'B.'", "do 'C.'"]


def test_type_into_a_field() -> None:
    told = traced(
        """type name into "the Name field"
        type " {name}. " into \"\"\"
          the
          field.
        \"\"\"""",
        sections="inputs { name: string }",
        inputs={"name": "Ann"},
    )
    assert events(told) == [
        "type 'Ann' 'the Name field'",
        "type ' Ann. ' 'the field.'",
    ]


def test_type_in_a_format() -> None:
    told = traced(
        'type day as "MM/dd/yyyy" into "the Day field"',
        sections="inputs { day: date }",
        inputs={"day": "2026-05-31"},
    )
    assert events(told) == ["type as '2026-05-31' 'MM/dd/yyyy' 'the Day field'"]


def test_clear_and_press() -> None:
    told = traced('clear "the Name field" press "Ctrl+S" press "Alt+F  X" 3 times')
    assert events(told) == [
        "clear 'the Name field'",
        "press 'ctrl+s' '1'",
        "press 'alt+f x' '3'",
    ]


def test_wait() -> None:
    assert events(traced("wait 1500ms wait 2m")) == ["pause '1500'", "pause '120000'"]


def test_capture_and_export_keep_names_exactly() -> None:
    told = traced(
        'capture "shot  {name}.png" export file "C:\\Out/{name}"',
        sections="inputs { name: string }",
        inputs={"name": " a "},
    )
    assert events(told) == ["capture 'shot   a .png'", "export 'C:\\\\Out/ a '"]


def test_a_picture_is_known_by_its_bytes() -> None:
    picture = b"\x89PNG\r\n\x1a\nrest"
    digest = sha256(picture).hexdigest()
    flow = """flow 1
      task look() { image "./a.png" shows "the Save button" }
      workflow w { steps { image "./a.png" call look() } }
    """
    told = executed({"flows/main.flow": flow, "flows/a.png": picture})
    assert events(told) == [f"show '{digest}' ''", f"show '{digest}' 'the Save button'"]


# Asking


def test_choose_opens_what_is_there() -> None:
    told = traced('choose "the row  of Ann" press "F1"', {"the row  of Ann": True})
    assert events(told) == ["open 'the row  of Ann'", "press 'f1' '1'"]
    assert questions(told) == ["0 choose 'the row  of Ann' -> True"]


def test_choose_without_an_else_fails_in_its_own_words() -> None:
    told = traced('press "F1" choose "the row" press "F2"', {"the row": False})
    assert events(told) == ["press 'f1' '1'"]
    assert told.ending == failed("not so or not found: the row")


def test_a_question_names_its_model() -> None:
    told = traced(
        'choose "a" using "vision" extract b: string from "b" using "vision" choose "c"',
        {"a": True, "b": "x", "c": True},
    )
    assert [each.question.model for each in told.asked] == ["vision", "vision", ""]


def test_wait_until_waits_a_minute_if_nothing_else_is_said() -> None:
    told = traced(
        'wait until "it is there" wait until "gone" timeout 5s else { do "Look." } press "F1"',
        {"it is there": True, "gone": False},
    )
    assert events(told) == ["do 'Look.'", "press 'f1' '1'"]
    assert questions(told) == ["0 wait 'it is there' -> True", "1 wait 'gone' -> False"]
    assert [each.question.milliseconds for each in told.asked] == [60_000, 5_000]
    assert told.ending == WORKED


def test_wait_until_without_an_else_fails_in_its_own_words() -> None:
    told = traced('wait until "it is there."', {"it is there.": False})
    assert told.ending == failed("not so or not found: it is there.")


def test_expect() -> None:
    told = traced('expect "ok" do "A." expect "saved"', {"ok": True, "saved": False})
    assert events(told) == ["do 'A.'"]
    assert questions(told) == ["0 expect 'ok' -> True", "1 expect 'saved' -> False"]
    assert told.ending == failed("not so or not found: saved")


def test_an_else_leaves_or_is_a_block() -> None:
    told = traced('expect "a" else { } expect "b" else abort "no b"', {"a": False, "b": False})
    assert told.ending == failed("no b")
    told = traced('expect "a" else finish "nothing to do" do "A."', {"a": False})
    assert (events(told), told.ending) == ([], Ending(SUCCESS, "nothing to do", {}))


def test_extract_sets_a_variable() -> None:
    told = traced(
        'extract n: int from "the\ttotal" do "Type {n}." emit n = n',
        {"the\ttotal": 17},
        sections="outputs { n: int }",
    )
    assert events(told) == ["do 'Type 17.'"]
    assert told.asked[0].question == Question("read", "the\ttotal", ScalarShape("int"))
    assert told.ending == Ending(SUCCESS, None, {"n": 17})


@in_rows("answer", [None, "", "__EMPTY__"])
def test_a_value_that_has_to_be_there_and_is_not(answer: object) -> None:
    told = traced('extract x: string from "the name" do "A."', {"the name": answer})
    assert (events(told), told.ending) == ([], failed("not so or not found: the name"))
    told = traced('copy x from """\n  the\n  name\n"""', {"the name": answer})
    assert told.ending == failed("not so or not found: the name")
    told = traced('extract x: int from """\n  the\n  name\n"""', {"the name": answer})
    assert told.ending == failed("not so or not found: the name")
    told = traced('extract x: string from "it" else { do "B." } do "A."', {"it": answer})
    assert events(told) == ["do 'B.'", "do 'A.'"]
    told = traced('copy x from "the name" do "A."', {"the name": answer})
    assert events(told) == ["copied 'the name'"]
    assert told.ending == failed("not so or not found: the name")


def test_a_value_may_be_missing() -> None:
    told = traced(
        """extract x: string? from "x" extract y: string? from "y" else { do "No y." }
        if x is empty { do "No x." }""",
        {"x": "__EMPTY__", "y": "__EMPTY__"},
    )
    assert events(told) == ["do 'No y.'", "do 'No x.'"]
    assert [each.question.shape for each in told.asked] == [ScalarShape("string")] * 2


def test_the_shape_of_what_is_read() -> None:
    told = traced(
        'extract rows: Row[]? from "the grid"',
        {"the grid": []},
        before="""
          type Row {
            ## The number of the row,
            ## as it is printed.
            number: int @wire("No.")
            kind: "a" | "b" = "b"
            memos: string?[]
            paid: number = 0.50
          }
        """,
    )
    assert told.asked[0].question.shape == ListShape(
        RecordShape(
            (
                FieldShape("No.", ScalarShape("int"), "The number of the row, as it is printed"),
                FieldShape("kind", EnumShape(("a", "b")), default="b"),
                FieldShape("memos", ListShape(OptionalShape(ScalarShape("string")))),
                FieldShape("paid", ScalarShape("number"), default="0.5"),
            )
        )
    )


def test_the_default_of_a_record_in_a_record() -> None:
    told = traced(
        'extract r: Outer from "r" do "{o.in.x} {r.in.x}" emit r = r emit o = o',
        {"r": {}},
        sections="inputs { o: Outer } outputs { r: Outer, o: Outer }",
        before="""
          type Inner { x: int @wire("the x") }
          type Outer { in: Inner = { x: 5 } }
        """,
        inputs={"o": {}},
    )
    assert events(told) == ["do '5 5'"]
    assert told.ending.outputs == {"r": {"in": {"the x": 5}}, "o": {"in": {"the x": 5}}}


ROW = 'type Row { a: string, b: string?, c: string = "none" }\n'


def test_a_record_that_lacks_a_part_was_not_read() -> None:
    body = 'extract r: Row from "the row" emit r = r'
    outputs = "outputs { r: Row }"
    told = traced(body, {"the row": {"a": "", "b": "x"}}, sections=outputs, before=ROW)
    assert told.ending == failed("not so or not found: the row")
    told = traced(body, {"the row": {"a": "x", "b": "__EMPTY__"}}, sections=outputs, before=ROW)
    assert told.ending.outputs == {"r": {"a": "x", "b": None, "c": "none"}}


def test_a_list_with_an_entry_that_is_missing_was_not_read() -> None:
    told = traced('extract r: string[] from "rows"', {"rows": ["a", ""]})
    assert told.ending == failed("not so or not found: rows")
    told = traced(
        'extract r: string?[] from "rows" emit r = r',
        {"rows": ["a", ""]},
        sections="outputs { r: string?[] }",
    )
    assert told.ending.outputs == {"r": ["a", None]}


def test_an_optional_record_that_lacks_a_part_is_missing() -> None:
    told = traced(
        'extract r: { in: Row? } from "it" emit r = r.in',
        {"it": {"in": {"a": None, "b": "x"}}},
        sections="outputs { r: Row? }",
        before=ROW,
    )
    assert told.ending.outputs == {"r": None}


def test_copy_asks_after_it_has_copied() -> None:
    told = traced('copy id: int from "the id" type id into "x"', {"the id": 5})
    assert events(told) == ["copied 'the id'", "type '5' 'x'"]
    assert questions(told) == ["1 copy 'the id' -> 5"]
    assert told.asked[0].question.shape == ScalarShape("int")


def test_a_read_in_the_background_never_fails() -> None:
    told = traced(
        'extract x: int from "x" in background extract y: int from "y" in background '
        "emit x = x emit y = y",
        {"x": None, "y": 4},
        sections="outputs { x: int, y: int }",
    )
    assert told.ending == Ending(SUCCESS, None, {"x": None, "y": 4})


def test_a_command() -> None:
    told = traced('run "Get-Date  -Day {n}" do "A."', sections="inputs { n: int }", inputs={"n": 3})
    assert events(told) == ["command 'Get-Date  -Day 3'", "do 'A.'"]
    assert questions(told) == []


def test_the_else_of_a_command_asks_whether_it_did_its_work() -> None:
    body = 'run "Get-Date" else abort "no date" do "A."'
    told = traced(body, {"Get-Date": True})
    assert events(told) == ["command 'Get-Date'", "do 'A.'"]
    assert questions(told) == ["1 command 'Get-Date' -> True"]
    told = traced(body, {"Get-Date": False})
    assert (events(told), told.ending) == (["command 'Get-Date'"], failed("no date"))


TERMINAL = load_project(
    '[project]\nname = "p"\n[platform]\nfocused_agent_tools = ["execute_terminal_command"]\n',
    "flowdsl.toml",
    Sink(),
)


def test_what_a_command_prints() -> None:
    assert TERMINAL is not None
    body = 'run "Get-Date" as day: int emit day = day'
    outputs = "outputs { day: int }"
    told = traced(
        body, {"command Get-Date": True, "output Get-Date": 3}, sections=outputs, project=TERMINAL
    )
    assert (events(told), told.ending.outputs) == (["command 'Get-Date'"], {"day": 3})
    assert questions(told) == ["1 command 'Get-Date' -> True", "1 output 'Get-Date' -> 3"]
    assert told.asked[1].question.shape == ScalarShape("int")
    told = traced(
        body,
        {"command Get-Date": True, "output Get-Date": "__EMPTY__"},
        sections=outputs,
        project=TERMINAL,
    )
    assert told.ending == failed("the command failed: Get-Date")
    body = 'run """\n  ls\n  pwd\n""" as x: string'
    told = traced(body, {"command ls\npwd": True, "output ls\npwd": ""}, project=TERMINAL)
    assert (events(told), told.ending) == (["command 'ls\\npwd'"], failed("the command failed: ls"))


def test_a_command_that_failed_is_not_asked_what_it_printed() -> None:
    body = 'run "ls" as names: string else abort "no names" do "{names}"'
    told = traced(body, {"command ls": False}, project=TERMINAL)
    assert questions(told) == ["1 command 'ls' -> False"]
    assert told.ending == failed("no names")
    told = traced(body, {"command ls": True, "output ls": ""}, project=TERMINAL)
    assert questions(told) == ["1 command 'ls' -> True", "1 output 'ls' -> ''"]
    assert told.ending == failed("no names")
    told = traced(body, {"command ls": True, "output ls": "a"}, project=TERMINAL)
    assert events(told) == ["command 'ls'", "do 'a'"]


# Deciding


def test_if_takes_the_first_branch_that_holds() -> None:
    body = 'if sees "a" { do "A." } else if sees "b" { do "B." } else { do "C." } do "D."'
    told = traced(body, {"a": True})
    assert (events(told), questions(told)) == (["do 'A.'", "do 'D.'"], ["0 sees 'a' -> True"])
    told = traced(body, {"a": False, "b": True})
    assert events(told) == ["do 'B.'", "do 'D.'"]
    assert questions(told) == ["0 sees 'a' -> False", "0 sees 'b' -> True"]
    assert events(traced(body, {"a": False, "b": False})) == ["do 'C.'", "do 'D.'"]
    assert events(traced('if sees "a" { do "A." } do "D."', {"a": False})) == ["do 'D.'"]


# Repeating


def test_for_over_an_input() -> None:
    told = traced(
        'for row in rows { do "Open {row.number}." } do "Done."',
        sections='inputs { rows: { number: string @wire("No") }[] @max_items(3) }',
        inputs={"rows": [{"No": "1"}, {"No": "2"}]},
    )
    assert events(told) == ["do 'Open 1.'", "do 'Open 2.'", "do 'Done.'"]


def test_for_over_a_list_and_a_count() -> None:
    told = traced(
        'for x in ["a", "{name}"] { do "{x}" } for i in 3 { do "{i}" } for c in two { do "c{c}" }',
        sections="inputs { name: string }",
        before='const two = ["p", "q"]',
        inputs={"name": "n"},
    )
    assert events(told) == [f"do '{each}'" for each in ("a", "n", "0", "1", "2", "cp", "cq")]


def test_more_entries_than_the_bound_abort_before_the_first() -> None:
    body = 'extract xs: string[] from "xs" do "A." for x in xs max 2 { do "{x}" }'
    told = traced(f'retry 2 {{ {body} expect "ok" }}', {"xs": ["a", "b", "c"]})
    assert events(told) == ["do 'A.'"]
    assert told.ending == failed("more than 2 entries to work through")
    told = traced(body, {"xs": ["a", "b"]})
    assert events(told) == ["do 'A.'", "do 'a'", "do 'b'"]


def test_the_bound_of_a_list_in_a_record_is_that_of_its_field() -> None:
    told = traced(
        'for x in o.rows { do "{x}" }',
        sections="inputs { o: { rows: string[] @max_items(1) } }",
        inputs={"o": {"rows": ["a", "b"]}},
    )
    assert told.ending == failed("more than 1 entries to work through")


def test_a_missing_list_has_no_entries() -> None:
    told = traced('for x in xs max 2 { do "{x}" } do "Done."', sections="inputs { xs: string[]? }")
    assert events(told) == ["do 'Done.'"]


def test_while_looks_before_each_round_and_after_the_last() -> None:
    body = 'while not sees "the end" max 2 { press "PageDown" } do "Done."'
    told = traced(body, {"the end": True})
    assert events(told) == ["do 'Done.'"]
    told = traced(body, {"the end": Turns(False, False, True)})
    assert events(told) == ["press 'pagedown' '1'"] * 2 + ["do 'Done.'"]
    assert questions(told) == [
        "0 sees 'the end' -> False",
        "1 sees 'the end' -> False",
        "2 sees 'the end' -> True",
    ]
    told = traced(body, {"the end": Turns(False, False, False)})
    assert told.ending == failed("not so or not found: the end")


def test_repeat_looks_after_each_round() -> None:
    body = 'repeat max 2 wait 1s { press "PageDown" } until sees "the end" do "Done."'
    once = ["press 'pagedown' '1'"]
    told = traced(body, {"the end": True})
    assert events(told) == [*once, "do 'Done.'"]
    assert questions(told) == ["1 sees 'the end' -> True"]
    told = traced(body, {"the end": Turns(False, True)})
    assert events(told) == [*once, "pause '1000'", *once, "do 'Done.'"]
    told = traced(body, {"the end": False})
    assert events(told) == [*once, "pause '1000'", *once]
    assert told.ending == failed("not reached in 2 rounds: the end")


def test_the_wait_of_a_while_comes_before_each_look_but_the_first() -> None:
    told = traced('while sees "a" max 2 wait 1s { press "F5" }', {"a": Turns(True, True, False)})
    assert events(told) == ["press 'f5' '1'", "pause '1000'"] * 2
    assert questions(told) == [
        "0 sees 'a' -> True",
        "2 sees 'a' -> True",
        "4 sees 'a' -> False",
    ]


def test_rounds_without_an_end() -> None:
    body = 'while sees "the grid" max 1 { press "F5" }'
    told = traced(body, {"the grid": True})
    assert told.ending == failed("still so after 1 round: the grid")
    told = traced(body + ' else { do "Go on." }', {"the grid": True})
    assert events(told) == ["press 'f5' '1'", "do 'Go on.'"]
    told = traced('repeat max 3 { press "F5" } until not sees "a"', {"a": True})
    assert told.ending == failed("still so after 3 rounds: a")
    told = traced('while sees "a" or sees "b" max 2 { press "F5" }', {"a": True, "b": False})
    assert told.ending == failed("still so after 2 rounds")
    both = 'repeat max 2 { press "F5" } until sees "a" and sees "b"'
    told = traced(both, {"a": True, "b": False})
    assert told.ending == failed("not reached in 2 rounds")


def test_a_program_that_takes_too_long_ends() -> None:
    with pytest.raises(TooLong, match=f"{MAX_STEPS:,}"):
        traced("for i in 1000000000 { }")


# Where events come from


def test_a_task_of_another_file_is_in_its_own_place() -> None:
    picture = b"\x89PNG\r\n\x1a\nrest"
    told = executed(
        {
            "a.png": b"\x89PNG\r\n\x1a\nother",
            "lib/a.png": picture,
            "lib/t.flow": 'flow 1\n\n\ntask t() { image "./a.png" }\n',
            "w.flow": 'flow 1\nimport { t } from "./lib/t.flow"\nworkflow w { steps { call t() } }',
        }
    )
    assert [each.texts[0] for each in told.events] == [sha256(picture).hexdigest()]
    assert lines(told) == [4]


def test_a_situation_is_met_where_a_condition_looks() -> None:
    told = traced(
        """step "a" {
          if
            sees "x" { do "A." }
          else { do "B." }
        }""",
        {"x": False},
        sections='always { "Close it." }',
        situations={0: 0},
    )
    assert (events(told), lines(told)) == (["handle 'Close it.'", "do 'B.'"], [7, 8])


def test_events_know_their_line() -> None:
    told = executed(
        'task t() {\n  do "A."\n}\nworkflow w { steps {\n'
        '  do "B."\n  call t()\n  retry 2 wait 1s {\n    expect "ok"\n  }\n} }',
        {"ok": Turns(False, True)},
    )
    assert events(told) == ["do 'B.'", "do 'A.'", "pause '1000'"]
    assert lines(told) == [6, 3, 8]
