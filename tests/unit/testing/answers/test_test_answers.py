"""What the answers of a test make of its world."""

from __future__ import annotations

import pytest

from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results
from tests.support.rows import in_rows


def found(body: str, test: str, *, sections: str = "") -> list[str]:
    """The messages of one test of a workflow."""
    source = workflow(body, sections=sections) + f'\ntest "t" for w {{ {test} }}'
    return [each.partition(": ")[2] for each in problems(source)]


READ = 'extract n: int from "the total" emit n = n'
OUT = "outputs { n: int }"


def test_a_read_has_its_answer() -> None:
    assert found(READ, "reads { n = 3 } outputs { n = 3 }", sections=OUT) == []


def test_a_required_read_without_an_answer_is_a_mistake_with_the_line_to_paste() -> None:
    ((problem,),) = (
        each.problems
        for each in results(workflow(READ, sections=OUT) + '\ntest "t" for w { outputs { n = 3 } }')
    )
    assert problem.message == "`n` is read, and the test has no answer"
    assert problem.answer == "reads { n = 1 }"
    assert problem.shown == ("> main.flow:4  ? `n`",)


def test_the_line_to_paste_is_an_answer_whatever_the_type() -> None:
    before = """type R = { name: string @wire("The name") kind: "a \\"b\\"" | "c" days: date[] }
    """
    flow = before + workflow('extract r: R from "it" do "Write {r.name}"') + "\n"
    (problem,) = results(flow + 'test "t" for w {}')[0].problems
    assert problems(f'{flow}test "t" for w {{ {problem.answer} }}') == []


def test_a_day_beyond_the_calendar_is_a_mistake_of_the_test() -> None:
    flow = workflow('type today + 365d into "the day"', sections="terminal { dates = true }")
    test = '\ntest "t" for w { given { today = "9999-12-31" } }'
    (problem,) = problems(flow + test)
    assert "`today + 365d` counts beyond the years 1 to 9999" in problem


def test_an_optional_read_without_an_answer_is_missing() -> None:
    body = 'press "F5" extract n: int? from "the total" emit n = n'
    assert found(body, "outputs { }", sections="outputs { n: int? }") == []


def test_an_answer_that_nothing_asks_for_is_a_mistake() -> None:
    body = 'if sees "a box" { extract n: int from "the box" press "Esc" } press "F5"'
    assert found(body, "reads { n = 3 }") == ["nothing asks for this answer"]


def test_a_list_answers_one_time_after_the_other() -> None:
    body = (
        'do "Begin." retry 3 { do "Try." expect "it is saved" } '
        'extract n: int from "the total" emit n = n'
    )
    test = 'screen { expect "it is saved" = [false, true] } reads { n = 1 } outputs { n = 1 }'
    assert found(body, test, sections=OUT) == []
    more = test.replace("[false, true]", "[false, true, true]")
    assert found(body, more, sections=OUT) == ["this is asked 2 times, and the test has 3 answers"]
    fewer = test.replace("[false, true]", "[false, false]")
    assert found(body, fewer, sections=OUT) == [
        '"it is saved" is asked 3 times, and the test has 2 answers'
    ]


def test_a_list_is_one_answer_for_a_variable_that_is_a_list() -> None:
    body = 'extract names: string[] from "the names" emit names = names'
    sections = "outputs { names: string[] }"
    for value in ("[]", '["Ann", "Bo"]'):
        assert (
            found(
                body,
                f"reads {{ names = {value} }} outputs {{ names = {value} }}",
                sections=sections,
            )
            == []
        )
    assert (
        found(body, 'reads { names = [["Ann"]] } outputs { names = ["Ann"] }', sections=sections)
        == []
    )


@in_rows(
    "body",
    [
        'expect "it is open"',
        'choose "the first row"',
        'wait until "it is open"',
        'while not sees "it is open" max 2 { press "F5" }',
        'while sees "a box" max 2 { press "F5" }',
        'if sees "a box" { abort "A box" }',
    ],
)
def test_where_nothing_is_said_the_run_goes_well(body: str) -> None:
    assert found(f'press "F5" {body}', "finishes" if "finish" in body else "outputs { }") == []


def test_a_read_of_a_task_goes_by_the_name_of_its_call() -> None:
    task = 'task t() -> { a: int } { press "F5" extract a: int from "the number" emit a = a }\n'
    source = task + workflow(
        "call t() as one call t() as two emit n = two.a", sections="outputs { n: int }"
    )
    test = '\ntest "t" for w { reads { one.a = 1 two.a = 2 } outputs { n = 2 } }'
    assert problems(source + test) == []


def test_answers_have_the_names_of_the_source_and_reach_the_wire() -> None:
    source = (
        'type Row { doc: string @wire("doc-no") }\n'
        + workflow(
            'extract rows: Row[] from "the rows" emit rows = rows',
            sections="outputs { rows: Row[] }",
        )
        + '\nconst known = [{ doc: "A" }]'
        + '\ntest "t" for w { reads { rows = [{ doc: "A" }] } outputs { rows = known } }'
    )
    assert problems(source) == []


def test_inputs_that_the_service_refuses_are_a_mistake() -> None:
    source = workflow('type "{a}" into "A"', sections="inputs { a: string }")
    (message,) = problems(f'{source}\ntest "t" for w {{ given {{ a = "" }} }}')
    assert message == '6: the service refuses these inputs: "a" is a required property'


@pytest.mark.parametrize("item", ["item 2 of rows", "item 2 of parts"])
def test_an_answer_for_an_entry_holds_in_the_list_inside_it(item: str) -> None:
    body = (
        'for row in rows { choose "the row {row}" '
        'for part in parts { press "Down" if sees "a lock" { press "Tab" } } press "Enter" }'
    )
    lists = "inputs { rows: string[] @max_items(3) parts: string[] @max_items(3) }"
    test = (
        f'given {{ rows = ["a", "b"] parts = ["c", "d"] }} '
        f'{item} {{ screen {{ sees "a lock" = true }} }} '
        f'does press "Tab" 2 times does press "Tab" 2 times in {item}'
    )
    assert found(body, test, sections=lists) == []
