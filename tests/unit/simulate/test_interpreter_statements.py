"""What statements do and ask, as far as the programs of `corpus/meaning` do not show it."""

from __future__ import annotations

import pytest

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
from tests.support.flows.worlds import Turns, events, executed, lines, questions, traced


def failed(reason: str) -> Ending:
    return Ending(FAILED, reason, {})


def test_a_step_is_its_statements() -> None:
    told = traced('step "One" { do "A." step "Two" { do "B." } step "Empty" { } } do "C."')
    assert events(told) == ["do 'A.'", "do 'B.'", "do 'C.'"]


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


ROW = 'type Row { a: string, b: string?, c: string = "none" }\n'


def test_a_record_that_lacks_a_part_was_not_read() -> None:
    body = 'extract r: Row from "the row" emit r = r'
    outputs = "outputs { r: Row }"
    told = traced(body, {"the row": {"a": "", "b": "x"}}, sections=outputs, before=ROW)
    assert told.ending == failed("not so or not found: the row")
    told = traced(body, {"the row": {"a": "x", "b": "__EMPTY__"}}, sections=outputs, before=ROW)
    assert told.ending.outputs == {"r": {"a": "x", "b": None, "c": "none"}}


def test_a_read_in_the_background_never_fails() -> None:
    told = traced(
        'extract x: int from "x" in background extract y: int from "y" in background '
        "emit x = x emit y = y",
        {"x": None, "y": 4},
        sections="outputs { x: int, y: int }",
    )
    assert told.ending == Ending(SUCCESS, None, {"x": None, "y": 4})


def test_the_bound_of_a_list_in_a_record_is_that_of_its_field() -> None:
    told = traced(
        'for x in o.rows { do "{x}" }',
        sections="inputs { o: { rows: string[] @max_items(1) } }",
        inputs={"o": {"rows": ["a", "b"]}},
    )
    assert told.ending == failed("more than 1 entries to work through")


def test_a_program_that_takes_too_long_ends() -> None:
    with pytest.raises(TooLong, match=f"{MAX_STEPS:,}"):
        traced("for i in 1000000000 { }")


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


# Which questions are asked, and when


def test_a_condition_asks_all_that_it_sees_before_it_is_evaluated() -> None:
    told = traced(
        'if sees "a" or (not sees "b" and sees "c") { do "Yes." } else { do "No." }',
        {"a": True, "b": False, "c": False},
    )
    assert questions(told) == ["0 sees 'a' -> True", "0 sees 'b' -> False", "0 sees 'c' -> False"]
    assert events(told) == ["do 'Yes.'"]


def test_what_moves_the_desktop_on() -> None:
    told = traced(
        """expect "0" do "A." expect "1" type "x" into "f" expect "2" press "F1" 3 times
        expect "3" wait 1s expect "4" wait until "so" expect "5" run "ls" expect "6"
        copy c from "c" expect "7" capture "a.png" expect "8" export file "b" expect "9"
        type "" into "f" choose "it" expect "10" """,
        dict.fromkeys((*map(str, range(11)), "so", "it"), True) | {"c": "x"},
    )
    asked = [each.split(" ")[:3] for each in questions(told) if " expect " in each]
    assert asked == [[str(each), "expect", f"'{each}'"] for each in range(11)]


def test_a_missing_answer_types_nothing() -> None:
    told = traced(
        'extract x: string? from "x" type "{x}" into "f"',
        {"x": "__EMPTY__"},
    )
    assert events(told) == []
